/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_KERNEL_H
#define CHAOS_KERNEL_H

/* A system call, made by nobody else: syscall() of the C library may be another preloaded library's,
 * which has an opinion of it. Returns the kernel's result; an error is -errno. */

#if defined(__x86_64__)

static inline long kernel_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#else
#error "system calls are not written for this machine yet"
#endif

#endif
