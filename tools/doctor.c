/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linked.h"
#include "own.h"
#include "shim/memory/runtime.h"
#include "shim/program/binary.h"
#include "supervise.h"
#include "trusted.h"
#include "wrapped.h"

/* WHAT: and the rest of a line, in which nothing moves a terminal's cursor. */
__attribute__((format(printf, 2, 3))) static void say(const char *what, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	printf("%s: %s\n", what, text);
	free(text);
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* ---- TLS that is linked ---- */

/* Where calls are looked into from inside. */
static const char *const inside[] = {"libssl.so.1.1", "libssl.so.3", "libgnutls.so.30"};
/* Libraries that speak TLS, too. */
static const char *const others[] = {
	"libssl3.so", "libmbedtls.so", "libwolfssl.so", "libs2n.so", "librustls.so", "libbotan"};

struct linked {
	bool is_inside, is_other;
	char loader[PATH_MAX];
};

static void take_library(void *user, const char *name, const char *path)
{
	struct linked *linked = user;

	if (starts(name_of(path), "ld-linux"))
		snprintf(linked->loader, sizeof(linked->loader), "%s", path);
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
		if (strcmp(name, inside[i]) == 0) {
			say("lane", "inside: it is linked to %s (%s)", name, path);
			linked->is_inside = true;
		}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (starts(name, others[i])) {
			say("lane",
				"bridge: it is linked to %s (%s), which cannot be looked into from "
				"inside",
				name, path);
			linked->is_other = true;
		}
}

/* ---- interpreters ---- */

static const char of_python[] =
	"import importlib.metadata as m\n"
	"try:\n import _ssl; print('tls', getattr(_ssl, '__file__', None) or 'built in')\n"
	"except ImportError: print('tls none')\n"
	"for n in 'boto3', 'botocore', 'aiobotocore', 'awscrt':\n"
	" try: print('sdk', n, m.version(n))\n"
	" except m.PackageNotFoundError: pass\n";

static void take_python(void *user, char *line)
{
	struct linked *linked = user;

	if (starts(line, "sdk "))
		say("sdk", "%s", line + 4);
	if (starts(line, "sdk awscrt"))
		say("lane", "bridge: awscrt brings a TLS of its own");
	if (strcmp(line, "tls built in") == 0)
		say("lane", "bridge: OpenSSL is built into this Python");
	if (starts(line, "tls /") && *linked->loader)
		linked_libraries(line + 4, linked->loader, take_library, linked);
}

/* The same files that the command's own Python would take its modules from. */
static void ask_python(const char *program, struct linked *linked)
{
	const char *argv[] = {program, "-I", "-c", of_python, NULL};

	linked_read(argv, take_python, linked);
}

/* Where Node seeks what a script in the working directory requires. */
static void ask_node(void)
{
	static const char *const names[] = {"@aws-sdk", "aws-sdk", "aws-crt"};
	char folder[PATH_MAX], path[PATH_MAX + 64];

	if (!getcwd(folder, sizeof(folder)))
		return;
	for (;;) {
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			snprintf(path, sizeof(path), "%s/node_modules/%s", folder, names[i]);
			if (access(path, F_OK) == 0)
				say("sdk", "%s (%s)", names[i], path);
		}
		if (!*folder)
			return;
		*strrchr(folder, '/') = '\0';
	}
}

/* ---- lanes ---- */

static const char *bridge_obstacle(const struct doctor *doctor)
{
	static const char *const places[] = OWN_LIBRARY_PLACES;
	char path[PATH_MAX];

	if (doctor->no_bridge)
		return "--no-bridge, or CHAOS_BRIDGE=0, leaves TLS alone that is built in";
	return own_find("libchaos-bridge.so", places, path)
		       ? NULL
		       : "libchaos-bridge.so is not beside the library";
}

static void tell_bridge(const struct doctor *doctor, bool *all)
{
	const char *obstacle = bridge_obstacle(doctor);

	if (!obstacle)
		return;
	say("unreached", "HTTPS by a TLS that is built in: %s", obstacle);
	say("remedy", "%s",
		doctor->no_bridge ? "leave that out" : "build or install chaos-run anew");
	*all = false;
}

/* What these are built with does not stand in their files. */
static const char *own_tls_of(const char *program)
{
	static const char *const names[][2] = {
		{"node", "Node"}, {"java", "Java"}, {"bun", "Bun"}, {"deno", "Deno"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name_of(program), names[i][0]) == 0)
			return names[i][1];
	return NULL;
}

