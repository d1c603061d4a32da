/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TESTS_EXCHANGE_OF_H
#define CHAOS_TESTS_EXCHANGE_OF_H

/* A program, a connection and its exchange, with all that is told of it written down. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shim/engine/exchange.h"
#include "shim/memory/blocks.h"
#include "shim/memory/journal.h"
#include "suite.h"
#include "table_of.h"

#define NOW 1000

struct connection {
	struct exchange exchange;
	struct exchange_step step;
	struct dice dice;
	struct table *table;
	uint64_t now;

	char log[1024];	      /* "connection, call PutRecord, ..." */
	char wire[80 * 1024]; /* what the server has got */
	size_t wire_len;
	uint64_t due; /* of the last bytes that were sent; 0: at once */
	struct span hello;
	size_t kernel_takes; /* at most, of one call */
	bool is_poor;	     /* no memory */
	int drafts;	     /* taken and not given back */

	bool is_observed;
	struct event events[4]; /* that have ended */
	bool is_unobservable;
	int begun, ended, missed;
	int delivered, taken; /* replies */
};

/* The exchange asks for these with no user. */
static struct connection *current;

static inline void log_text(struct connection *connection, const char *format, ...)
{
	size_t len = strlen(connection->log);
	va_list list;

	if (len)
		len += (size_t)sprintf(connection->log + len, ", ");
	va_start(list, format);
	vsnprintf(connection->log + len, sizeof(connection->log) - len, format, list);
	va_end(list);
}

static inline const struct table *table_in_force(void)
{
	return current->table;
}

static inline uint64_t now_of_test(void)
{
	return current->now;
}

static inline time_t date_of_test(void)
{
	return 1767225600;
}

/* Room for no more than was asked for, so that ASan finds what reads past it. */
static inline bool grow(struct draft *draft, size_t cap)
{
	char *at = current->is_poor ? NULL : malloc(cap);

	if (!at)
		return false;
	if (draft->at)
		memcpy(at, draft->at, draft->len);
	current->drafts += !draft->at;
	free(draft->at);
	draft->at = at;
	draft->cap = cap;
	return true;
}

static inline void release(struct draft *draft)
{
	free(draft->at);
	*draft = (struct draft){0};
	current->drafts--;
}

static inline void to_wire(struct connection *connection, const char *data, size_t len)
{
	ck_assert_uint_le(len, sizeof(connection->wire) - connection->wire_len);
	memcpy(connection->wire + connection->wire_len, data, len);
	connection->wire_len += len;
}

static inline void send_bytes(void *user, const char *data, size_t len, uint64_t due)
{
	struct connection *connection = user;
	struct line *line = &connection->exchange.line;

	connection->due = due;
	if (line_is_empty(line) && !due)
		to_wire(connection, data, len);
	else
		ck_assert(line_put(line, LINE_SEND, data, len, due));
}

/* In a heap block of its own, so that ASan finds a read past it. To be freed. */
static inline char *block_of(const char *data, size_t len)
{
	char *block = malloc(len ? len : 1);

	ck_assert_ptr_nonnull(block);
	if (len)
		memcpy(block, data, len);
	return block;
}

static inline void tell_connection(void *user)
{
	log_text(user, "connection");
}

static inline void tell_hello(void *user, const char *data, size_t len)
{
	struct connection *connection = user;

	log_text(connection, "hello %zu", len);
	free((char *)connection->hello.at);
	connection->hello = (struct span){block_of(data, len), len};
}

static inline void tell_call(
	void *user, const struct aws_call *call, const struct rules_verdict *verdict)
{
	struct span name = call->candidates[0].operation;

	log_text(user, "%s%s %.*s", verdict->latency_ns ? "late " : "",
		verdict->is_fault ? "fault" : "call", (int)name.len, name.at);
}

static inline void tell_blind(void *user, int reason)
{
	static const char *const names[] = {
		[JOURNAL_BLIND_TLS] = "tls",
		[JOURNAL_BLIND_HTTP2] = "http2",
		[JOURNAL_BLIND_FRAMING] = "framing",
		[JOURNAL_BLIND_PIPELINED] = "pipelined",
	};

	log_text(user, "blind %s", names[reason]);
}

/* Names are told of every call. */
static inline bool observe_all(void)
{
	return true;
}

static inline bool wants_records(void)
{
	return current->is_observed;
}

static inline void *take_memory(size_t size)
{
	return current->is_poor ? NULL : blocks_take(size);
}

static inline void *tell_begun(void *user, struct event *event)
{
	struct connection *connection = user;

	if (connection->is_unobservable)
		return NULL;
	connection->begun++;
	event_add(event, EVENT_PROCESS, SPAN("a test"));
	return connection;
}

static inline void tell_missed(void)
{
	current->missed++;
}

static inline void tell_ended(void *place, const struct event *event)
{
	ck_assert_ptr_eq(place, current);
	ck_assert_int_lt(current->ended, COUNT(current->events));
	current->events[current->ended++] = *event;
}

static const struct record_host record_host = {
	.wants = wants_records,
	.now = now_of_test,
	.take = take_memory,
	.begun = tell_begun,
	.ended = tell_ended,
	.missed = tell_missed,
};

static inline void tell_delivered(uint32_t counter, uint64_t rule)
{
	(void)counter;
	ck_assert_uint_ne(rule, 0);
	current->delivered++;
}

