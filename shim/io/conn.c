/* SPDX-License-Identifier: Apache-2.0 */
#include "conn.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "delay.h"
#include "outbound.h"
#include "shim/libc/real.h"
#include "shim/tls/session.h"
#include "shim/process/shim.h"

struct conn_table conn_table;

/* Is this thread in a connection? A signal handler that comes meanwhile must not touch locks and heap.
 * The address tells threads apart without a system call. */
static _Thread_local volatile sig_atomic_t is_inside __attribute__((tls_model("initial-exec")));

static uintptr_t this_thread(void)
{
	return (uintptr_t)&is_inside;
}

bool conn_is_inside(void)
{
	return is_inside;
}

static uint32_t index_of(const struct conn *conn)
{
	return (uint32_t)(conn - conn_table.pool) + 1;
}

/* The free list is lock-free, since close() may be called in a signal handler. The tag keeps a slow
 * thread from putting back a stale head. */
static struct conn *take_free(void)
{
	uint64_t head = atomic_load(&conn_table.free);

	while ((uint32_t)head) {
		struct conn *conn = &conn_table.pool[(uint32_t)head - 1];
		uint64_t next = ((head >> 32) + 1) << 32 | atomic_load(&conn->next_free);

		if (atomic_compare_exchange_weak(&conn_table.free, &head, next))
			return conn;
	}

	uint32_t used = atomic_load(&conn_table.used);

	while (used < CONN_MAX)
		if (atomic_compare_exchange_weak(&conn_table.used, &used, used + 1))
			return &conn_table.pool[used];
	return NULL;
}

static void put_free(struct conn *conn)
{
	uint64_t head = atomic_load(&conn_table.free), next;

	do {
		atomic_store(&conn->next_free, (uint32_t)head);
		next = ((head >> 32) + 1) << 32 | index_of(conn);
	} while (!atomic_compare_exchange_weak(&conn_table.free, &head, next));
}

/* All but the lock and the free list: late-comers may still hold a pointer. */
static void clear(struct conn *conn)
{
	bytes_free(&conn->held);
	delay_discard(conn);
	conn->queued = 0;
	conn->look_again = 0;
	conn_drop_reply(conn);
	conn->preface = 0;
	atomic_store(&conn->is_epolled, false);
	conn->flow = (struct flow){0};
	conn->ahead = 0;
	atomic_store(&conn->unanswered, false);
	conn->fd = -1;
	conn->owns_fd = conn->inherited = false;
	conn->tls = conn->owned = conn->pumped = conn->has_random = false;
	conn->server_name[0] = '\0';
	conn->records = (struct tls_records){0};
	conn->cipher_due = 0;
}

struct conn *conn_private_at(int fd)
{
	uint32_t slot;

	if ((unsigned int)fd >= CONN_FDS)
		return NULL;
	slot = atomic_load(&conn_table.slots[fd]);
	return slot & CONN_PRIVATE ? &conn_table.pool[(slot & ~CONN_PRIVATE) - 1] : NULL;
}

void conn_keep(struct conn *conn)
{
	atomic_fetch_add(&conn->refs, 1);
}

void conn_release(struct conn *conn)
{
	if (atomic_fetch_sub(&conn->refs, 1) != 1)
		return;
	clear(conn);
	put_free(conn);
}

/* Programs may call connect() in a signal handler, and so not malloc(). */
static bool has_step(struct conn *conn)
{
	void *step;

	if (conn->step)
		return true;
	step = mmap(NULL, sizeof(*conn->step), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);
	if (step == MAP_FAILED)
		return false;
	conn->step = step;
	return true;
}

void conn_track(int fd)
{
	struct conn *conn;
	struct stat status;

	if ((unsigned int)fd >= CONN_FDS || fstat(fd, &status) || !(conn = take_free())) {
		shim_count_blind(JOURNAL_BLIND_FD, "");
		return;
	}
	if (!has_step(conn)) {
		put_free(conn);
		shim_count_blind(JOURNAL_BLIND_FD, "");
		return;
	}
	clear(conn);
	conn->serial++;
	conn->dev = status.st_dev;
	conn->ino = status.st_ino;
	atomic_store(&conn->refs, 1);
	atomic_store(&conn->descriptors, 1);
	atomic_store(&conn_table.slots[fd], index_of(conn));
}

void conn_share(int fd, int to)
{
	struct conn *conn = conn_at(fd);

	if (!conn)
		return;
	if ((unsigned int)to >= CONN_FDS) {
		shim_count_blind(JOURNAL_BLIND_FD, "");
		return;
	}
	conn_keep(conn);
	atomic_fetch_add(&conn->descriptors, 1);
	atomic_store(&conn_table.slots[to], index_of(conn));
}

void conn_drop(struct conn *conn, int fd)
{
	uint32_t slot = index_of(conn);
	bool mapped = atomic_compare_exchange_strong(&conn_table.slots[fd], &slot, 0);

	if (mapped)
		atomic_fetch_sub(&conn->descriptors, 1);
	conn_leave(conn);
	if (mapped)
		conn_release(conn);
}

void conn_finish_all(void)
{
	uint32_t used = atomic_load(&conn_table.used);

	for (uint32_t i = 0; i < used; i++) {
		struct conn *conn = &conn_table.pool[i];

		if (!atomic_load(&conn->descriptors) || !conn_enter(conn, conn->fd))
			continue;
		if (!conn->inherited && !conn->tls && conn_is_current(conn, conn->fd))
			outbound_decide_held(conn, conn->fd, FLOW_ENDS);
		conn_leave(conn);
	}
}

