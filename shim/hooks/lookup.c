/* SPDX-License-Identifier: Apache-2.0 */
/* dlsym() and dlopen(): programs that look functions up would call them past us. */

#include <dlfcn.h>
#include <string.h>

#include "shim/io/on.h"
#include "shim/libc/loader.h"
#include "shim/tls/lookup.h"
#include "shim/tls/stack.h"

#define EXPORT __attribute__((visibility("default")))

/* The functions of exports.c, by names that are ours alone, and the real ones behind them. */
#define HOOK_FD(ret, name, parameters, arguments) ret hook_##name parameters;
#define HOOK_FD_VARIADIC(ret, name, parameters, last, arguments)                                   \
	ret hook_##name(HOOK_LIST parameters, ...);
#define HOOK_ANY	   HOOK_FD
#define HOOK_PLAIN	   HOOK_FD
#define HOOK_END	   HOOK_FD
#define HOOK_PATH	   HOOK_FD
#define HOOK_PATH_VARIADIC HOOK_FD_VARIADIC
#define HOOK_EXEC	   HOOK_FD
#include "shim/libc/hooks.def"
static const struct {
	const char *name;
	void *hook;
	void *const *real;
} hooks[] = {
#define HOOK_FD(ret, name, parameters, arguments)                                                  \
	{#name, (void *)hook_##name, (void *const *)&real.name},
#define HOOK_FD_VARIADIC(ret, name, parameters, last, arguments)                                   \
	{#name, (void *)hook_##name, (void *const *)&real.name},
#define HOOK_ANY	   HOOK_FD
#define HOOK_PLAIN	   HOOK_FD
#define HOOK_END	   HOOK_FD
#define HOOK_PATH	   HOOK_FD
#define HOOK_PATH_VARIADIC HOOK_FD_VARIADIC
#define HOOK_EXEC	   HOOK_FD
#include "shim/libc/hooks.def"
};

/*
 * The hook in the place of a function of the C library. Other libraries stand between us and that, or
 * look for it themselves: who asks for what we would call ourselves is before us, and gets us; who asks
 * for what stands behind what we would call must not come back.
 */
static void *hook_of(const char *name, void *function)
{
	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++) {
		if (strcmp(hooks[i].name, name) != 0)
			continue;
		/* The constructor of another library may come before ours. */
		if (!*hooks[i].real)
			real_resolve();
		return *hooks[i].real == function ? hooks[i].hook : function;
	}
	return function;
}

static void *find(void *handle, const char *name, const void *caller)
{
	void *function;

	if (lookup_is_tls(name))
		return lookup_tls(handle, name, caller);
	function = loader_dlsym(handle, name);
	return function && !stack_is_ours(caller) ? hook_of(name, function) : function;
}

/* The real one looks at its caller to know what is next, or where to begin: that must not be us. */
void *dlsym(void *restrict handle, const char *restrict name);
EXPORT void *dlsym(void *restrict handle, const char *restrict name)
{
	if (handle == RTLD_NEXT || (handle == RTLD_DEFAULT && !lookup_is_tls(name)))
		return loader_dlsym(handle, name);
	return find(handle, name, __builtin_return_address(0));
}

/*
 * RTLD_DEEPBIND would lead a library, and what it brings along, past every preloaded one: PHP loads its
 * extensions so. Without it the first of several libraries with the same name is taken, as everywhere.
 */
void *dlopen(const char *file, int mode);
EXPORT void *dlopen(const char *file, int mode)
{
	return loader_dlopen(file, mode & ~RTLD_DEEPBIND);
}