static inline void tell_taken(uint32_t counter, uint64_t rule)
{
	(void)counter;
	ck_assert_uint_ne(rule, 0);
	current->taken++;
}

static const struct exchange_host host = {
	.observes = observe_all,
	.table = table_in_force,
	.now = now_of_test,
	.date = date_of_test,
	.grow = grow,
	.release = release,
	.send = send_bytes,
	.connection = tell_connection,
	.hello = tell_hello,
	.call = tell_call,
	.blind = tell_blind,
	.record = &record_host,
	.delivered = tell_delivered,
	.taken = tell_taken,
};

/* A new connection under this table, or NULL; the table stays the caller's. */
static inline void open_connection(struct connection *connection, struct table *table)
{
	memset(connection, 0, sizeof(*connection));
	connection->table = table;
	connection->now = NOW;
	connection->kernel_takes = SIZE_MAX;
	current = connection;
}

/* Nothing may be left of it. */
static inline void close_connection(struct connection *connection)
{
	exchange_clear(&connection->exchange, &host);
	ck_assert_int_eq(connection->drafts, 0);
	free((char *)connection->hello.at);
	connection->hello = (struct span){NULL, 0};
}

/* Rules that are in force, and the latency of all calls. */
static inline struct table *late_table_of(
	const struct rule *rules, size_t count, uint64_t latency_ns)
{
	struct table *table = table_of(rules, count);

	table->slots[1].head->latency_ns = latency_ns;
	return table;
}

#define PIECES_MAX 4

/* One call of the program that writes these pieces. Returns how many of their bytes it took. */
static inline size_t write_spans(
	struct connection *connection, const struct span *pieces, int count)
{
	struct exchange_env env = {&host, connection, &connection->dice};
	struct iovec iov[PIECES_MAX] = {{NULL, 0}};
	size_t len = 0, taken = 0;
	bool was_sealed = connection->exchange.is_sealed;

	for (int i = 0; i < count; len += pieces[i++].len)
		iov[i] = (struct iovec){block_of(pieces[i].at, pieces[i].len), pieces[i].len};
	if (!exchange_offer(&connection->exchange, &env, iov, count, &connection->step)) {
		exchange_take(&connection->exchange, &env, iov, count, &connection->step);
		taken = len;
	} else {
		for (int i = 0; i < count && taken < connection->kernel_takes; i++) {
			size_t most = connection->kernel_takes - taken;
			size_t size = iov[i].iov_len < most ? iov[i].iov_len : most;

			to_wire(connection, iov[i].iov_base, size);
			taken += size;
		}
		/* Below TLS nothing is decided on. */
		if (connection->exchange.is_sealed == was_sealed)
			exchange_sent(&connection->exchange, len, taken);
	}
	for (int i = 0; i < count; i++)
		free(iov[i].iov_base);
	return taken;
}

static inline size_t write_bytes(struct connection *connection, const char *data, size_t len)
{
	return write_spans(connection, &(struct span){data, len}, 1);
}

static inline size_t write_text(struct connection *connection, const char *text)
{
	return write_bytes(connection, text, strlen(text));
}

/* `len` bytes of the text, from its byte `from` on; or all. */
static inline size_t write_part(
	struct connection *connection, const char *text, size_t from, size_t len)
{
	return write_bytes(connection, text + from, len);
}

static inline size_t write_from(struct connection *connection, const char *text, size_t from)
{
	return write_text(connection, text + from);
}

/* The server has sent this, and the program has read it. */
static inline void answer_with(struct connection *connection, const char *text)
{
	size_t len = strlen(text);
	char *copy = block_of(text, len);

	connection->exchange.unanswered = false;
	exchange_answered(&connection->exchange, copy, len);
	free(copy);
}

/* What is due by `now` happens. */
static inline void come_to(struct connection *connection, uint64_t now)
{
	struct line *line = &connection->exchange.line;
	struct line_item *item;
	uint64_t next;

	connection->now = now;
	while ((item = line_due(line, now, &next))) {
		if (item->what == LINE_SEND)
			to_wire(connection, item->bytes, item->len);
		line_done(line, item->len);
	}
}

/* The reply as a text, to be freed; NULL: there is none. */
static inline char *reply_of(const struct connection *connection)
{
	struct span reply = exchange_reply(&connection->exchange);

	return reply.at ? strndup(reply.at, reply.len) : NULL;
}

/* Does its head, as far as it has not been read, say so? */
static inline bool reply_closes(const struct connection *connection)
{
	static const char close[] = "\r\nConnection: close\r\n";
	struct span reply = exchange_reply(&connection->exchange);
	const char *end = reply.at ? memmem(reply.at, reply.len, "\r\n\r\n", 4) : NULL;

	return end && memmem(reply.at, (size_t)(end - reply.at) + 2, close, sizeof(close) - 1);
}

/* The program reads all of the reply. True: the connection goes on. */
static inline bool read_reply(struct connection *connection)
{
	come_to(connection, connection->now);
	ck_assert(line_is_empty(&connection->exchange.line));
	return exchange_reply_read(
		&connection->exchange, exchange_reply(&connection->exchange).len);
}

#define ck_assert_log(connection, text) ck_assert_str_eq((connection)->log, text)
#define ck_assert_wire(connection, text)                                                           \
	do {                                                                                       \
		ck_assert_uint_eq((connection)->wire_len, strlen(text));                           \
		ck_assert_mem_eq((connection)->wire, text, (connection)->wire_len);                \
	} while (0)

#endif
