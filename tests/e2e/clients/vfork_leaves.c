/* SPDX-License-Identifier: Apache-2.0 */
/* vfork_leaves PROGRAM: what does a vfork child leave in its parent's memory that executes PROGRAM with an
 * empty environment? Prints what has changed: mappings, the heap, errno. The child runs on a stack like
 * that of a signal handler. */

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK (16 * 1024)

static char *program;

static void handle(int number)
{
	char *words[] = {program, NULL}, *none[] = {NULL};
	pid_t child = vfork();

	(void)number;
	if (child == 0) {
		execve(program, words, none);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

/* The mappings, without what the stack of the first thread may grow to. */
static size_t read_maps(char *text, size_t cap)
{
	FILE *file = fopen("/proc/self/maps", "r");
	size_t len = fread(text, 1, cap, file);

	fclose(file);
	return len;
}

int main(int argc, char **argv)
{
	static char stack[STACK], before[1 << 16], after[1 << 16];
	stack_t handlers = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
	struct mallinfo2 heap;
	size_t len;

	if (argc < 2)
		return 2;
	program = argv[1];
	sigaltstack(&handlers, NULL);
	sigaction(SIGUSR1, &action, NULL);
	read_maps(before, sizeof(before));
	len = read_maps(before, sizeof(before));
	heap = mallinfo2();
	errno = ENOTTY;
	raise(SIGUSR1);
	if (errno != ENOTTY)
		puts("errno");
	if (mallinfo2().uordblks != heap.uordblks)
		puts("the heap");
	if (read_maps(after, sizeof(after)) != len || memcmp(before, after, len) != 0)
		puts("mappings");
	return 0;
}
