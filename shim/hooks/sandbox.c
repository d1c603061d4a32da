/* SPDX-License-Identifier: Apache-2.0 */
/* prctl(): a program that locks itself into a sandbox knows which system calls it will make. */

#include <errno.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "shim/base/kernel.h"
#include "shim/libc/clock.h"
#include "shim/process/shim.h"

__attribute__((visibility("default"))) int prctl(int option, ...)
{
	unsigned long arguments[4];
	va_list list;
	long result;

	va_start(list, option);
	for (int i = 0; i < 4; i++)
		arguments[i] = va_arg(list, unsigned long);
	va_end(list);
	/* From now on none are made for the convenience of the library: it looks for no daemon. */
	if (option == PR_SET_SECCOMP || option == PR_SET_NO_NEW_PRIVS)
		atomic_store(&shim.sandboxed, true);
	/* Two system calls are left to it, and none of ours is among them. */
	if (option == PR_SET_SECCOMP && arguments[0] == SECCOMP_MODE_STRICT)
		atomic_store(&shim.timeless, true);
	if (option == PR_SET_TSC && arguments[0] == PR_TSC_SIGSEGV)
		clock_avoid_counter();
	result = kernel_call(SYS_prctl, option, (long)arguments[0], (long)arguments[1],
		(long)arguments[2], (long)arguments[3], 0);
	if (result >= 0)
		return (int)result;
	errno = (int)-result;
	return -1;
}
