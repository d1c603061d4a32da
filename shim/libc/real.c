/* SPDX-License-Identifier: Apache-2.0 */
#include "real.h"

#include <dlfcn.h>
#include <errno.h>

#include "loader.h"

struct real real;

void real_resolve(void)
{
#define HOOK_FD(ret, name, parameters, arguments)                                                  \
	*(void **)&real.name = loader_dlsym(RTLD_NEXT, #name);
#define HOOK_FD_VARIADIC(ret, name, parameters, last, arguments)                                   \
	*(void **)&real.name = loader_dlsym(RTLD_NEXT, #name);
#define HOOK_ANY   HOOK_FD
#define HOOK_PLAIN HOOK_FD
#define HOOK_END   HOOK_FD
#include "hooks.def"
#undef HOOK_FD
#undef HOOK_FD_VARIADIC
#undef HOOK_ANY
#undef HOOK_PLAIN
#undef HOOK_END
}

bool real_connects_straight(void)
{
	Dl_info connect, error;

	return dladdr(*(void **)&real.connect, &connect) &&
	       dladdr((const void *)__errno_location, &error) &&
	       connect.dli_fbase == error.dli_fbase;
}
