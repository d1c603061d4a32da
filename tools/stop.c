/* SPDX-License-Identifier: Apache-2.0 */
#include "stop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATIENCE_MS 30000

static int end(int process)
{
	struct pollfd over = {process, POLLIN, 0};

	if (syscall(SYS_pidfd_send_signal, process, SIGTERM, NULL, 0) < 0)
		return -errno;
	return poll(&over, 1, PATIENCE_MS) == 1 ? 0 : -ETIME;
}

int stop_daemon(pid_t pid)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0), error;

	if (process < 0)
		return -errno;
	error = end(process);
	close(process);
	return error;
}
