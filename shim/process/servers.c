/* SPDX-License-Identifier: Apache-2.0 */
/* Servers to which the program would not be bridged, and those to which it was. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shim.h"

static bool has_host(const struct shim_hosts *hosts, const char *name)
{
	uint32_t count = atomic_load(&hosts->count);

	for (uint32_t i = 0; i < count && i < SHIM_HOSTS; i++)
		if (strcmp(hosts->names[i], name) == 0)
			return true;
	return false;
}

/* False: there are too many to remember another. */
static bool add_host(struct shim_hosts *hosts, const char *name)
{
	uint32_t place = atomic_fetch_add(&hosts->begun, 1);

	if (place >= SHIM_HOSTS)
		return false;
	snprintf(hosts->names[place], sizeof(hosts->names[place]), "%s", name);
	atomic_fetch_add(&hosts->count, 1);
	return true;
}

/* A host at one port. */
struct place {
	char text[JOURNAL_HOST_MAX];
};

static struct place place_of(const char *name, uint16_t port)
{
	struct place place;

	snprintf(place.text, sizeof(place.text), "%s:%u", name, port);
	return place;
}

bool shim_leaves_alone(const char *name, uint16_t port)
{
	return has_host(&shim.bridge.refused, name) ||
	       has_host(&shim.bridge.refused, place_of(name, port).text);
}

bool shim_is_believed(const char *name)
{
	return atomic_load(&shim.bridge.believed.count) == SHIM_HOSTS ||
	       has_host(&shim.bridge.believed, name);
}

void shim_note_believed(const char *name)
{
	if (!shim_is_believed(name))
		add_host(&shim.bridge.believed, name);
}

/* From now on. Is that new? */
static bool leave(const char *name)
{
	if (has_host(&shim.bridge.refused, name))
		return false;
	/* A program that will not be bridged to so many will not be to others either. */
	if (!add_host(&shim.bridge.refused, name))
		shim_give_up_bridge("it would not be bridged to others either; "
				    "let it trust what 'chaos-ctl ca' prints");
	/* It needs not be said twice. */
	atomic_fetch_or(&shim.blind_said, 1u << JOURNAL_BLIND_REFUSED);
	return true;
}

static void leave_alone(const char *name, const char *reason, const char *remedy)
{
	if (leave(name))
		shim_say_of_program(
			"calls to %s get no faults any more: %s (%s)\n", name, reason, remedy);
}

bool shim_is_servers_fault(const struct bridge *bridge)
{
	enum bridge_failure failure = shim.bridge.api->failure(bridge);

	return failure != BRIDGE_WANTS_CERTIFICATE && failure != BRIDGE_PROGRAM_FAILED &&
	       failure != BRIDGE_PROGRAM_RENEGOTIATES &&
	       shim.bridge.api->server(bridge) == BRIDGE_SERVER_BAD;
}

/* Where a program like this one is told whom to trust besides. */
static const char *trust_of_program(void)
{
	if (shim.is_relay)
		return "SSL_CERT_FILE";
	if (strcmp(program_invocation_short_name, "java") == 0)
		return "-Djavax.net.ssl.trustStore";
	if (strcmp(program_invocation_short_name, "deno") == 0)
		return "DENO_CERT";
	return shim_is_node() ? "NODE_EXTRA_CA_CERTS" : "AWS_CA_BUNDLE or SSL_CERT_FILE";
}

void shim_note_refusal(const char *name, uint16_t port, const struct bridge *bridge)
{
	const char *reason = shim.bridge.api->reason(bridge);
	bool is_wanted = shim.bridge.api->failure(bridge) == BRIDGE_WANTS_CERTIFICATE;
	struct place place = place_of(name, port);

	if (!*reason)
		reason = "the program would not be bridged";
	if (is_wanted || shim.bridge.api->server(bridge) != BRIDGE_SERVER_DOUBTED)
		leave_alone(is_wanted ? place.text : name, reason,
			"let it trust what 'chaos-ctl ca' prints");
	else if (leave(name))
		shim_say_of_program(
			"it does not trust %s, and would fail without chaos-run, too: %s; "
			"name the authority of that server in %s (calls to it get no "
			"faults any more)\n",
			name, reason, trust_of_program());
}

bool shim_bridge_covers(const char *name)
{
	if (!*name || shim.bridge.api->permits(shim.bridge.maker, name))
		return true;
	leave_alone(name, "the authority of the runtime folder is not good for it",
		"start chaos-control again, with --intercept and that name");
	return false;
}

const char *shim_bridge_obstacle(const char *name, uint16_t port, bool inner)
{
	if (inner)
		return "it speaks TLS inside of TLS";
	if (atomic_load(&shim.sandboxed))
		return "it has put itself under a seccomp filter; run it without that one";
	if (shim_leaves_alone(name, port))
		return "it would not be bridged before; let it trust what 'chaos-ctl ca' prints";
	return atomic_load(&shim.bridge.obstacle);
}
