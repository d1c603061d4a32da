/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_STOP_H
#define CHAOS_TOOLS_STOP_H

#include <sys/types.h>

/* Asks a daemon to end, as SIGTERM does, and waits for that, half a minute at most. 0 or -errno: -ETIME if it
 * lives on, -ESRCH if it is not there any more. */
int stop_daemon(pid_t pid);

#endif
