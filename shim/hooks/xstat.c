/* SPDX-License-Identifier: Apache-2.0 */
/* stat(), as programs call it that were built with a glibc before 2.33. */

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "shim/libc/loader.h"
#include "shim/trust/hashed.h"
#include "shim/trust/trust.h"

#define EXPORT __attribute__((visibility("default")))

typedef int xstat_function(int version, const char *path, struct stat *status);

static int look(_Atomic(void *) *known, const char *name, int version, const char *path,
	struct stat *status, const void *caller)
{
	void *found = atomic_load(known);
	int before = errno, result;
	xstat_function *function;

	if (!found)
		atomic_store(known, found = loader_find_old(name));
	if (!found) {
		errno = ENOSYS;
		return -1;
	}
	*(void **)&function = found;
	result = function(version, path, status);
	if (result == 0)
		trust_look(path, status, caller);
	if (result == 0 || errno != ENOENT || !hashed_is_ours(path, caller))
		return result;
	result = hashed_stat(status);
	if (result == 0)
		errno = before;
	return result;
}

/* The versions that there are say the same on this machine. */
int __xstat(int version, const char *path, struct stat *status);
EXPORT int __xstat(int version, const char *path, struct stat *status)
{
	static _Atomic(void *) known;

	return look(&known, "__xstat", version, path, status, __builtin_return_address(0));
}

int __xstat64(int version, const char *path, struct stat64 *status);
EXPORT int __xstat64(int version, const char *path, struct stat64 *status)
{
	static _Atomic(void *) known;

	return look(&known, "__xstat64", version, path, (struct stat *)status,
		__builtin_return_address(0));
}
