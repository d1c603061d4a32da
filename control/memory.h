/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_MEMORY_H
#define CHAOS_CONTROL_MEMORY_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * What an allocation gave, or the end: without memory the daemon can answer nobody, and when it
 * ends the rules stay in force in shared memory and saved on disk.
 */
static inline void *sure(void *allocated)
{
	if (!allocated) {
		fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
		abort();
	}
	return allocated;
}

#endif
