/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_NOTICE_H
#define CHAOS_TOOLS_NOTICE_H

/* The notices of a seccomp filter: system calls that wait for a supervisor's answer. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct notice {
	uint64_t id;
	pid_t thread; /* 0: of a process that cannot be seen from here */
	int call;     /* SYS_… */
	uint64_t arguments[6];
	uint64_t instruction; /* the address of the call */
};

/*
 * Puts the calling process, and all that it forks and executes, under a filter that lets every system
 * call go but connect() and getpeername(), which wait for a supervisor. Where privileges are wanting,
 * no_new_privs is set. Returns the listener, which the caller closes, or -errno; -EBUSY: there is one already.
 */
int notice_filter(void);

/* Takes a notice; false when there is none any more. */
bool notice_receive(int listener, struct notice *notice);

/* Is the call still waiting? What was read of the process before then was its own. */
bool notice_waits(int listener, uint64_t id);

/* Ends the call with 0 or -errno; lets the kernel do what the program has asked for. Either may find
 * that the call waits no more. */
void notice_answer(int listener, uint64_t id, int error);
void notice_continue(int listener, uint64_t id);

#endif
