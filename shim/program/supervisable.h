/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_SUPERVISABLE_H
#define CHAOS_SUPERVISABLE_H

/* Room for a kernel's notice of a system call, and for the answer: also for those of later kernels. */
#define SUPERVISABLE_ROOM 512

/* Can a process here hand its system calls to another one, and that one take its sockets? 0 or -errno:
 * -EPERM is a sandbox's word. */
int supervisable_probe(void);

#endif
