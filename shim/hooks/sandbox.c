/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prctl() and syscall(): a program that locks itself into a sandbox knows which system calls it will make.
 * That it gives up privileges (PR_SET_NO_NEW_PRIVS) forbids none.
 */

#include <dlfcn.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "shim/base/kernel.h"
#include "shim/libc/clock.h"
#include "shim/libc/loader.h"
#include "shim/process/shim.h"

/* From now on none are made for the convenience of the library: it looks for no daemon. */
void sandbox_note(void) __attribute__((visibility("hidden")));
void sandbox_note(void)
{
	atomic_store(&shim.sandboxed, true);
}

__attribute__((visibility("default"))) int prctl(int option, ...)
{
	unsigned long arguments[4];
	va_list list;
	long result;

	va_start(list, option);
	for (int i = 0; i < 4; i++)
		arguments[i] = va_arg(list, unsigned long);
	va_end(list);
	if (option == PR_SET_SECCOMP)
		sandbox_note();
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

/* The function that the program would call. */
void *sandbox_next __attribute__((visibility("hidden")));

__attribute__((constructor)) static void find_next(void)
{
	sandbox_next = loader_dlsym(RTLD_NEXT, "syscall");
}

#if defined(__x86_64__)

_Static_assert(SYS_seccomp == 317 && SECCOMP_SET_MODE_FILTER == 1, "as below");
_Static_assert(SYS_prctl == 157 && PR_SET_SECCOMP == 22, "as below");

long sandbox_failed(int error) __attribute__((visibility("hidden")));
long sandbox_failed(int error)
{
	errno = error;
	return -1;
}

/* The stack stays as it is: a vfork() or clone() may return through it twice. */
__asm__(".text\n"
	".globl syscall\n"
	".type syscall, @function\n"
	"syscall:\n"
	"	cmpl $317, %edi\n"
	"	jne 1f\n"
	"	cmpl $1, %esi\n"
	"	jbe 3f\n"
	"1:	cmpl $157, %edi\n"
	"	jne 2f\n"
	"	cmpl $22, %esi\n"
	"	je 3f\n"
	"2:	movq sandbox_next(%rip), %rax\n"
	"	testq %rax, %rax\n"
	"	jz 4f\n"
	"	jmp *%rax\n"
	"3:	pushq %rdi\n"
	"	pushq %rsi\n"
	"	pushq %rdx\n"
	"	pushq %rcx\n"
	"	pushq %r8\n"
	"	call sandbox_note\n"
	"	popq %r8\n"
	"	popq %rcx\n"
	"	popq %rdx\n"
	"	popq %rsi\n"
	"	popq %rdi\n"
	"	jmp 2b\n"
	/* Before the constructor has run. */
	"4:	movq %rdi, %rax\n"
	"	movq %rsi, %rdi\n"
	"	movq %rdx, %rsi\n"
	"	movq %rcx, %rdx\n"
	"	movq %r8, %r10\n"
	"	movq %r9, %r8\n"
	"	movq 8(%rsp), %r9\n"
	"	syscall\n"
	"	cmpq $-4095, %rax\n"
	"	jae 5f\n"
	"	ret\n"
	"5:	negl %eax\n"
	"	movl %eax, %edi\n"
	"	jmp sandbox_failed\n"
	".size syscall, .-syscall\n");

#else
#error "syscall() is not written for this machine yet"
#endif
