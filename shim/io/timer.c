/* SPDX-License-Identifier: Apache-2.0 */
#include "timer.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "shim/base/kernel.h"
#include "shim/libc/clock.h"

/* All that the helper's functions need; the library's own address space counts, too. */
#define STACK_SIZE (128u * 1024)
#define NEVER	   UINT64_MAX

static struct {
	pthread_mutex_t mutex;
	struct timer **heap; /* [1] is the first that is due; each comes before its two children */
	uint32_t count, room;
	bool has_thread;
	_Atomic uint32_t changes; /* what the helper, and who waits for it to be idle, wait on */
} timers = {.mutex = PTHREAD_MUTEX_INITIALIZER};

uint64_t timer_now(void)
{
	return clock_now();
}

static void wake(void)
{
	atomic_fetch_add(&timers.changes, 1);
	kernel_call(SYS_futex, (long)&timers.changes, FUTEX_WAKE_PRIVATE, INT_MAX, 0, 0, 0);
}

/* Until `changes` is another than `seen`, or it is `when`. */
static void wait_until(uint32_t seen, uint64_t when)
{
	struct timespec time = {
		.tv_sec = (time_t)(when / 1000000000), .tv_nsec = (long)(when % 1000000000)};

	kernel_call(SYS_futex, (long)&timers.changes, FUTEX_WAIT_BITSET_PRIVATE, seen,
		when == NEVER ? 0 : (long)&time, 0, FUTEX_BITSET_MATCH_ANY);
}

static void put(uint32_t place, struct timer *timer)
{
	timers.heap[place] = timer;
	timer->place = place;
}

static void rise(struct timer *timer)
{
	uint32_t place = timer->place;

	for (; place > 1 && timers.heap[place / 2]->when > timer->when; place /= 2)
		put(place, timers.heap[place / 2]);
	put(place, timer);
}

static void sink(struct timer *timer)
{
	uint32_t place = timer->place;

	for (;;) {
		uint32_t child = place * 2;

		if (child < timers.count && timers.heap[child + 1]->when < timers.heap[child]->when)
			child++;
		if (child > timers.count || timers.heap[child]->when >= timer->when)
			break;
		put(place, timers.heap[child]);
		place = child;
	}
	put(place, timer);
}

static void take_out(struct timer *timer)
{
	struct timer *last = timers.heap[timers.count--];
	uint32_t place = timer->place;

	timer->place = 0;
	if (last == timer)
		return;
	put(place, last);
	rise(last);
	sink(last);
}

/* Grows by mapping: whoever sets a timer may have interrupted malloc(). */
static bool has_room(void)
{
	uint32_t room = timers.room ? timers.room * 2 : 512;
	struct timer **heap;

	if (timers.count + 1 < timers.room)
		return true;
	heap = mmap(NULL, room * sizeof(*heap), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);
	if (heap == MAP_FAILED)
		return false;
	for (uint32_t i = 1; i <= timers.count; i++)
		heap[i] = timers.heap[i];
	if (timers.heap)
		munmap(timers.heap, timers.room * sizeof(*heap));
	timers.heap = heap;
	timers.room = room;
	return true;
}

/* Takes the first timer out and calls it. Under the mutex, which is given up meanwhile. */
static void serve_first(void)
{
	struct timer *timer = timers.heap[1];

	take_out(timer);
	pthread_mutex_unlock(&timers.mutex);
	timer->due(timer);
	pthread_mutex_lock(&timers.mutex);
}

static void *work(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&timers.mutex);
	for (;;) {
		uint32_t seen = atomic_load(&timers.changes);
		uint64_t when = timers.count ? timers.heap[1]->when : NEVER;

		if (when != NEVER && when <= timer_now()) {
			serve_first();
			continue;
		}
		pthread_mutex_unlock(&timers.mutex);
		wait_until(seen, when);
		pthread_mutex_lock(&timers.mutex);
	}
	return NULL;
}

/* `stack_size` 0: as large as the program's. Returns 0 or an error number. */
static int make_thread(size_t stack_size)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error;

	pthread_attr_init(&attributes);
	if (stack_size)
		pthread_attr_setstacksize(&attributes, stack_size);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attributes, work, NULL);
	pthread_attr_destroy(&attributes);
	return error;
}

/* Under the mutex. The program's signals are not the helper's. Returns 0 or an error number. */
static int start_thread(void)
{
	sigset_t all, before;
	int error;

	if (timers.has_thread)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = make_thread(STACK_SIZE);
	/* The thread's own variables stand on its stack, too: a program may have many. */
	if (error == EINVAL)
		error = make_thread(0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	timers.has_thread = !error;
	return error;
}

/* Under the mutex. */
static void hasten(struct timer *timer, uint64_t when)
{
	if (when >= timer->when)
		return;
	timer->when = when;
	rise(timer);
}

bool timer_set(struct timer *timer, uint64_t when, int *error)
{
	bool is_new = false, is_first;
	int failed = 0;

	pthread_mutex_lock(&timers.mutex);
	if (timer->place) {
		hasten(timer, when);
	} else if (!has_room()) {
		failed = ENOMEM;
	} else if (!(failed = start_thread())) {
		timer->place = ++timers.count;
		timers.heap[timer->place] = timer;
		timer->when = when;
		rise(timer);
		is_new = true;
	}
	is_first = timer->place == 1;
	pthread_mutex_unlock(&timers.mutex);
	if (is_first)
		wake();
	if (error)
		*error = -failed;
	return is_new;
}

void timer_before_fork(bool is_inside)
{
	if (!is_inside)
		pthread_mutex_lock(&timers.mutex);
}

void timer_after_fork_parent(bool is_inside)
{
	if (!is_inside)
		pthread_mutex_unlock(&timers.mutex);
}

void timer_after_fork_child(bool is_inside)
{
	if (is_inside)
		pthread_mutex_init(&timers.mutex, NULL);
	/* What is due is the parent's to do. The heap may be in the middle of a change: left alone. */
	timers.heap = NULL;
	timers.count = timers.room = 0;
	timers.has_thread = false;
	if (!is_inside)
		pthread_mutex_unlock(&timers.mutex);
}