static void tell_dynamic(const char *program)
{
	struct linked linked = {0};

	if (!linked_libraries(program, NULL, take_library, &linked))
		say("unknown", "which libraries %s is linked to", program);
	if (starts(name_of(program), "python"))
		ask_python(program, &linked);
	if (starts(name_of(program), "node"))
		ask_node();
	if (!linked.is_inside && own_tls_of(program))
		say("lane", "bridge: %s has a TLS of its own", own_tls_of(program));
	else if (!linked.is_inside && !linked.is_other)
		say("lane",
			"inside or bridge: it is linked to no library of TLS; it may load one "
			"while it runs, which is looked into from inside, or have one built in, "
			"which is looked into by the bridge");
	else if (linked.is_inside)
		say("lane", "bridge: for any other TLS that it may load or have built in");
}

/* Returns whether it can be. */
static bool tell_supervised(const struct binary *found)
{
	const char *obstacle = supervise_obstacle();

	if (obstacle) {
		say("lane", "none: it %s, and %s", binary_reason(found->obstacle), obstacle);
		say("unreached", found->obstacle == BINARY_GO
					 ? "all of it: it runs, and is not seen"
					 : "all of it: chaos-run refuses it");
		say("remedy", "%s",
			binary_remedy(found->obstacle) ?: "allow seccomp and pidfd_getfd() here");
		return false;
	}
	say("lane",
		"supervised: it %s; its connections go through a relay, and there by the bridge "
		"where they speak TLS",
		binary_reason(found->obstacle));
	say("ports",
		"80, 443, 4566, 5000, 9000, and those of AWS_ENDPOINT_URL, CHAOS_INTERCEPT and "
		"CHAOS_PORTS%s%s",
		getenv("CHAOS_PORTS") ? "=" : "", getenv("CHAOS_PORTS") ?: "");
	return true;
}

static void refuse(const struct binary *found)
{
	say("lane", "none: it %s", binary_reason(found->obstacle));
	say("unreached", "all of it: chaos-run refuses it");
	if (binary_remedy(found->obstacle))
		say("remedy", "%s", binary_remedy(found->obstacle));
}

static const char behind[] = "put chaos-run behind it, as in: sudo -u USER chaos-run COMMAND";

/* A program of another user than the run. Returns whether it has a lane. */
static bool tell_guest(const struct wrapped *wrapped, const struct binary *found)
{
	if (found->obstacle) {
		say("lane", "none: it %s, and is not supervised as another user (by %s)",
			binary_reason(found->obstacle), wrapped->by);
		say("unreached", "all of it: it runs, and is not seen");
	} else {
		tell_dynamic(found->path);
		say("unreached",
			"HTTPS by a TLS that is built in, and programs in Go or statically linked "
			"ones below it: as another user (by %s) it has the rules, but no bridge "
			"and "
			"no supervision",
			wrapped->by);
	}
	say("remedy", "%s", behind);
	return !found->obstacle;
}

/* Only root's run hands programs over: what changes the user is setuid. */
static bool is_wrapper_refused(const struct wrapped *wrapped, struct binary *found)
{
	if (!wrapped->by)
		return false;
	binary_look(*wrapped->from, getenv("PATH"), BINARY_SOUGHT | BINARY_THROUGH_ENV, found);
	if (!found->obstacle)
		return false;
	refuse(found);
	say("remedy", "%s", behind);
	return true;
}

/* Returns whether it has a lane. */
static bool tell_program(const struct doctor *doctor, char path[PATH_MAX], bool *all)
{
	struct wrapped wrapped = wrapped_look(doctor->command);
	const char *command = *wrapped.command;
	char own[PATH_MAX];
	struct binary found = {.path = own, .folder = AT_FDCWD, .cap = sizeof(own)};

	binary_find(command, getenv("PATH"), BINARY_SOUGHT, &found);
	say("command", "%s", own);
	found.path = path;
	binary_look(command, getenv("PATH"), BINARY_SOUGHT | BINARY_THROUGH_ENV, &found);
	if (strcmp(path, own) != 0)
		say("run by", "%s", path);
	if (found.obstacle && !binary_can_be_supervised(found.obstacle)) {
		refuse(&found);
		return false;
	}
	if (is_wrapper_refused(&wrapped,
		    &(struct binary){.path = own, .folder = AT_FDCWD, .cap = sizeof(own)}))
		return false;
	if (wrapped.by) {
		*all = false;
		return tell_guest(&wrapped, &found);
	}
	if (!found.obstacle)
		tell_dynamic(path);
	else if (!tell_supervised(&found))
		return false;
	tell_bridge(doctor, all);
	return true;
}

/* ---- trust, and the rest ---- */

