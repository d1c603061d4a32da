/* SPDX-License-Identifier: Apache-2.0 */
#include "delay.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "outbound.h"
#include "shim/libc/real.h"
#include "shim/process/shim.h"

/* A socket that takes nothing is tried again after this. */
#define RETRY_NS 2000000ull

/* A time later than all others. */
#define EVERYTHING_IS_DUE (UINT64_MAX / 2)

struct delayed {
	struct delayed *next;
	uint64_t due;
	enum delayed_what { DELAYED_BYTES, DELAYED_ANSWER, DELAYED_SHUTDOWN } what;
	int how;
	size_t at, len; /* of the bytes; `at` of them are gone */
	char bytes[];
};

/* The line itself: connections that have something to do, by the time of their next step. Locks are
 * taken in this order: a connection, then the line. */
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* made with the thread; its times are of CLOCK_MONOTONIC */
	struct conn *first;
	bool has_thread;
	int in_hand; /* connections that were taken off and may come back */
} line = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void answer_now(struct conn *conn)
{
	atomic_store_explicit(&conn->answered, true, memory_order_release);
	/* Wakes whatever waits for this socket; nothing goes onto the wire. */
	real.shutdown(conn->fd, SHUT_RD);
}

static void drop_first(struct conn *conn)
{
	struct delayed *first = conn->first;

	conn->first = first->next;
	if (!conn->first)
		conn->last = NULL;
	conn->queued -= first->len;
	free(first);
}

void delay_discard(struct conn *conn)
{
	while (conn->first)
		drop_first(conn);
}

/* Sends what the socket takes. False: it takes nothing at the moment. */
static bool send_some(struct conn *conn, struct delayed *item)
{
	ssize_t sent = real.send(conn->fd, item->bytes + item->at, item->len - item->at,
		MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN))
		return false;
	/* Another error is the connection's own: the program meets it next time. */
	item->at = sent < 0 ? item->len : item->at + (size_t)sent;
	return true;
}

/* Does the items that are due, in their order. Returns when to come again; 0: nothing is left. */
static uint64_t do_items(struct conn *conn, uint64_t now)
{
	while (conn->first) {
		struct delayed *item = conn->first;

		if (item->due > now)
			return item->due;
		if (item->what == DELAYED_ANSWER)
			answer_now(conn);
		else if (item->what == DELAYED_SHUTDOWN)
			real.shutdown(conn->fd, item->how);
		else if (!send_some(conn, item))
			return now + RETRY_NS;
		else if (item->at < item->len)
			continue;
		drop_first(conn);
	}
	return 0;
}

/* The program has neither sent more nor fetched its reply. */
static void look_again(struct conn *conn)
{
	conn->look_again = 0;
	conn_end_kept(conn);
	if (conn->held.len && !conn->tls && flow_is_partial(&conn->flow))
		outbound_decide_held(conn, conn->fd, FLOW_ENDS);
}

/* Does all that is due. Returns when to come again; 0: nothing is left. */
static uint64_t advance(struct conn *conn, uint64_t now)
{
	uint64_t next;

	/* Closed behind our back: the number may stand for another connection by now. */
	if (!conn_is_current(conn, conn->fd)) {
		delay_discard(conn);
		conn->look_again = 0;
		return 0;
	}
	if (conn->look_again && conn->look_again <= now)
		look_again(conn);
	next = do_items(conn, now);
	return conn->look_again && (!next || conn->look_again < next) ? conn->look_again : next;
}

/* Under the mutex. */
static void enlist(struct conn *conn, uint64_t wake)
{
	struct conn **place = &line.first;

	while (*place && (*place)->wake <= wake)
		place = &(*place)->next_in_line;
	conn->wake = wake;
	conn->next_in_line = *place;
	conn->in_line = true;
	*place = conn;
}

/* Under the mutex. */
static void delist(struct conn *conn)
{
	struct conn **place = &line.first;

	while (*place != conn)
		place = &(*place)->next_in_line;
	*place = conn->next_in_line;
	conn->in_line = false;
}

static void wait_until(uint64_t wake)
{
	struct timespec time = {
		.tv_sec = (time_t)(wake / 1000000000), .tv_nsec = (long)(wake % 1000000000)};

	pthread_cond_timedwait(&line.changed, &line.mutex, &time);
}

/* Takes the first connection off the line and does what is due on it. Under the mutex. */
static void serve_first(uint64_t now)
{
	struct conn *conn = line.first;
	uint64_t wake;
	bool is_back;

	delist(conn);
	line.in_hand++;
	pthread_mutex_unlock(&line.mutex);
	conn_enter_always(conn);
	wake = advance(conn, now);
	if (!wake)
		conn_close_duplicate(conn);
	pthread_mutex_lock(&line.mutex);
	line.in_hand--;
	/* It may have been put onto the line anew meanwhile: then that is another reference. */
	is_back = conn->in_line;
	if (wake && (!is_back || wake < conn->wake)) {
		if (is_back)
			delist(conn);
		enlist(conn, wake);
	}
	conn_leave(conn);
	pthread_cond_broadcast(&line.changed);
	if (is_back || !wake)
		conn_release(conn);
}

