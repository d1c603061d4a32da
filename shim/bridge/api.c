/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge.h"

#include "connection.h"
#include "hello.h"
#include "leaf.h"
#include "maker.h"

static bool takes(const char *data, size_t len, const char **reason)
{
	struct hello hello;

	*reason = hello_read(&hello, data, len);
	if (!*reason)
		*reason = hello_refuses(&hello);
	return !*reason;
}

static bool permits(const struct bridge_maker *maker, const char *name)
{
	return leaf_permits(&maker->authority, name);
}

static void believe(struct bridge_maker *maker, struct span content)
{
	trust_give(&maker->trust, content);
}

static const struct bridge_api api = {
	.version = BRIDGE_VERSION,
	.make = maker_make,
	.unmake = maker_free,
	.believe = believe,
	.takes = takes,
	.permits = permits,
	.open = connection_open,
	.close = connection_close,
	.from_program = connection_from_program,
	.from_server = connection_from_server,
	.server_ended = connection_server_ended,
	.program_ended = connection_program_ended,
	.read_program = connection_read_program,
	.read_server = connection_read_server,
	.to_server = connection_to_server,
	.to_program = connection_to_program,
	.unsent = connection_unsent,
	.end_server = connection_end_server,
	.end_program = connection_end_program,
	.for_server = connection_for_server,
	.sent_to_server = connection_sent_to_server,
	.for_program = connection_for_program,
	.sent_to_program = connection_sent_to_program,
	.state = connection_state,
	.failure = connection_failure,
	.server = connection_server,
	.reason = connection_reason,
};

__attribute__((visibility("default"))) const struct bridge_api *bridge_api(uint32_t version)
{
	return version == BRIDGE_VERSION ? &api : NULL;
}
