/* SPDX-License-Identifier: Apache-2.0 */
/* dlsym() and dlopen(): programs that look TLS functions up would call them past us. */

#include <dlfcn.h>
#include <string.h>

#include "closure.h"
#include "shim/libc/loader.h"

static bool is_tls_name(const char *name)
{
	return strncmp(name, "SSL_", 4) == 0 || strncmp(name, "gnutls_", 7) == 0;
}

/*
 * A TLS function found in a library: a program that looks it up so would call it past us. A name that
 * we alone export is not there: programs ask so which version they have.
 */
static void *find_tls(void *handle, const char *name, const void *caller)
{
	void *function = loader_dlsym(handle, name);
	const struct stack *stack;

	if (!function)
		return NULL;
	if (stack_is_ours(function))
		return stack_real_for(name, caller) ? function : NULL;
	stack = stack_of_function(function);
	return stack ? closure_of(stack, name, function) : function;
}

void *dlsym(void *restrict handle, const char *restrict name);
__attribute__((visibility("default"))) void *dlsym(void *restrict handle, const char *restrict name)
{
	if (!is_tls_name(name) || handle == RTLD_NEXT)
		return loader_dlsym(handle, name);
	return find_tls(handle, name, __builtin_return_address(0));
}

/*
 * RTLD_DEEPBIND would lead a library, and what it brings along, past every preloaded one: PHP loads its
 * extensions so. Without it the first of several libraries with the same name is taken, as everywhere.
 */
void *dlopen(const char *file, int mode);
__attribute__((visibility("default"))) void *dlopen(const char *file, int mode)
{
	return loader_dlopen(file, mode & ~RTLD_DEEPBIND);
}