static void *work(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&line.mutex);
	for (;;) {
		uint64_t now = shim_now();

		if (!line.first)
			pthread_cond_wait(&line.changed, &line.mutex);
		else if (line.first->wake > now)
			wait_until(line.first->wake);
		else
			serve_first(now);
	}
	return NULL;
}

static void make_condition(void)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&line.changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

/* Under the mutex. The program's signals are not the helper's. */
static bool start_thread(void)
{
	sigset_t all, before;
	pthread_t thread;
	int error;

	if (line.has_thread)
		return true;
	make_condition();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, work, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return false;
	pthread_detach(thread);
	line.has_thread = true;
	return true;
}

/* Sees to it that the line comes back to this connection at `wake`. False: no thread to be had. */
static bool attend(struct conn *conn, uint64_t wake)
{
	bool is_attended = true;

	pthread_mutex_lock(&line.mutex);
	if (conn->in_line && wake < conn->wake) {
		delist(conn);
		enlist(conn, wake);
	} else if (!conn->in_line && start_thread()) {
		conn_keep(conn);
		enlist(conn, wake);
	} else {
		is_attended = conn->in_line;
	}
	if (line.has_thread)
		pthread_cond_broadcast(&line.changed);
	pthread_mutex_unlock(&line.mutex);
	return is_attended;
}

static bool append(struct conn *conn, int what, int how, const char *data, size_t len, uint64_t due)
{
	struct delayed *item = malloc(sizeof(*item) + len);
	uint64_t wake;

	if (!item)
		return false;
	*item = (struct delayed){.due = due, .what = what, .how = how, .len = len};
	if (len)
		memcpy(item->bytes, data, len);
	if (conn->last)
		conn->last->next = item;
	else
		conn->first = item;
	conn->last = item;
	conn->queued += len;
	wake = advance(conn, shim_now());
	/* Without the helper: better early than never. */
	if (wake && !attend(conn, wake))
		advance(conn, EVERYTHING_IS_DUE);
	return true;
}

bool delay_send(struct conn *conn, const char *data, size_t len, uint64_t due)
{
	if (!conn->first && !due) {
		ssize_t sent = real.send(conn->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			data += sent;
			len -= (size_t)sent;
		}
	}
	return len == 0 || append(conn, DELAYED_BYTES, 0, data, len, due);
}

bool delay_answer(struct conn *conn, uint64_t due)
{
	return append(conn, DELAYED_ANSWER, 0, NULL, 0, due);
}

bool delay_shutdown(struct conn *conn, int how)
{
	return append(conn, DELAYED_SHUTDOWN, how, NULL, 0, 0);
}

void delay_look_again(struct conn *conn, uint64_t after_ns)
{
	conn->look_again = shim_now() + after_ns;
	if (!attend(conn, conn->look_again))
		look_again(conn);
}

void delay_give_up(struct conn *conn)
{
	advance(conn, EVERYTHING_IS_DUE);
	delay_discard(conn);
}

bool delay_wait_for_room(struct conn *conn, int fd)
{
	const struct timespec retry = {.tv_nsec = RETRY_NS};
	bool is_ours = true;

	while (is_ours && conn->queued >= DELAY_MAX) {
		conn_leave(conn);
		/* Without the line's lock: a signal handler may need it. */
		nanosleep(&retry, NULL);
		is_ours = conn_enter(conn, fd);
	}
	return is_ours;
}

void delay_flush_all(void)
{
	uint64_t patience = shim_now() + 1000000000ull;

	if (!line.has_thread)
		return;
	pthread_mutex_lock(&line.mutex);
	while ((line.first || line.in_hand) && shim_now() < patience) {
		if (line.first)
			serve_first(EVERYTHING_IS_DUE);
		/* Still there: a socket that takes nothing at the moment. */
		if (line.first || line.in_hand)
			wait_until(shim_now() + RETRY_NS);
	}
	pthread_mutex_unlock(&line.mutex);
}

void delay_before_fork(void)
{
	pthread_mutex_lock(&line.mutex);
}

void delay_after_fork_parent(void)
{
	pthread_mutex_unlock(&line.mutex);
}

void delay_after_fork_child(void)
{
	/* The helper stayed with the parent, and so does what it has to do. */
	line.first = NULL;
	line.has_thread = false;
	line.in_hand = 0;
	pthread_mutex_unlock(&line.mutex);
}
