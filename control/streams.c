/* SPDX-License-Identifier: Apache-2.0 */
#include "streams.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "memory.h"
#include "observe.h"

#define TICK_MS	   10  /* between two looks at what is new */
#define LOOK_TICKS 100 /* between two looks at the lease */
#define BLOCK	   65536

struct stream {
	struct stream *next, *before;
	struct streams *streams;
	struct feed *feed;
	struct MHD_Connection *connection;
	struct places *places;
	struct place *place;
	int fd;
	bool is_suspended;   /* then it is the thread's */
	bool is_gone;	     /* its client is */
	bool is_half_closed; /* its client sends no more; it may read on, or be gone */
};

struct streams {
	struct api *api;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below, and of which streams are suspended */
	pthread_cond_t changed;
	struct stream *first;
	bool is_leased, is_ending;
};

/* Nothing can be said now. False: nothing will be, either. */
static bool suspend(struct stream *stream)
{
	struct streams *streams = stream->streams;
	bool goes_on;

	pthread_mutex_lock(&streams->lock);
	goes_on = !streams->is_ending;
	if (goes_on) {
		MHD_suspend_connection(stream->connection);
		stream->is_suspended = true;
		pthread_cond_signal(&streams->changed);
	}
	pthread_mutex_unlock(&streams->lock);
	return goes_on;
}

static bool is_ending(struct streams *streams)
{
	bool is_ending;

	pthread_mutex_lock(&streams->lock);
	is_ending = streams->is_ending;
	pthread_mutex_unlock(&streams->lock);
	return is_ending;
}

static ssize_t read_stream(
	void *context, __attribute__((unused)) uint64_t at, char *to, size_t room)
{
	struct stream *stream = context;
	ssize_t len;

	if (stream->is_gone)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (feed_is_stream(stream->feed) && is_ending(stream->streams))
		return MHD_CONTENT_READER_END_OF_STREAM;
	places_touch(stream->places, stream->place);
	len = feed_read(stream->feed, to, room);
	if (len > 0)
		return len;
	if (len == 0 && suspend(stream))
		return 0;
	return MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_stream(void *context)
{
	struct stream *stream = context;
	struct streams *streams = stream->streams;

	pthread_mutex_lock(&streams->lock);
	if (stream->before)
		stream->before->next = stream->next;
	else
		streams->first = stream->next;
	if (stream->next)
		stream->next->before = stream->before;
	pthread_mutex_unlock(&streams->lock);
	api_end_feed(streams->api, stream->feed);
	free(stream);
	streams_look(streams);
}

struct MHD_Response *streams_response(struct streams *streams, struct feed *feed,
	struct MHD_Connection *connection, struct places *places, struct place *place)
{
	struct stream *stream = sure(calloc(1, sizeof(*stream)));

	*stream = (struct stream){.streams = streams,
		.feed = feed,
		.connection = connection,
		.places = places,
		.place = place,
		.fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
			      ->connect_fd};
	pthread_mutex_lock(&streams->lock);
	stream->next = streams->first;
	if (stream->next)
		stream->next->before = stream;
	streams->first = stream;
	pthread_mutex_unlock(&streams->lock);
	return sure(MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, BLOCK, read_stream, stream, free_stream));
}

/* One that is suspended stays where it is until this thread resumes it. */
static nfds_t find_suspended(
	struct streams *streams, struct stream *found[OBSERVE_READERS], struct pollfd *fds)
{
	nfds_t count = 0;

	for (struct stream *stream = streams->first; stream && count < OBSERVE_READERS;
		stream = stream->next)
		if (stream->is_suspended) {
			fds[count] = (struct pollfd){
				.fd = stream->fd, .events = stream->is_half_closed ? 0 : POLLRDHUP};
			found[count++] = stream;
		}
	return count;
}

static void resume(struct stream *stream)
{
	stream->is_suspended = false;
	MHD_resume_connection(stream->connection);
}

/* Whether a client that has half-closed a connection by TCP is gone shows when something is sent to it. */
static void look_at_client(struct stream *stream, short happened)
{
	stream->is_gone = happened & (POLLHUP | POLLERR | POLLNVAL);
	if (happened & POLLRDHUP && !stream->is_half_closed) {
		stream->is_half_closed = true;
		feed_hurry(stream->feed);
	}
}

static void look_after(struct streams *streams, struct stream *const found[],
	const struct pollfd *fds, nfds_t count)
{
	for (nfds_t i = 0; i < count; i++) {
		look_at_client(found[i], fds[i].revents);
		if (found[i]->is_gone || streams->is_ending || feed_is_ready(found[i]->feed))
			resume(found[i]);
	}
}

/* Until something is to be done: at once, if streams are suspended. */
static void wait_for_work(struct streams *streams)
{
	struct timespec until;

	if (!streams->is_leased) {
		pthread_cond_wait(&streams->changed, &streams->lock);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	pthread_cond_timedwait(&streams->changed, &streams->lock, &until);
}

static void look_at_lease(struct streams *streams)
{
	bool is_leased;

	pthread_mutex_unlock(&streams->lock);
	is_leased = observe_expire(streams->api);
	pthread_mutex_lock(&streams->lock);
	streams->is_leased = is_leased;
}

static void *run(void *context)
{
	struct streams *streams = context;
	struct stream *found[OBSERVE_READERS];
	struct pollfd fds[OBSERVE_READERS];
	int ticks = 0;

	pthread_mutex_lock(&streams->lock);
	while (!streams->is_ending) {
		nfds_t count = find_suspended(streams, found, fds);

		if (count) {
			pthread_mutex_unlock(&streams->lock);
			poll(fds, count, TICK_MS);
			observe_guests(streams->api);
			pthread_mutex_lock(&streams->lock);
			look_after(streams, found, fds, count);
		} else {
			wait_for_work(streams);
		}
		if (!count || ++ticks % LOOK_TICKS == 0)
			look_at_lease(streams);
	}
	for (struct stream *stream = streams->first; stream; stream = stream->next)
		if (stream->is_suspended)
			resume(stream);
	pthread_mutex_unlock(&streams->lock);
	return NULL;
}

struct streams *streams_start(struct api *api)
{
	struct streams *streams = sure(calloc(1, sizeof(*streams)));
	pthread_condattr_t attributes;

	streams->api = api;
	pthread_mutex_init(&streams->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&streams->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	errno = pthread_create(&streams->thread, NULL, run, streams);
	if (!errno)
		return streams;
	free(streams);
	return NULL;
}

void streams_look(struct streams *streams)
{
	pthread_mutex_lock(&streams->lock);
	streams->is_leased = true;
	pthread_cond_signal(&streams->changed);
	pthread_mutex_unlock(&streams->lock);
}

void streams_end(struct streams *streams)
{
	pthread_mutex_lock(&streams->lock);
	streams->is_ending = true;
	pthread_cond_signal(&streams->changed);
	pthread_mutex_unlock(&streams->lock);
	pthread_join(streams->thread, NULL);
}

void streams_free(struct streams *streams)
{
	if (!streams)
		return;
	pthread_mutex_destroy(&streams->lock);
	pthread_cond_destroy(&streams->changed);
	free(streams);
}
