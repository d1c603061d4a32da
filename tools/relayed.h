/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_RELAYED_H
#define CHAOS_TOOLS_RELAYED_H

/* One connection of a relay: the program's end, the server's end, and what is between. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay_message.h"

enum relayed_stage {
	RELAYED_CALLING, /* the server is being connected, and the program's call waits */
	RELAYED_LATE,	 /* the same, while the program believes that it is being connected, too */
	RELAYED_MEETING, /* the program's socket is being connected to ours */
	RELAYED_OPEN,
	RELAYED_FAILED, /* the program's socket is to find that out by itself */
	RELAYED_ENDED	/* to be freed */
};

struct relayed_end {
	struct relayed *of;
	int fd;		 /* -1: not there yet, or no more */
	uint32_t events; /* that are waited for */
	bool is_read;	 /* to its end */
	bool is_shut;	 /* nothing more will be written */
	char *kept;	 /* what could not be written yet */
	size_t kept_at, kept_len;
};

struct relayed {
	struct relayed *next, **link;
	enum relayed_stage stage;
	struct relay_request request;
	uint64_t cookie;
	int64_t deadline_ms;		 /* CLOCK_MONOTONIC; -1: none */
	int socket;			 /* the program's own, while its call waits; else -1 */
	int door;			 /* what the program's socket knocks at; else -1 */
	struct sockaddr_storage knocker; /* that socket's own address */
	socklen_t knocker_len;
	struct relayed_end program, server;
};

/* Of what TLS was looked into, a read gives more at once for less the more room it has. */
#define RELAYED_PART (128 << 10)

struct relay {
	int events;
	struct relayed *all;
	uint32_t doors;	 /* that have been made */
	int64_t last_ms; /* when the program has ended: its connections may go on until then */
	bool is_alone;	 /* the supervisor has ended */
	bool is_program_ended;
	char part[RELAYED_PART]; /* what is on its way from one end to the other */
};

/* CLOCK_MONOTONIC. */
int64_t relay_now_ms(void);

/* Says something to the supervisor, as long as there is one. */
void relay_tell(struct relay *relay, const struct relay_answer *said);

/* Says what becomes of the program's call. */
void relayed_answer(struct relay *relay, struct relayed *relayed, enum relay_says says, int error);

/* Waits for these events of an end, and for no others; 0: for none at all. */
void relayed_watch(struct relay *relay, struct relayed_end *end, uint32_t events);

/* Ends both connections at once; with `reset`, both ends are told by a RST. */
void relayed_end(struct relay *relay, struct relayed *relayed, bool reset);

#endif
