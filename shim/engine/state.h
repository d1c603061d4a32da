/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_STATE_H
#define CHAOS_STATE_H

/* The state of an exchange, and what passes between it and its caller. */

#include <stdatomic.h>
#include <sys/uio.h>
#include <time.h>

#include "answer.h"
#include "aws/call.h"
#include "http1.h"
#include "line.h"
#include "record.h"
#include "rules.h"
#include "socks.h"
#include "tls.h"

/* A copy of the beginning of a request, or of a ClientHello, that came in pieces: these have passed,
 * and are needed once more to be understood. */
struct draft {
	char *at;
	size_t len, cap;
};

/* More than this of a request is not looked at for want of an operation name. */
#define EXCHANGE_DRAFT_MAX (HTTP1_HEAD_MAX + 64 * 1024)

/* What the exchange asks of its caller, and tells it. */
struct exchange_host {
	const struct table *(*table)(void); /* in force; NULL: none */
	bool (*observes)(void);		    /* is all to be told of the next call? NULL: no */
	uint64_t (*now)(void); /* CLOCK_MONOTONIC nanoseconds; only asked for a delay */
	time_t (*date)(void);
	/* Makes room for `cap` bytes and keeps those that are there; gives the room back. */
	bool (*grow)(struct draft *draft, size_t cap);
	void (*release)(struct draft *draft);

	/* To the server, not before `due` (0: now), after all that was sent before. */
	void (*send)(void *user, const char *data, size_t len, uint64_t due);
	void (*connection)(void *user); /* its first request, or TLS, was seen */
	void (*hello)(void *user, const char *data, size_t len); /* TLS begins */
	void (*call)(void *user, const struct aws_call *call, const struct rules_verdict *verdict);
	void (*blind)(void *user, int reason); /* enum journal_blind */

	const struct record_host *record; /* NULL: nobody is told what becomes of calls */

	/* Of a reply: the program has read something of it; all of it. NULL: nobody counts. */
	void (*delivered)(uint32_t counter, uint64_t rule);
	void (*taken)(uint32_t counter, uint64_t rule);
};

struct exchange_env {
	const struct exchange_host *host;
	void *user;
	struct dice *dice;
};

struct exchange {
	/* What the program writes. */
	enum exchange_state {
		EXCHANGE_FRESH, /* anything may begin: HTTP, TLS, SOCKS */
		EXCHANGE_SOCKS,
		EXCHANGE_HEAD, /* a request begins, or its head is still coming */
		EXCHANGE_BODY,
		EXCHANGE_GONE, /* not HTTP/1, or no longer: nothing more is looked at */
	} state;
	bool is_counted;   /* host->connection() was told */
	bool swallowing;   /* the rest of this request shares the fate of its head */
	bool upgrading;	   /* after this request anything may follow */
	bool is_pipelined; /* the request began while another had no answer */
	bool on_wire;	   /* a part of the request that is being decided on has passed before */
	bool is_spent;	   /* the draft: decided on */
	bool expecting;	   /* the body was announced by Expect, and none of it has come */
	bool is_sealed;	   /* what is written is plaintext of a TLS session: it is sent elsewhere */
	bool is_unfinished; /* the request that the reply is to: a part of it is on the wire */
	bool ended;	    /* the connection ends with the reply: all that follows is swallowed */
	_Atomic bool unanswered; /* a request has passed, and nothing came since */
	size_t seen;		 /* bytes of an incomplete head already scanned */
	size_t ahead;		 /* bytes decided on, to pass, that the kernel did not take yet */
	union {
		struct http1_body body;
		struct socks socks;
	};
	struct draft draft;

	/* What the server sends, as far as somebody asks: see exchange_wants_answers(). */
	bool watching;
	bool has_final; /* the head of a final answer has come */
	struct answer answer;

	/* What a rule has made. */
	struct line line;
	char *reply;
	size_t reply_len, reply_at;
	const struct exchange_host *reply_host; /* whom to tell that it is read */
	uint64_t reply_rule;
	uint32_t reply_counter;
	bool reply_settles_late; /* the caller says when it has been read: exchange_reply_settle() */
	bool has_called;	 /* a call was seen before */
	bool is_out_of_step;	 /* which request an answer belongs to is not known any more */

	struct record *record; /* of the call under way; NULL: it is not recorded */
};

/* A zeroed exchange is one of a new connection. */

struct exchange_step {
	enum exchange_action {
		EXCHANGE_NOTHING,
		EXCHANGE_PASS,
		EXCHANGE_SWALLOW,
		EXCHANGE_REPLY
	} action;
	size_t count; /* bytes that it is about, of those fed */
	size_t begin,
		end;  /* bytes of the offer that it is about: the request's, as far as they came */
	uint64_t due; /* 0: at once */
	bool is_call; /* a call was decided on, of which nobody has been told yet */
	bool closes;  /* the connection has to end with the reply */
	struct aws_call call; /* spans point into the bytes fed, or into the draft */
	struct rules_verdict verdict;
	struct rules_text *text; /* EXCHANGE_REPLY: from blocks_take(), until the step is done */
};

#endif
