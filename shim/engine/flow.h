/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_FLOW_H
#define CHAOS_FLOW_H

/*
 * One client-to-server byte stream: bytes in, actions out. Sans-IO: the caller owns every byte.
 *
 * The caller offers the bytes that the program wants to send, beginning with the first that has not
 * been decided on, and is told what to do with how many of them; it asks again for the rest.
 */

#include "aws/call.h"
#include "http1.h"
#include "rules.h"

enum flow_action {
	FLOW_FORWARD, /* send `count` bytes (not before `due`, if that is not 0) */
	FLOW_HOLD,    /* keep all bytes offered, and offer them again with what comes next */
	FLOW_SWALLOW, /* `count` bytes are as good as sent */
	FLOW_REPLY,   /* swallow `count` bytes, then answer with `call` and `rules` at `due` */
	FLOW_LET_GO,  /* send all bytes, and never ask again: not HTTP/1, or no longer */
};

/* Why a stream, or a request on it, was let go without a look: see journal_blind. -1: it is not
 * blindness (no HTTP client at all). */
#define FLOW_NOT_BLIND (-1)

struct flow_step {
	enum flow_action action;
	size_t count;
	uint64_t due;	      /* CLOCK_MONOTONIC nanoseconds; 0: at once */
	bool closes;	      /* the client wants the connection closed after this request */
	bool is_call;	      /* this step decides an AWS call: `call` and `rules` are filled */
	int blind;	      /* journal_blind on FLOW_LET_GO, else FLOW_NOT_BLIND */
	struct aws_call call; /* spans are into the bytes offered */
	struct rules_verdict rules;
	struct rules_text text; /* of the fault, if it is one */
};

/* May bytes be held back? */
enum flow_patience {
	FLOW_WAITS,   /* until more come */
	FLOW_HURRIES, /* only while no server could answer: the program waits for one */
	FLOW_ENDS,    /* not at all: no more will come */
};

struct flow_env {
	const struct table *table; /* NULL: nothing in force */
	struct dice *dice;
	uint64_t now; /* CLOCK_MONOTONIC nanoseconds */
	enum flow_patience patience;
	bool pipelined; /* an earlier request ended in the same piece: its answer is still to come */
};

struct flow {
	enum { FLOW_FRESH, FLOW_HEAD, FLOW_BODY, FLOW_GONE } state;
	bool swallowing; /* the rest of this request gets the fate of its head */
	bool upgrading;	 /* after this request anything may follow */
	size_t seen;	 /* bytes of an incomplete head already scanned */
	uint64_t due;	 /* of a delayed request: its body must not overtake its head */
	struct http1_body body;
};

/* A zeroed struct flow is a fresh one. */

/* What to do with the first of `len` (> 0) bytes. */
void flow_feed(struct flow *flow, const struct flow_env *env, const char *data, size_t len,
	struct flow_step *step);

/* Takes a FLOW_REPLY back, for which there is no memory: the request is to be forwarded. */
static inline enum flow_action flow_forgive(struct flow *flow)
{
	flow->swallowing = false;
	return FLOW_FORWARD;
}

/* Does a request begin at the next byte offered? */
static inline bool flow_at_head(const struct flow *flow)
{
	return flow->state == FLOW_HEAD || flow->state == FLOW_FRESH;
}

/* Are the bytes that it holds back the beginning of a head, or of what may be one? */
static inline bool flow_is_partial(const struct flow *flow)
{
	return flow->state == FLOW_FRESH || (flow->state == FLOW_HEAD && flow->seen);
}

/* More than this is not held back for want of an operation name. */
#define FLOW_HOLD_MAX (HTTP1_HEAD_MAX + 64 * 1024)

#endif