/* A search through all of them, once for each session whose library can't tell its descriptor. */
struct conn *conn_by_random(const uint8_t random[TLS_RANDOM_LEN])
{
	uint32_t used = atomic_load(&conn_table.used);

	for (uint32_t i = 0; i < used; i++) {
		struct conn *conn = &conn_table.pool[i];

		if (conn->has_random && memcmp(conn->random, random, TLS_RANDOM_LEN) == 0 &&
			conn_at(conn->fd) == conn)
			return conn;
	}
	return NULL;
}

void conn_note_blind(struct conn *conn)
{
	if (!conn_is_blind(conn))
		return;
	shim_count_blind(JOURNAL_BLIND_TLS, conn->server_name);
	/* Once, however many descriptors it has: as good as owned. */
	conn->owned = true;
}

void conn_count_blind(void)
{
	uint32_t used = atomic_load(&conn_table.used);

	for (uint32_t i = 0; i < used; i++) {
		struct conn *conn = &conn_table.pool[i];

		if (atomic_load(&conn->refs) && !conn->inherited && conn_is_blind(conn))
			shim_count_blind(JOURNAL_BLIND_TLS, conn->server_name);
	}
}

bool conn_adopt_duplicate(struct conn *conn, int fd)
{
	/* A high number, so that the program's own numbering stays as it would be. */
	int own = real.fcntl(fd, F_DUPFD_CLOEXEC, 900);

	if (own < 0)
		own = real.fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (own < 0)
		return false;
	conn_close_duplicate(conn);
	conn->fd = own;
	conn->owns_fd = true;
	if ((unsigned int)own < CONN_FDS)
		atomic_store(&conn_table.slots[own], index_of(conn) | CONN_PRIVATE);
	return true;
}

void conn_close_duplicate(struct conn *conn)
{
	if (!conn->owns_fd)
		return;
	if ((unsigned int)conn->fd < CONN_FDS)
		atomic_store(&conn_table.slots[conn->fd], 0);
	real.close(conn->fd);
	conn->fd = -1;
	conn->owns_fd = false;
}

void conn_enter_always(struct conn *conn)
{
	uintptr_t nobody = 0;
	int cancel_state;

	/* A thread that is cancelled inside would leave the others waiting for ever. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	/* Before it has the lock: a handler of this thread would wait for it for ever. */
	is_inside = true;
	while (!atomic_compare_exchange_weak(&conn->owner, &nobody, this_thread())) {
		nobody = 0;
		sched_yield();
	}
	conn->cancel_state = cancel_state;
}

bool conn_enter(struct conn *conn, int fd)
{
	/* Below a TLS function this has been asked for already. */
	if (is_inside || (!session_in_real() && !shim_is_own()))
		return false;
	conn_enter_always(conn);
	if (conn_at(fd) == conn)
		return true;
	conn_leave(conn);
	return false;
}

void conn_leave(struct conn *conn)
{
	int cancel_state = conn->cancel_state;

	atomic_store_explicit(&conn->owner, 0, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	is_inside = false;
	pthread_setcancelstate(cancel_state, NULL);
}

bool conn_is_current(const struct conn *conn, int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_ino == conn->ino && status.st_dev == conn->dev;
}

void conn_after_fork(void)
{
	uint32_t used = atomic_load(&conn_table.used);

	for (uint32_t i = 0; i < used; i++) {
		struct conn *conn = &conn_table.pool[i];
		bool line = conn->in_line;

		conn->inherited = true;
		/* Another thread was inside, and is no more: its buffers are in an unknown state. */
		if (atomic_exchange(&conn->owner, 0)) {
			conn->held = (struct bytes){0};
			conn->first = conn->last = NULL;
			conn->queued = 0;
			conn->reply = NULL;
			conn->reply_len = conn->reply_at = 0;
		}
		/* What is on the delay line is the parent's to send. */
		delay_discard(conn);
		conn_close_duplicate(conn);
		conn->in_line = false;
		if (line)
			conn_release(conn);
	}
}

void conn_drop_reply(struct conn *conn)
{
	atomic_store(&conn->kept, false);
	atomic_store(&conn->answered, false);
	free(conn->reply);
	conn->reply = NULL;
	conn->reply_len = conn->reply_at = 0;
}

void conn_end_kept(struct conn *conn)
{
	if (atomic_exchange(&conn->kept, false))
		real.shutdown(conn->fd, SHUT_RD);
}

bool bytes_append(struct bytes *bytes, const char *data, size_t len)
{
	if (bytes->cap - bytes->len < len) {
		size_t cap = (bytes->len + len) * 2;
		char *at = realloc(bytes->at, cap);

		if (!at)
			return false;
		bytes->at = at;
		bytes->cap = cap;
	}
	memcpy(bytes->at + bytes->len, data, len);
	bytes->len += len;
	return true;
}

void bytes_consume(struct bytes *bytes, size_t len)
{
	bytes->len -= len;
	memmove(bytes->at, bytes->at + len, bytes->len);
	if (!bytes->len)
		bytes_free(bytes);
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->at);
	*bytes = (struct bytes){0};
}
