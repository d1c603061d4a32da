/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program under test and its server say to each other, one packet each way, on a socket
 * pair that both have from the start. The server does only what it is told, and answers when it is
 * done: so no result of the program hangs on time.
 */
#ifndef CHAOS_TESTS_CONTROL_H
#define CHAOS_TESTS_CONTROL_H

#include <stddef.h>
#include <stdint.h>

/* Descriptors of the program, far above those that it opens. */
enum { CONTROL_FD = 100, LOG_FD, STATE_FD, EPOLL_FD, RING_FD, BAD_FD };

/* Listeners of the server: two by IPv4, one by IPv6, and a port where nobody listens. */
enum { LISTENERS = 3, REFUSING = LISTENERS };

/* How long anything may take before it counts as "never", in milliseconds. */
enum { PATIENCE = 8000 };

enum command {
	COMMAND_PORT,	 /* number: listener; value: its port, and 1 << 16 if it is by IPv6 */
	COMMAND_ACCEPT,	 /* number: listener; value: the new connection */
	COMMAND_CONNECT, /* number: port of the program; value: the new connection */
	COMMAND_RECEIVE, /* amount: bytes in all; value: bytes got so far, with hash and end */
	COMMAND_ENDED,	 /* waits for the end of the connection; answers as RECEIVE does */
	COMMAND_SEND,	 /* bytes go to the program */
	COMMAND_LATER,	 /* the same, amount milliseconds after the answer */
	COMMAND_FINISH,	 /* shutdown(SHUT_WR) */
	COMMAND_CLOSE,
	COMMAND_RESET,
	COMMAND_WRITE, /* bytes are written to the descriptor that comes along; value: result */
	COMMAND_QUIET, /* what the connections got hangs on time: not to be told at the end */
};

enum end { END_OPEN, END_FIN, END_RST, END_TIMEOUT };

enum { CONTROL_BYTES = 48 * 1024 };

struct request {
	uint32_t command;
	int32_t number; /* of the connection, unless said otherwise */
	int64_t amount;
	uint32_t length;
	char bytes[CONTROL_BYTES];
};

struct answer {
	int64_t value; /* -errno if the server could not */
	uint64_t hash; /* FNV-1a of all bytes that the connection got */
	uint32_t end;  /* enum end */
};

#define REQUEST_SIZE(length) (offsetof(struct request, bytes) + (length))

#endif
