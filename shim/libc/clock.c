/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>

#include "loader.h"
#include "shim/base/kernel.h"

typedef int clock_function(clockid_t clock, struct timespec *time);

static _Atomic(clock_function *) in_vdso;

void clock_resolve(void)
{
	void *vdso = loader_dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
	clock_function *function = NULL;

	if (vdso)
		*(void **)&function = loader_dlsym(vdso, "__vdso_clock_gettime");
	else
		dlerror(); /* which is the program's to ask */
	atomic_store(&in_vdso, function);
}

void clock_avoid_counter(void)
{
	atomic_store(&in_vdso, NULL);
}

uint64_t clock_now(void)
{
	clock_function *function = atomic_load_explicit(&in_vdso, memory_order_relaxed);
	struct timespec time;

	if (!function || function(CLOCK_MONOTONIC, &time))
		kernel_call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&time, 0, 0, 0, 0);
	return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}
