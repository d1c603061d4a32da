/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_RELAY_MESSAGE_H
#define CHAOS_TOOLS_RELAY_MESSAGE_H

/* What a supervisor and a relay say to each other. */

#include <stdint.h>
#include <sys/socket.h>

/* A connect() that waits; the program's socket comes with it. */
struct relay_request {
	uint64_t notice; /* its id, and the supervisor's number of it: for the answer */
	uint32_t number;
	int32_t patience_ms; /* then the program goes on, unconnected; -1: it waits */
	uint32_t address_len;
	struct sockaddr_storage address;
};

enum relay_says {
	RELAY_ANSWER,	/* the call ends with `error` */
	RELAY_CONTINUE, /* the kernel is to do what was asked for; with an error, unseen for that */
	RELAY_CLOSED	/* a socket that was connected */
};

struct relay_answer {
	uint64_t notice;
	uint32_t number;
	uint32_t says;
	int32_t error;	 /* 0 or -errno */
	uint64_t cookie; /* of the program's socket, as of SO_COOKIE */
};

/* The descriptors that a relay begins with: its supervisor, and the program's process. */
enum { RELAY_CONTROL = 3, RELAY_PROGRAM = 4 };

#endif
