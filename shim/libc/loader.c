/* SPDX-License-Identifier: Apache-2.0 */
#include "loader.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>

/* A function of the loader. Since glibc 2.34 they are in libc itself; the older versions are those of
 * the ports. */
static void *find_in_libc(const char *name)
{
	static const char *const versions[] = {
		"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.1", "GLIBC_2.0"};
	void *function = NULL;

	for (size_t i = 0; !function && i < sizeof(versions) / sizeof(*versions); i++)
		function = dlvsym(RTLD_NEXT, name, versions[i]);
	return function;
}

/* The two that follow end in a tail call: the real ones look at their caller, to know what "next" is
 * or where to search, and that is not us. */

void *loader_dlsym(void *handle, const char *name)
{
	static _Atomic(void *) found;
	void *(*function)(void *, const char *);
	void *real_dlsym = atomic_load(&found);

	if (!real_dlsym)
		atomic_store(&found, real_dlsym = find_in_libc("dlsym"));
	if (!real_dlsym)
		return NULL;
	*(void **)&function = real_dlsym;
	return function(handle, name);
}

void *loader_dlopen(const char *file, int mode)
{
	static _Atomic(void *) found;
	void *(*function)(const char *, int);
	void *loader = atomic_load(&found);

	if (!loader)
		atomic_store(&found, loader = find_in_libc("dlopen"));
	if (!loader)
		return NULL;
	*(void **)&function = loader;
	return function(file, mode);
}

void *loader_find_old(const char *name)
{
	return dlvsym(RTLD_NEXT, name, "GLIBC_2.2.5");
}
