/* SPDX-License-Identifier: Apache-2.0 */
#include "conn.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include "drafts.h"
#include "peer.h"
#include "shim/libc/real.h"
#include "shim/memory/blocks.h"
#include "shim/process/inside.h"
#include "shim/process/shim.h"

/* Connections live in chunks, of which the first is there from the start. */
#define CHUNK  128u
#define CHUNKS (CONN_MAX / CHUNK)

static struct conn first_chunk[CHUNK];
static _Atomic(struct conn *) chunks[CHUNKS] = {first_chunk};
static _Atomic uint64_t free_list; /* tag << 32 | index + 1 of the first free one */
static _Atomic uint32_t used;	   /* that were ever in use */

_Atomic uint32_t conn_untold_count;

/* The address tells threads apart without a system call. */
static uintptr_t this_thread(void)
{
	return (uintptr_t)&inside;
}

uint32_t conn_count(void)
{
	return atomic_load(&used);
}

struct conn *conn_of_index(uint32_t index)
{
	return atomic_load(&chunks[index / CHUNK]) + index % CHUNK;
}

static bool has_chunk(uint32_t index)
{
	_Atomic(struct conn *) *place = &chunks[index / CHUNK];
	struct conn *none = NULL, *chunk;
	size_t size = CHUNK * sizeof(*chunk);

	if (atomic_load(place))
		return true;
	chunk = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chunk == MAP_FAILED)
		return false;
	if (!atomic_compare_exchange_strong(place, &none, chunk))
		munmap(chunk, size);
	return true;
}

/* The free list is lock-free, since close() may be called in a signal handler. The tag keeps a slow
 * thread from putting back a stale head. */
static struct conn *take_free(void)
{
	uint64_t head = atomic_load(&free_list);
	uint32_t index = atomic_load(&used);

	while ((uint32_t)head) {
		struct conn *conn = conn_of_index((uint32_t)head - 1);
		uint64_t next = ((head >> 32) + 1) << 32 | atomic_load(&conn->next_free);

		if (atomic_compare_exchange_weak(&free_list, &head, next))
			return conn;
	}
	while (index < CONN_MAX && has_chunk(index)) {
		if (!atomic_compare_exchange_weak(&used, &index, index + 1))
			continue;
		conn_of_index(index)->index = index;
		return conn_of_index(index);
	}
	return NULL;
}

static void put_free(struct conn *conn)
{
	uint64_t head = atomic_load(&free_list), next;

	do {
		atomic_store(&conn->next_free, (uint32_t)head);
		next = ((head >> 32) + 1) << 32 | (conn->index + 1);
	} while (!atomic_compare_exchange_weak(&free_list, &head, next));
}

void conn_attend(struct conn *conn, uint32_t set, uint32_t clear)
{
	uint32_t before = atomic_load_explicit(&conn->attention, memory_order_relaxed);
	uint32_t now = (before & ~clear) | set;

	if (now == before)
		return;
	if (!(now & CONN_UNTOLD) != !(before & CONN_UNTOLD))
		atomic_fetch_add(&conn_untold_count, now & CONN_UNTOLD ? 1u : UINT32_MAX);
	atomic_store_explicit(&conn->attention, now, memory_order_release);
}

void conn_count_blind(struct conn *conn, int reason)
{
	char text[JOURNAL_HOST_MAX];
	const char *why = NULL;
	struct peer peer;

	peer_of(&conn->socket, conn->tls.server_name, &peer);
	if (reason == JOURNAL_BLIND_TLS)
		why = conn->bridge.obstacle
			      ?: shim_bridge_obstacle(peer.name, conn_port(conn), conn->tls.owned);
	if (reason == JOURNAL_BLIND_REFUSED && conn->bridge.bridge)
		why = shim.bridge.api->reason(conn->bridge.bridge);
	shim_count_blind(reason, peer_describe(&peer, text), peer.is_aws, why);
}

void conn_note_refusal(struct conn *conn)
{
	struct peer peer;

	if (conn->bridge.is_told || shim_is_servers_fault(conn->bridge.bridge))
		return;
	conn->bridge.is_told = true;
	shim_note_refusal(peer_of(&conn->socket, conn->tls.server_name, &peer)->name,
		conn_port(conn), conn->bridge.bridge);
	conn_count_blind(conn, JOURNAL_BLIND_REFUSED);
}

