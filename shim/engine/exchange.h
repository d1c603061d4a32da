/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_EXCHANGE_H
#define CHAOS_EXCHANGE_H

/*
 * One connection, both directions, sans-IO: the caller owns the socket, and every byte.
 *
 * It is told what the program wants to write and, where it asks for that, what the server has sent. It
 * knows where requests and answers begin and end, asks the rules about each call, and says what is to
 * be done: bytes pass, are swallowed, go to the server later, or are answered in the server's place.
 *
 * Nothing is held back for want of a decision. Bytes pass as they come, and the decision falls with
 * the byte that completes what it needs: the head, or Action in the body of a query call. What had
 * passed before of a request that is answered then stays unfinished, and the connection ends.
 */

#include <stdatomic.h>
#include <sys/uio.h>
#include <time.h>

#include "answer.h"
#include "aws/call.h"
#include "http1.h"
#include "line.h"
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
	bool closes;  /* the connection has to end with the reply */
	struct aws_call call; /* spans point into the bytes fed, or into the draft */
	struct rules_verdict verdict;
	struct rules_text *text; /* EXCHANGE_REPLY: from malloc, until the step is done */
};

/*
 * The program wants to write this. True: all of it may pass, by the program's own call; then say with
 * exchange_sent() how far that came. False: a rule has something to do with it. Then make sure that
 * the socket is still the same, and go on with exchange_take() or exchange_let_go().
 */
bool exchange_offer(struct exchange *exchange, const struct exchange_env *env,
	const struct iovec *iov, int count, struct exchange_step *step);

/* The program's call took `sent` of the `len` bytes of an offer that passed. */
static inline void exchange_sent(struct exchange *exchange, size_t len, size_t sent)
{
	size_t decided = exchange->ahead > len ? exchange->ahead : len;

	exchange->ahead = decided > sent ? decided - sent : 0;
}

/* Does what the step says, and goes on with what follows: all bytes are taken. */
void exchange_take(struct exchange *exchange, const struct exchange_env *env,
	const struct iovec *iov, int count, struct exchange_step *step);

/* The step is not to be done: this is another socket. Nothing more is looked at. */
void exchange_let_go(
	struct exchange *exchange, const struct exchange_env *env, struct exchange_step *step);

/* `len` bytes have been written by a call that has shown nobody what they are (sendfile, splice). */
void exchange_passed_unseen(struct exchange *exchange, size_t len);

/* May that be done with the next `len` bytes? They are of a body whose end is known. */
static inline bool exchange_may_pass_unseen(const struct exchange *exchange, size_t len)
{
	if (exchange->state == EXCHANGE_GONE)
		return true;
	return exchange->state == EXCHANGE_BODY && !exchange->swallowing && !exchange->expecting &&
	       !exchange->ahead && len <= exchange->body.left &&
	       (exchange->body.state == HTTP1_BODY_LENGTH ||
		       exchange->body.state == HTTP1_BODY_CHUNK_DATA);
}

/* Has a rule left something to do? Then not even a passing byte may go past the exchange. */
static inline bool exchange_is_busy(const struct exchange *exchange)
{
	return exchange->reply || exchange->ended ||
	       (!line_is_empty(&exchange->line) && !exchange->is_sealed);
}

/* Is the caller to tell what the server sends? */
static inline bool exchange_wants_answers(const struct exchange *exchange)
{
	return exchange->watching;
}

/* The server has sent this, and the program has read it. */
void exchange_answered(struct exchange *exchange, const char *data, size_t len);

/* What is left of the reply; .at NULL: there is none. */
static inline struct span exchange_reply(const struct exchange *exchange)
{
	if (!exchange->reply)
		return (struct span){NULL, 0};
	return (struct span){
		exchange->reply + exchange->reply_at, exchange->reply_len - exchange->reply_at};
}

/* The program has read `len` bytes of it. True: that was all, and the connection goes on. */
bool exchange_reply_read(struct exchange *exchange, size_t len);

/* The connection is to end with the reply, which says so as far as it has not been read yet. */
void exchange_end(struct exchange *exchange);

/* Gives back all that it owns. */
void exchange_clear(struct exchange *exchange, const struct exchange_host *host);

#endif
