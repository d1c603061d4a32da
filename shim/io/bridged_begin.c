/* SPDX-License-Identifier: Apache-2.0 */
/* A ClientHello: is the TLS to be ours from here on? */

#include "bridged.h"
#include "bridged_turn.h"
#include "cipher.h"
#include "deliver.h"
#include "iov.h"
#include "shim/memory/blocks.h"

/* Whom does the program speak to, and is it one to be looked into? False: it is not. */
static bool names_target(
	const struct conn *conn, char address[INET6_ADDRSTRLEN], struct bridge_target *target)
{
	target->name = conn->tls.server_name;
	target->port = ntohs(conn->socket.peer.sin6_port);
	target->address = address;
	if (!socket_peer(&conn->socket, address))
		return false;
	if (shim_leaves_alone(*target->name ? target->name : address, target->port))
		return false;
	if (endpoints_is_localstack(target->name, address, target->port))
		return true;
	if (*target->name)
		return shim_is_aws(target->name);
	return endpoints_has_address(&shim.endpoints, address, target->port);
}

/* A hello in several buffers is put together. */
static struct span gather(char *scratch, const struct iovec *iov, int count)
{
	size_t len = 0;

	if (count == 1)
		return (struct span){iov->iov_base, iov->iov_len};
	if (iov_total(iov, count) > BRIDGED_SCRATCH)
		return (struct span){NULL, 0};
	for (int i = 0; i < count; i++) {
		memcpy(scratch + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	return (struct span){scratch, len};
}

/* Makes no system call as long as nobody is to be bridged. */
static bool is_wanted(
	const struct conn *conn, char address[INET6_ADDRSTRLEN], struct bridge_target *target)
{
	return !cipher_in_library && !cipher_knows_hello(conn->tls.random) && shim_may_bridge() &&
	       names_target(conn, address, target) && shim_table();
}

static const char no_memory[] = "there is no memory for a bridge";

static struct bridge *open_bridge(
	struct conn *conn, const struct bridge_target *target, const struct iovec *iov, int count)
{
	struct span hello = gather(conn->bridge.scratch, iov, count);
	struct bridge *bridge;

	conn->bridge.obstacle = "its ClientHello is too long";
	if (!hello.at || !bridged_api()->takes(hello.at, hello.len, &conn->bridge.obstacle))
		return NULL;
	bridge = bridged_api()->open(shim.bridge.maker, target, hello.at, hello.len);
	conn->bridge.obstacle = bridge ? NULL : no_memory;
	return bridge;
}

bool bridged_begin(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	char address[INET6_ADDRSTRLEN];
	struct bridge_target target;

	if (!is_wanted(conn, address, &target) || !conn_verify(conn, fd) || !shim_has_bridge() ||
		!shim_bridge_covers(target.name))
		return false;
	conn->bridge.scratch = blocks_take(BRIDGED_SCRATCH);
	conn->bridge.obstacle = no_memory;
	if (conn->bridge.scratch)
		conn->bridge.bridge = open_bridge(conn, &target, iov, count);
	if (!conn->bridge.bridge) {
		blocks_give(conn->bridge.scratch);
		conn->bridge.scratch = NULL;
		return false;
	}
	/* Looked into, so that nobody counts it as blind. */
	conn->tls.owned = true;
	conn->exchange.reply_settles_late = true;
	shim_count_lane(JOURNAL_LANE_BRIDGE);
	conn_attend(conn, CONN_BRIDGED, 0);
	bridged_turn(conn, fd);
	deliver(conn);
	return true;
}
