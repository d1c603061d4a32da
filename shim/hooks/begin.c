/* SPDX-License-Identifier: Apache-2.0 */
/* The library's own life: how it begins with the process, forks with it, and ends. */

#include <pthread.h>

#include "shim/io/bridged.h"
#include "shim/io/conn.h"
#include "shim/io/deliver.h"
#include "shim/libc/clock.h"
#include "shim/libc/real.h"
#include "shim/process/inside.h"
#include "shim/process/shim.h"
#include "shim/tls/stack.h"
#include "shim/trust/trust.h"

/* fork() may be called by a signal handler that has interrupted us: then no lock is waited for. */
static void before_fork(void)
{
	timer_before_fork(inside);
	stack_before_fork(inside);
}

static void after_fork_parent(void)
{
	stack_after_fork_parent(inside);
	timer_after_fork_parent(inside);
	bridged_after_fork();
}

static void after_fork_child(void)
{
	shim_after_fork();
	timer_after_fork_child(inside);
	stack_after_fork_child(inside);
	conn_after_fork();
}

/* glibc gives the arguments of main(). */
__attribute__((constructor)) static void begin(int count, char **arguments)
{
	(void)count;
	real_resolve();
	clock_resolve();
	shim_begin();
	trust_begin(arguments);
	pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

/* Nothing, unless a rule has left something to be sent. */
__attribute__((destructor)) static void end(void)
{
	deliver_all(false);
}
