/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_RECORD_H
#define CHAOS_RECORD_H

/* What a connection's current call is known to have done and met, while somebody observes: for the
 * exchange alone. */

#include "aws/identify.h"
#include "shim/memory/event.h"

/* Who is told. */
struct record_host {
	bool (*wants)(void);	    /* are calls to be recorded? */
	uint64_t (*now)(void);	    /* CLOCK_MONOTONIC nanoseconds; 0: not known */
	void *(*take)(size_t size); /* memory, for blocks_give(); NULL: there is none to be had */
	/* It begins: is to say in the event who makes the call, and where. `user` is the exchange's. Returns
	 * where its end is to be told; NULL: nobody can be told. */
	void *(*begun)(void *user, struct event *event);
	void (*ended)(void *place, const struct event *event);
	void (*missed)(void); /* a call that nothing will be told of */
};

struct record {
	const struct record_host *host;
	void *place;  /* where the end is told; NULL: it is not */
	char *sample; /* of an answer that tells of an error: its beginning */
	uint32_t sample_len;
	bool wants_body; /* for the resource */
	uint8_t protocol;
	int model;
	struct event event;
};

/* The request whose head is whole is a call, and passes or is answered. NULL: it cannot be recorded, and is
 * counted so. The functions below take NULL for a call that is not recorded. */
struct record *record_begin(const struct record_host *host, void *user,
	const struct http1_head *head, const struct aws_body *body, const struct aws_call *call);

/* So much more of the request has been written. */
static inline void record_sent(struct record *record, size_t len)
{
	if (__builtin_expect(record != NULL, 0))
		record->event.sent += len;
}

static inline bool record_wants_body(const struct record *record)
{
	return __builtin_expect(record != NULL, 0) && record->wants_body;
}

/* The first piece of a body that came after its head; `is_whole`: nothing comes after it. */
void record_body(struct record *record, struct span body, bool is_whole);

/* So much more of the request's body has been written. */
static inline void record_piece(struct record *record, struct span piece, bool is_last)
{
	record_sent(record, piece.len);
	if (record_wants_body(record))
		record_body(record, piece, is_last);
}

/* A rule delays it; answers it with that. */
void record_delay(struct record *record, uint64_t delay);
void record_reply(struct record *record, uint64_t rule, int status, struct span code, size_t len);

/* The program has begun to read the reply of a rule. */
void record_reading(struct record *record);

/* The server has sent this of the answer, of which `status` is known so far; 0: not yet. `is_all`: it is the
 * end of it. */
void record_received(struct record *record, int status, const char *data, size_t len, bool is_all);

/* Bytes of the request that it was told of have not been written. */
void record_unsent(struct record *record, size_t len);

/* It is over: tells the host, and frees it. */
void record_end(struct record **record, enum event_end end, enum event_taken taken);

/* Without the host being told: another process goes on with it. record_disown() is for one that somebody is
 * using, who will end it. */
void record_forget(struct record **record);
void record_disown(struct record *record);

#endif
