/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisable.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "shim/base/kernel.h"

static long call(long number, long a, long b, long c)
{
	return kernel_call(number, a, b, c, 0, 0, 0);
}

/* May a process here take another's descriptor? Its own is the least. */
static int probe_descriptors(void)
{
	long self = call(SYS_pidfd_open, call(SYS_getpid, 0, 0, 0), 0, 0), copy;

	if (self < 0)
		return (int)self;
	copy = call(SYS_pidfd_getfd, self, self, 0);
	if (copy >= 0)
		call(SYS_close, copy, 0, 0);
	call(SYS_close, self, 0, 0);
	return copy < 0 ? (int)copy : 0;
}

/* Older kernels do not tell when the last process under a filter has gone. */
static bool is_new_enough(void)
{
	struct utsname name;
	unsigned long version, release;
	char *end;

	if (call(SYS_uname, (long)&name, 0, 0) < 0)
		return false;
	version = strtoul(name.release, &end, 10);
	release = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return version > 5 || (version == 5 && release >= 9);
}

int supervisable_probe(void)
{
	struct seccomp_notif_sizes sizes = {0};
	uint32_t action = SECCOMP_RET_USER_NOTIF;
	long result;

	if (!is_new_enough())
		return -ENOSYS;
	result = call(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, (long)&action);
	if (result >= 0)
		result = call(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, (long)&sizes);
	if (result < 0)
		return (int)result;
	if (sizes.seccomp_notif > SUPERVISABLE_ROOM || sizes.seccomp_notif_resp > SUPERVISABLE_ROOM)
		return -E2BIG;
	return probe_descriptors();
}
