/* SPDX-License-Identifier: Apache-2.0 */
/* Another preloaded library, which finds the next getppid() and send() by dlsym(). */

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void *next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);
	Dl_info info, here;

	/* The next one is nobody's own. */
	if (!function || !dladdr(function, &info) || !dladdr((void *)next, &here) ||
		info.dli_fbase == here.dli_fbase)
		abort();
	return function;
}

pid_t getppid(void)
{
	pid_t (*real)(void);

	*(void **)&real = next("getppid");
	return real() ? 4242 : 0;
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	ssize_t (*real)(int, const void *, size_t, int);

	*(void **)&real = next("send");
	return real(fd, buf, len, flags);
}
