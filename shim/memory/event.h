/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_EVENT_H
#define CHAOS_EVENT_H

/*
 * What is told of one attempt of a call: one request, and what became of it. The texts stand one
 * after the other, so that only as much is copied as there is.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shim/base/span.h"

enum event_text {
	EVENT_SERVICE,
	EVENT_OPERATION,
	EVENT_REGION,
	EVENT_CODE, /* of the error that was answered */
	EVENT_INVOCATION,
	EVENT_RESOURCE,
	EVENT_SDK,  /* first product of the User-Agent */
	EVENT_APP,  /* app/NAME in it */
	EVENT_ALSO, /* other services that it may be of, by commas */
	EVENT_MODE, /* of retrying, as the User-Agent says it: "legacy", "standard", "adaptive" */
	EVENT_PROCESS,
	EVENT_LABEL, /* CHAOS_LABEL */
	EVENT_TEXTS
};

/* No text is longer. */
#define EVENT_TEXT_MAX 200
#define EVENT_ROOM     398

/* What was done to the call, as a set of bits. */
enum event_action {
	EVENT_ERROR = 1,
	EVENT_DELAY = 2,
};

/* Did the program take the answer that was made for it? It has when it has read the last byte: the plaintext
 * inside, the ciphertext of it over a bridge; at a relay, when that has it for the program. */
enum event_taken {
	EVENT_NOTHING_TO_TAKE,
	EVENT_NEVER_READ,
	EVENT_PARTLY_READ, /* closed before its end */
	EVENT_TAKEN,
};

/* Does the request say an idempotency token, where the model has one? Else it is a hash of the token. */
enum event_token {
	EVENT_HAS_NO_TOKEN, /* or it is not known whether the operation has one */
	EVENT_TOKEN_UNSEEN, /* the part of the request where it would stand was not seen */
	EVENT_TOKEN_MISSING,
	EVENT_TOKENS, /* hashes begin here */
};

/* How the answer ended. */
enum event_end {
	EVENT_UNKNOWN, /* nobody could see it */
	EVENT_WHOLE,
	EVENT_CUT, /* the connection ended before */
};

struct event {
	uint64_t started; /* CLOCK_MONOTONIC, nanoseconds */
	uint64_t first;	  /* nanoseconds to the first byte of the answer; 0: none came */
	uint64_t ended;	  /* and to its end */
	uint64_t delayed; /* nanoseconds, by a rule */
	uint64_t rule;	  /* table_rule.id; 0: none */
	uint64_t sent;	  /* bytes of the request, and of the answer */
	uint64_t received;
	uint64_t connection; /* of the process */
	uint32_t pid;
	uint32_t run;	      /* JOURNAL_RUN of the process; 0: none */
	uint32_t token;	      /* enum event_token, or a hash */
	uint32_t body;	      /* a hash of how the request\'s body begins; 0: none was seen */
	uint16_t operation;   /* its place in the journal's operations */
	uint16_t status;      /* 0: not known */
	uint16_t attempt;     /* 0: not said */
	uint8_t action;	      /* set of enum event_action */
	uint8_t taken;	      /* enum event_taken */
	uint8_t end;	      /* enum event_end */
	uint8_t lane;	      /* enum journal_lane + 1; 0: in the clear */
	uint8_t is_reused;    /* not the first call of its connection */
	uint8_t attempts_max; /* as the SDK says; 0: not said */
	uint8_t lengths[EVENT_TEXTS];
	uint16_t used; /* bytes of the texts; said again by the lengths */
	char texts[EVENT_ROOM];
};

/* Short texts, many a call: memcpy() would take longer to see how many bytes it is about. */
static inline void event_copy(char *to, const char *from, size_t len)
{
	if (len < 8) {
		for (size_t i = 0; i < len; i++)
			to[i] = from[i];
		return;
	}
	for (size_t i = 0; i < len - 8; i += 8)
		memcpy(to + i, from + i, 8);
	memcpy(to + len - 8, from + len - 8, 8);
}

/* Adds the next text; they are added in their order, and what has no room is cut. */
static inline void event_add(struct event *event, enum event_text which, struct span text)
{
	size_t room = EVENT_ROOM - event->used, len = text.len;

	if (len > EVENT_TEXT_MAX)
		len = EVENT_TEXT_MAX;
	if (len > room)
		len = room;
	event->lengths[which] = (uint8_t)len;
	if (!len)
		return;
	event_copy(event->texts + event->used, text.at, len);
	event->used = (uint16_t)(event->used + len);
}

/* Puts a text in the place of the one that is there. */
void event_replace(struct event *event, enum event_text which, struct span text);

/* Points into the event. Whatever it holds, it stays inside. */
struct span event_text(const struct event *event, enum event_text which);

/* Bytes of an event that say something: the rest need not be copied. */
size_t event_size(const struct event *event);

/*
 * The ring: a writer takes a place by adding 1 to `head`. `sequence` is odd while the place is being
 * written, and twice the place's number plus 2 when it is whole. A place that another writer has not
 * finished for a whole round is left to it: that event is lost, and counted. After two rounds the place is
 * taken over: its writer was killed.
 */
struct event_slot {
	_Atomic uint64_t sequence;
	struct event event;
};

/* False: it is lost. Any number of threads and processes may write. */
bool event_write(
	struct event_slot *ring, uint64_t size, _Atomic uint64_t *head, const struct event *event);

enum event_read {
	EVENT_READ,    /* *event is filled */
	EVENT_LATER,   /* it is being written, or nobody has begun to */
	EVENT_TOO_OLD, /* another one stands in its place */
};

/* Reads the event of that number. */
enum event_read event_read(
	const struct event_slot *ring, uint64_t size, uint64_t number, struct event *event);

#endif
