/* SPDX-License-Identifier: Apache-2.0 */
#include "wake.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/base/kernel.h"
#include "shim/libc/real.h"

/* The kernel tells of what comes, not of an end that we make. */
static void signal_owner(int fd)
{
	int owner = real.fcntl(fd, F_GETOWN), number = real.fcntl(fd, F_GETSIG);
	siginfo_t info;

	if (owner == 0 || owner == -1)
		return;
	if (owner != getpid() || number <= 0) {
		kill(owner, number > 0 ? number : SIGIO);
		return;
	}
	memset(&info, 0, sizeof(info));
	info.si_signo = number;
	info.si_code = POLL_IN;
	info.si_band = POLLIN | POLLRDNORM;
	info.si_fd = fd;
	if (kernel_call(SYS_rt_sigqueueinfo, owner, number, (long)&info, 0, 0, 0) == 0)
		return;
	/* Only the first thread may speak as the kernel does. */
	info.si_code = SI_SIGIO;
	kernel_call(SYS_rt_sigqueueinfo, owner, number, (long)&info, 0, 0, 0);
}

void wake_reader(int fd, bool ends)
{
	real.shutdown(fd, ends ? SHUT_RDWR : SHUT_RD);
	if (real.fcntl(fd, F_GETFL) & O_ASYNC)
		signal_owner(fd);
}
