/* SPDX-License-Identifier: Apache-2.0 */
#include "real.h"

#include <dlfcn.h>
#include <errno.h>

#include "loader.h"

struct real real;
static bool connects_straight;

/* Is this function in the library that errno is in? */
static bool is_in_libc(const void *function)
{
	Dl_info info, libc;

	return dladdr(function, &info) && dladdr((const void *)__errno_location, &libc) &&
	       info.dli_fbase == libc.dli_fbase;
}

void real_resolve(void)
{
#define HOOK_FD(ret, name, parameters, arguments)                                                  \
	*(void **)&real.name = loader_dlsym(RTLD_NEXT, #name);
#define HOOK_FD_VARIADIC(ret, name, parameters, last, arguments)                                   \
	*(void **)&real.name = loader_dlsym(RTLD_NEXT, #name);
#define HOOK_ANY	   HOOK_FD
#define HOOK_PLAIN	   HOOK_FD
#define HOOK_END	   HOOK_FD
#define HOOK_PATH	   HOOK_FD
#define HOOK_PATH_VARIADIC HOOK_FD_VARIADIC
#define HOOK_EXEC	   HOOK_FD
#include "hooks.def"
	connects_straight = is_in_libc(*(void **)&real.connect);
}

bool real_connects_straight(void)
{
	return connects_straight;
}
