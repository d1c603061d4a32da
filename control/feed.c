/* SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_json.h"
#include "event_reader.h"
#include "memory.h"
#include "monotonic.h"

#define PIECE	     16384u /* bytes of text after which it is handed on */
#define HEARTBEAT_NS 15000000000ull

struct feed {
	struct event_reader reader;
	struct query query;
	enum feed_format format;
	uint64_t end;	       /* no event from this number on */
	uint64_t left;	       /* events that may still be told */
	uint64_t lost_told;    /* of reader.lost */
	uint64_t heartbeat_at; /* CLOCK_MONOTONIC ns */
	bool has_begun, is_at_end;
	FILE *out; /* writes the text: */
	char *text;
	size_t len, at; /* of it, and of that what has been read */
};

/* The number of the first of the last `limit` events that match. */
static uint64_t find_last(const struct feed *feed, uint64_t head)
{
	uint64_t oldest = head > JOURNAL_EVENTS ? head - JOURNAL_EVENTS : 0;
	uint64_t number = head, left = feed->query.limit;
	struct event event;

	while (left && number > oldest) {
		number--;
		if (event_read(feed->reader.journal->events, JOURNAL_EVENTS, number, &event) ==
				EVENT_READ &&
			query_matches(&feed->query, &event))
			left--;
	}
	return number;
}

static uint64_t first_number(const struct feed *feed, uint64_t head)
{
	if (feed->query.kind == QUERY_NUMBER)
		return feed->query.since;
	if (feed->query.kind == QUERY_TIME)
		return 0;
	if (feed->format == FEED_STREAM)
		return head;
	return feed->query.limit ? find_last(feed, head) : 0;
}

struct feed *feed_open(const struct journal *journal, const struct query *query,
	enum feed_format format, const char *before)
{
	struct feed *feed = sure(calloc(1, sizeof(*feed)));
	uint64_t head = atomic_load(&journal->event_head);

	feed->query = *query;
	feed->format = format;
	feed->reader.journal = journal;
	feed->end = format == FEED_STREAM ? UINT64_MAX : head;
	feed->left = query->limit ? query->limit : UINT64_MAX;
	event_reader_begin(&feed->reader, journal, first_number(feed, head));
	feed->out = sure(open_memstream(&feed->text, &feed->len));
	if (format == FEED_ARRAY)
		fputs(before, feed->out);
	/* Who waits for the head of the answer has it at once. */
	if (format == FEED_STREAM)
		fputs(":\n\n", feed->out);
	fflush(feed->out);
	feed->heartbeat_at = monotonic_now() + HEARTBEAT_NS;
	return feed;
}

void feed_resume(struct feed *feed, uint64_t number)
{
	const struct journal *journal = feed->reader.journal;
	uint64_t head = atomic_load(&journal->event_head);

	event_reader_begin(&feed->reader, journal, number < head ? number + 1 : 0);
	/* This reader has missed them. */
	if (number < head)
		feed->reader.lost = feed->reader.next - (number + 1);
}

static void print_event(struct feed *feed, uint64_t number, const struct event *event)
{
	static const char *const ends[] = {"\n", "", "\n\n"};

	if (feed->format == FEED_STREAM)
		fprintf(feed->out, "id: %" PRIu64 "\ndata: ", number);
	else if (feed->format == FEED_ARRAY && feed->has_begun)
		fputs_unlocked(", ", feed->out);
	event_print(feed->out, number, event, feed->query.redact);
	fputs_unlocked(ends[feed->format], feed->out);
	feed->has_begun = true;
	feed->left--;
}

/* Lines tell it by their numbers. */
static void print_lost(struct feed *feed)
{
	uint64_t lost = feed->reader.lost - feed->lost_told;

	feed->lost_told = feed->reader.lost;
	if (lost && feed->format == FEED_STREAM)
		fprintf(feed->out, "event: lost\ndata: {\"lost\": %" PRIu64 "}\n\n", lost);
}

static void print_end(struct feed *feed)
{
	feed->is_at_end = true;
	if (feed->format == FEED_ARRAY)
		fputs("]}", feed->out);
}

static void print_heartbeat(struct feed *feed)
{
	uint64_t time;

	if (feed->format != FEED_STREAM)
		return;
	time = monotonic_now();
	if (ftello(feed->out) == 0 && time < feed->heartbeat_at)
		return;
	if (ftello(feed->out) == 0)
		fputs(":\n\n", feed->out);
	feed->heartbeat_at = time + HEARTBEAT_NS;
}

/* As many as make a piece, and no more than there are now: who writes faster than this reads would
 * else keep it here. */
static void print_events(struct feed *feed)
{
	uint64_t head = atomic_load(&feed->reader.journal->event_head);
	uint64_t stop = head < feed->end ? head : feed->end;
	struct event event;
	uint64_t number;

	while (feed->left && feed->reader.next < stop && ftello(feed->out) < PIECE) {
		if (!event_reader_next(&feed->reader, &event, &number))
			break;
		print_lost(feed);
		if (number < feed->end && query_matches(&feed->query, &event))
			print_event(feed, number, &event);
	}
	print_lost(feed);
	/* A head that has gone back was somebody's garbage: what would be waited for never comes. */
	if (!feed->left || feed->reader.next >= feed->end ||
		(feed->format != FEED_STREAM && head < feed->end))
		print_end(feed);
}

static void refill(struct feed *feed)
{
	rewind(feed->out);
	print_events(feed);
	print_heartbeat(feed);
	fflush(feed->out);
	feed->at = 0;
}

ssize_t feed_read(struct feed *feed, char *to, size_t room)
{
	size_t len;

	if (feed->at == feed->len && !feed->is_at_end)
		refill(feed);
	len = feed->len - feed->at;
	if (!len)
		return feed->is_at_end ? -1 : 0;
	if (len > room)
		len = room;
	memcpy(to, feed->text + feed->at, len);
	feed->at += len;
	return (ssize_t)len;
}

bool feed_is_ready(const struct feed *feed)
{
	uint64_t head = atomic_load(&feed->reader.journal->event_head);

	return feed->at < feed->len || feed->is_at_end || head > feed->reader.next ||
	       (feed->format != FEED_STREAM && head < feed->end) ||
	       (feed->format == FEED_STREAM && monotonic_now() >= feed->heartbeat_at);
}

void feed_hurry(struct feed *feed)
{
	feed->heartbeat_at = 0;
}

bool feed_is_stream(const struct feed *feed)
{
	return feed->format == FEED_STREAM;
}

void feed_close(struct feed *feed)
{
	fclose(feed->out);
	free(feed->text);
	free(feed);
}
