/* SPDX-License-Identifier: Apache-2.0 */
#include "bridged_tell.h"

#include <sys/socket.h>

#include "bridged_turn.h"
#include "shim/libc/real.h"

void bridged_let_go(struct conn *conn, int fd)
{
	char byte;

	if (conn->bridge.holds && real.recv(fd, &byte, 1, MSG_DONTWAIT) == 1)
		conn->bridge.holds = false;
}

/* Of a socket with so much to read the kernel tells; it does so anew whenever this is set. */
static void set_threshold(int fd, int threshold)
{
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &threshold, sizeof(threshold));
}

static int threshold_of(int fd)
{
	int threshold = 1;
	socklen_t len = sizeof(threshold);

	getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &threshold, &len);
	return threshold;
}

/* More than a server says before its client is done with the handshake. The kernel tells of an end anyway. */
#define MUTE 32768

/* The byte that is held tells of nothing yet, nor do those behind it, such as tickets: without us they would still be
 * to come. */
static void mute(struct conn *conn, int fd)
{
	if (conn->bridge.threshold)
		return;
	conn->bridge.threshold = threshold_of(fd);
	set_threshold(fd, MUTE);
}

static void unmute(struct conn *conn, int fd)
{
	if (conn->bridge.threshold)
		set_threshold(fd, conn->bridge.threshold);
	conn->bridge.threshold = 0;
}

void bridged_tell(struct conn *conn, int fd)
{
	if (!conn->bridge.holds)
		return;
	if (bridged_api()->for_program(conn->bridge.bridge).len) {
		if (conn->bridge.threshold)
			unmute(conn, fd);
		else
			set_threshold(fd, threshold_of(fd));
	} else if (bridged_api()->state(conn->bridge.bridge) >= BRIDGE_OPEN) {
		bridged_let_go(conn, fd);
		unmute(conn, fd);
	} else {
		mute(conn, fd);
	}
}
