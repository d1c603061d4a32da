/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_SUPERVISED_H
#define CHAOS_TOOLS_SUPERVISED_H

/* A program under a supervisor: who it is, and its relay. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct supervised {
	pid_t pid;
	int process; /* pidfd */
	int relay;   /* socket; -1: none runs */
	dev_t device;
	ino_t inode;	/* of what it executes */
	bool is_static; /* it makes all calls itself; else the library may have seen a call */
	uint8_t ports[(UINT16_MAX + 1) / 8]; /* a bit for each */
};

/* The process of a thread; 0: it is gone. */
pid_t supervised_process_of(pid_t thread);

/* Of a running process. The caller closes its descriptors and frees it; NULL with errno. */
struct supervised *supervised_new(pid_t pid);

/* Is it still what it was, or has it executed something else? */
bool supervised_is_same(const struct supervised *program);

/* Is it a port of HTTP, or one of the servers that the program was told of? */
bool supervised_has_port(const struct supervised *program, uint16_t port);

/* Does the preloaded library see a call that was made from this address? */
bool supervised_is_seen(const struct supervised *program, uint64_t instruction);

/* The stderr of the process that a pidfd is of, which the caller closes; -1: it has none, or cannot be looked
 * into. */
int supervised_stderr(int process);

/* Starts the relay, with the program's environment. 0 or -errno. */
int supervised_start_relay(struct supervised *program, const char *folder, const char *library);

#endif