void conn_note_spoke(struct conn *conn)
{
	struct peer peer;

	if (!conn->bridge.spoke)
		shim_note_believed(peer_of(&conn->socket, conn->tls.server_name, &peer)->name);
	conn->bridge.spoke = true;
}

/* Did it go away without a word, and first, as those do that look at a certificate late? Not if it has believed us. */
static bool has_refused(const struct conn *conn)
{
	enum bridge_state state = shim.bridge.api->state(conn->bridge.bridge);
	struct peer peer;

	return !conn->bridge.spoke && !conn->bridge.socket_ended && !conn->inherited &&
	       !conn->bridge.is_shared && (state == BRIDGE_ACCEPTING || state == BRIDGE_OPEN) &&
	       !shim_is_believed(peer_of(&conn->socket, conn->tls.server_name, &peer)->name);
}

void conn_judge_bridge(struct conn *conn)
{
	if (conn->bridge.bridge && has_refused(conn))
		conn_note_refusal(conn);
}

/* All but the lock, the timer and the free list: late-comers may still hold a pointer. */
static void clear(struct conn *conn)
{
	static const struct exchange_host only_release = {.release = drafts_release};

	conn_attend(conn, 0, UINT32_MAX);
	exchange_clear(&conn->exchange, &only_release);
	atomic_store(&conn->is_epolled, false);
	conn_judge_bridge(conn);
	if (conn->bridge.bridge)
		shim.bridge.api->close(conn->bridge.bridge);
	blocks_give(conn->bridge.scratch);
	conn->bridge = (struct conn_bridge){0};
	conn->inherited = conn->owns_fd = conn->is_abandoned = false;
	conn->fd = -1;
	conn->tls = (struct conn_tls){0};
	conn->preface = 0;
	memset(&conn->zerocopy, 0, sizeof(conn->zerocopy));
	conn->look_again = 0;
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

/* Fills a place. What stood there was closed behind our back. */
static void put_slot(_Atomic uintptr_t *place, uintptr_t slot)
{
	uintptr_t before = atomic_exchange(place, slot);
	struct conn *stale = (struct conn *)before;

	if (!before || before & SLOT_PRIVATE)
		return;
	atomic_fetch_sub(&stale->descriptors, 1);
	conn_release(stale);
}

void conn_track(int fd, const struct sockaddr *peer, socklen_t len)
{
	_Atomic uintptr_t *place = slots_make(fd);
	struct conn *conn = place ? take_free() : NULL;

	if (!conn) {
		shim_count_blind(JOURNAL_BLIND_FD, "", false, NULL);
		return;
	}
	conn->serial++;
	conn->fd = fd;
	socket_begin(&conn->socket, peer, len);
	atomic_store(&conn->refs, 1);
	atomic_store(&conn->descriptors, 1);
	put_slot(place, (uintptr_t)conn);
}

void conn_share(int fd, int to)
{
	struct conn *conn = conn_at(fd);
	_Atomic uintptr_t *place = conn ? slots_make(to) : NULL;

	if (!conn)
		return;
	if (!place) {
		shim_count_blind(JOURNAL_BLIND_FD, "", false, NULL);
		return;
	}
	conn_keep(conn);
	atomic_fetch_add(&conn->descriptors, 1);
	put_slot(place, (uintptr_t)conn);
}

void conn_drop(struct conn *conn, int fd)
{
	bool was_mapped = slot_empty(fd, (uintptr_t)conn);

	if (was_mapped)
		atomic_fetch_sub(&conn->descriptors, 1);
	conn_leave(conn);
	if (was_mapped)
		conn_release(conn);
}

/* A search through all of them, once for each session whose library can't tell its descriptor. */
struct conn *conn_by_random(const uint8_t random[TLS_RANDOM_LEN])
{
	uint32_t count = conn_count();

	for (uint32_t i = 0; i < count; i++) {
		struct conn *conn = conn_of_index(i);

		if (conn->tls.has_random && memcmp(conn->tls.random, random, TLS_RANDOM_LEN) == 0 &&
			conn_at(conn->fd) == conn)
			return conn;
	}
	return NULL;
}

bool conn_adopt_duplicate(struct conn *conn, int fd)
{
	/* A high number, so that the program's own numbering stays as it would be. */
	int own = real.fcntl(fd, F_DUPFD_CLOEXEC, 900);
	_Atomic uintptr_t *place;

	if (own < 0)
		own = real.fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (own < 0)
		return false;
	conn_close_duplicate(conn);
	conn->fd = own;
	conn->owns_fd = true;
	place = slots_make(own);
	if (place)
		put_slot(place, (uintptr_t)conn | SLOT_PRIVATE);
	return true;
}

void conn_close_duplicate(struct conn *conn)
{
	if (!conn->owns_fd)
		return;
	slot_empty(conn->fd, (uintptr_t)conn | SLOT_PRIVATE);
	/* The program may have closed it by a raw call, and the number be another's. */
	if (socket_is_same(&conn->socket, conn->fd))
		real.close(conn->fd);
	conn->fd = -1;
	conn->owns_fd = false;
}

static void act(struct conn *conn)
{
	if (conn->is_acting)
		return;
	/* A thread that is cancelled inside would leave the others waiting for ever. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &conn->cancel_state);
	conn->is_acting = true;
}

void conn_enter_always(struct conn *conn)
{
	uintptr_t nobody = 0;

	/* Before it has the lock: a handler of this thread would wait for it for ever. */
	inside = true;
	atomic_signal_fence(memory_order_seq_cst);
	while (!atomic_compare_exchange_weak_explicit(
		&conn->owner, &nobody, this_thread(), memory_order_acquire, memory_order_relaxed)) {
		nobody = 0;
		sched_yield();
	}
}

bool conn_enter(struct conn *conn, int fd)
{
	if (inside)
		return false;
	conn_enter_always(conn);
	if (conn_at(fd) == conn)
		return true;
	conn_leave(conn);
	return false;
}

void conn_leave(struct conn *conn)
{
	bool was_acting = conn->is_acting;
	int cancel_state = conn->cancel_state;

	conn->is_acting = false;
	atomic_store_explicit(&conn->owner, 0, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	inside = false;
	if (was_acting)
		pthread_setcancelstate(cancel_state, NULL);
}

bool conn_verify(struct conn *conn, int fd)
{
	act(conn);
	if (!shim_is_own() || !socket_is_same(&conn->socket, fd))
		return false;
	shim_enlist();
	return true;
}

bool conn_verify_reader(struct conn *conn, int fd)
{
	act(conn);
	return shim_is_own() && socket_is_there(&conn->socket, fd);
}

/* Another thread was inside at the fork, and is no more: nobody knows the state. */
static void abandon(struct conn *conn)
{
	memset(&conn->exchange, 0, sizeof(conn->exchange));
	conn->exchange.state = EXCHANGE_GONE;
	conn->is_abandoned = true;
	/* Its memory stays where it is. */
	conn->bridge = (struct conn_bridge){0};
	conn_attend(conn, 0, CONN_BRIDGED);
}

void conn_after_fork(void)
{
	uint32_t count = conn_count();

	for (uint32_t i = 0; i < count; i++) {
		struct conn *conn = conn_of_index(i);
		bool was_set = conn->timer.place != 0;

		conn->inherited = true;
		conn->timer.place = 0;
		conn->look_again = 0;
		conn->exchange.reply_host = NULL;
		/* A signal handler of this very thread has forked: what it interrupted goes on. */
		if (atomic_load(&conn->owner) == this_thread()) {
			record_disown(conn->exchange.record);
			if (was_set)
				atomic_fetch_sub(&conn->refs, 1);
			continue;
		}
		if (atomic_exchange(&conn->owner, 0))
			abandon(conn);
		record_forget(&conn->exchange.record);
		/* What is on the line is the parent's to do; its wake reaches the child, and the reply is
		 * read in both. */
		line_clear(&conn->exchange.line);
		conn_attend(conn, 0, conn->exchange.reply ? 0 : CONN_QUEUED);
		conn_close_duplicate(conn);
		if (was_set)
			conn_release(conn);
	}
}
