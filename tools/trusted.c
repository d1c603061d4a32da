/* SPDX-License-Identifier: Apache-2.0 */
#include "trusted.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pass.h"
#include "shim/memory/runtime.h"
#include "supervise_message.h"

/* Where systems have theirs: the first that is there counts, as for Go. */
static const char *const systems[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

/* Each of these is instead of the system's for somebody. */
static const char *const variables[] = {"SSL_CERT_FILE", "AWS_CA_BUNDLE", "CURL_CA_BUNDLE",
	"REQUESTS_CA_BUNDLE", "NIX_SSL_CERT_FILE", "GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO"};

const char *trusted_system(void)
{
	for (size_t i = 0; i < sizeof(systems) / sizeof(*systems); i++)
		if (access(systems[i], R_OK) == 0)
			return systems[i];
	return NULL;
}

static int open_system(void)
{
	const char *path = trusted_system();

	return path ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
}

/* Keeps what the user had, for children that need none of this. One that has been given already by another
 * supervisor keeps what was kept then. */
static void keep(const char *name, const char *value, const char *path)
{
	char given[64], was[64];
	const char *given_before;

	snprintf(given, sizeof(given), RUNTIME_GIVEN "%s", name);
	snprintf(was, sizeof(was), RUNTIME_WAS "%s", name);
	given_before = getenv(given);
	if (!value)
		unsetenv(was);
	else if (!given_before || strcmp(given_before, value) != 0)
		setenv(was, value, 1);
	setenv(given, path, 1);
}

/* The variable is left alone where there is nothing better to name. */
static void set(int fd, const char *name, int certificates)
{
	const char kind = SUPERVISE_CERTIFICATES;
	char path[PATH_MAX];
	int none;

	if (pass_send(fd, &kind, 1, certificates, 0) < 0 ||
		pass_receive(fd, path, sizeof(path), &none, 0) <= 1 || access(path, R_OK) < 0)
		return;
	keep(name, getenv(name), path);
	setenv(name, path, 1);
}

void trusted_set(int fd)
{
	const char *bridge = getenv("CHAOS_BRIDGE");

	if (bridge && strcmp(bridge, "0") == 0)
		return;
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		const char *value = getenv(variables[i]);
		bool is_set = value && *value;
		int certificates = -1;

		if (is_set)
			certificates = open(value, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		else if (i == 0)
			certificates = open_system();
		/* What cannot be read is to fail as it would. */
		if (certificates >= 0 || (i == 0 && !is_set))
			set(fd, variables[i], certificates);
		if (certificates >= 0)
			close(certificates);
	}
}
