/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfork(): the child runs in the memory of its parent, with a table of descriptors of its own. What it
 * closes is still open in the parent, so its calls must not be looked at; it is marked as inside from
 * its first instruction to its last, and costs no system call to be told.
 *
 * No C function can do that: the child would return through the stack frame that the parent needs.
 */

#include <errno.h>

#include "shim/process/inside.h"

#if defined(__x86_64__)

int vfork_failed(int error) __attribute__((visibility("hidden")));
int vfork_failed(int error)
{
	errno = error;
	return -1;
}

/* The return address waits in rdi, and the parent's mark in rsi: the kernel keeps both. */
__asm__(".text\n"
	".globl vfork\n"
	".type vfork, @function\n"
	"vfork:\n"
	"	popq %rdi\n"
	"	movq inside@gottpoff(%rip), %rdx\n"
	"	movl %fs:(%rdx), %esi\n"
	"	movl $1, %fs:(%rdx)\n"
	"	movl $58, %eax\n"
	"	syscall\n"
	"	pushq %rdi\n"
	"	testl %eax, %eax\n"
	"	jz 1f\n"
	"	movq inside@gottpoff(%rip), %rdx\n"
	"	movl %esi, %fs:(%rdx)\n"
	"	cmpl $-4095, %eax\n"
	"	jae 2f\n"
	"1:	ret\n"
	"2:	negl %eax\n"
	"	movl %eax, %edi\n"
	"	jmp vfork_failed\n"
	".size vfork, .-vfork\n");

#else
#error "vfork() is not written for this machine yet"
#endif