static void tell_variable(const char *name)
{
	const char *value = getenv(name);

	if (!value || !*value)
		return;
	if (access(value, R_OK) < 0)
		say("trust", "%s=%s, which cannot be read", name, value);
	else
		say("trust", "%s=%s", name, value);
}

/* Returns whether the authority is there. */
static bool tell_authority(const struct doctor *doctor)
{
	char path[PATH_MAX + 16] = "that of the private daemon";

	if (doctor->folder)
		snprintf(path, sizeof(path), "%s/" RUNTIME_CA, doctor->folder);
	if (doctor->folder && access(path, R_OK) < 0) {
		say("unreached", "HTTPS by a TLS that is built in: there is no %s", path);
		say("remedy", "start the daemon anew");
		return false;
	}
	say("authority", "%s; whoever opens one of these for its certificates finds it, too", path);
	return true;
}

/* Who looks into which; a program that is none of these may be all of them, or begin them. */
static const struct {
	const char *variable, *programs;
} trusts[] = {
	{"AWS_CA_BUNDLE", "python aws curl"},
	{"SSL_CERT_FILE", "python aws curl bun"},
	{"REQUESTS_CA_BUNDLE", "python aws"},
	{"CURL_CA_BUNDLE", "python aws curl"},
	{"CARGO_HTTP_CAINFO", "cargo"},
	{"GIT_SSL_CAINFO", "git"},
	{"NIX_SSL_CERT_FILE", "curl git"},
	{"NODE_EXTRA_CA_CERTS", "node bun"},
	{"DENO_CERT", "deno"},
};

static const char *const known_programs[] = {
	"python", "aws", "curl", "cargo", "git", "node", "bun", "deno", "java"};

/* One of the above; NULL: some other. */
static const char *known_program(const char *path)
{
	for (size_t i = 0; i < sizeof(known_programs) / sizeof(*known_programs); i++)
		if (starts(name_of(path), known_programs[i]))
			return known_programs[i];
	return NULL;
}

static void tell_java(char *const *command)
{
	static const char option[] = "-Djavax.net.ssl.trustStore=";

	for (; *command; command++)
		if (starts(*command, option)) {
			const char *path = *command + strlen(option);

			say("trust", "%s%s", *command,
				access(path, R_OK) < 0 ? ", which cannot be read" : "");
			return;
		}
	say("trust", "lib/security/cacerts of this Java");
}

static bool tell_trust(const struct doctor *doctor, const char *program)
{
	const char *system = trusted_system(), *known = known_program(program);

	if (doctor->no_bridge)
		return true;
	if (!tell_authority(doctor))
		return false;
	if (known && strcmp(known, "java") == 0)
		tell_java(doctor->command);
	else if (system && (!known || !own_tls_of(program)))
		say("trust", "%s", system);
	for (size_t i = 0; i < sizeof(trusts) / sizeof(*trusts); i++) {
		const char *value = getenv(trusts[i].variable);
		bool is_set = value && *value;

		if (known && !strstr(trusts[i].programs, known))
			continue;
		tell_variable(trusts[i].variable);
		if (!is_set && known &&
			(strstr(trusts[i].variable, "NODE_") ||
				strstr(trusts[i].variable, "DENO_")))
			say("trust", "%s, which chaos-run sets", trusts[i].variable);
	}
	return true;
}

static void tell_endpoints(const struct doctor *doctor)
{
	bool any = doctor->intercept || doctor->configured;

	for (char **entry = environ; *entry; entry++)
		if (starts(*entry, "AWS_ENDPOINT_URL")) {
			say("endpoint", "%s", *entry);
			any = true;
		}
	if (doctor->intercept)
		say("endpoint", "%s (--intercept)", doctor->intercept);
	if (doctor->configured)
		say("endpoint", "%s (AWS_CONFIG_FILE, or ~/.aws/config)", doctor->configured);
	if (!any)
		say("endpoint",
			"none is named: inside a TLS that is built into a program only AWS's own "
			"names are looked at, and LocalStack; a server that the program's code "
			"names needs --intercept HOST:PORT");
}

static void tell_daemon(const struct doctor *doctor)
{
	if (doctor->folder)
		say("daemon", "%s", doctor->folder);
	else
		say("daemon", "a private one, which chaos-run would start");
}

bool doctor_tell(const struct doctor *doctor)
{
	char program[PATH_MAX];
	bool all = true;

	if (!tell_program(doctor, program, &all))
		return false;
	tell_daemon(doctor);
	all &= tell_trust(doctor, program);
	tell_endpoints(doctor);
	say("children", doctor->no_follow
				? "left alone where their environment was cleared (--no-follow)"
				: "followed, each in a lane of its own");
	return all;
}
