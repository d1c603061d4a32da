/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <dlfcn.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>

#include "loader.h"
#include "shim/base/kernel.h"

static int (*in_vdso)(clockid_t clock, struct timespec *time);

void clock_resolve(void)
{
	void *vdso = loader_dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);

	if (vdso)
		*(void **)&in_vdso = loader_dlsym(vdso, "__vdso_clock_gettime");
	else
		dlerror(); /* which is the program's to ask */
}

uint64_t clock_now(void)
{
	struct timespec time;

	if (!in_vdso || in_vdso(CLOCK_MONOTONIC, &time))
		kernel_call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&time, 0, 0, 0, 0);
	return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}
