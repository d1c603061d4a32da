/* SPDX-License-Identifier: Apache-2.0 */
/* begins WAY MODE ENTRY... -- PROGRAM ARGUMENT...: begins another program in one of the ways that libc
 * has, with an environment of the ENTRYs alone. MODE: here, fork or vfork; threads (vforks from 64). */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 64

static const char *way;
static char **entries, **words;

static int is(const char *name)
{
	return strcmp(way, name) == 0;
}

/* Those without an environment of their own take the process's; a list is of one argument. */
static void execute(void)
{
	if (is("execve"))
		execve(words[0], words, entries);
	if (is("execvpe"))
		execvpe(words[0], words, entries);
	if (is("execveat"))
		execveat(AT_FDCWD, words[0], words, entries, 0);
	if (is("execveat of a descriptor"))
		execveat(open(words[0], O_RDONLY), "", words, entries, AT_EMPTY_PATH);
	if (is("fexecve"))
		fexecve(open(words[0], O_RDONLY), words, entries);
	if (is("fexecve of one that is closed"))
		fexecve(open(words[0], O_RDONLY | O_CLOEXEC), words, entries);
	if (is("execle"))
		execle(words[0], words[0], NULL, entries);
	environ = entries;
	if (is("execv"))
		execv(words[0], words);
	if (is("execvp"))
		execvp(words[0], words);
	if (is("execl"))
		execl(words[0], words[0], NULL);
	if (is("execlp"))
		execlp(words[0], words[0], NULL);
	_exit(127);
}

static void copy(FILE *from)
{
	for (int byte; (byte = getc(from)) != EOF;)
		putchar(byte);
}

/* Of what begins a child by itself: its status. False: it is none of these. */
static int spawn(int *status)
{
	pid_t child = 0;
	FILE *stream;

	if (is("posix_spawn"))
		errno = posix_spawn(&child, words[0], NULL, NULL, words, entries);
	else if (is("posix_spawnp"))
		errno = posix_spawnp(&child, words[0], NULL, NULL, words, entries);
	if (child)
		return waitpid(child, status, 0) > 0;
	environ = entries;
	if (is("system")) {
		*status = system(words[0]);
		return 1;
	}
	if (is("popen")) {
		stream = popen(words[0], "r");
		copy(stream);
		*status = pclose(stream);
		return 1;
	}
	return 0;
}

static int wait_for(pid_t child)
{
	int status = -1;

	waitpid(child, &status, 0);
	return status;
}

static void *by_vfork(void *status)
{
	pid_t child = vfork();

	if (child == 0)
		execute();
	*(int *)status = wait_for(child);
	return NULL;
}

static int by_threads(void)
{
	pthread_t threads[THREADS];
	int statuses[THREADS], worst = 0;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, by_vfork, &statuses[i]);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		worst |= statuses[i];
	}
	return worst;
}

static int begin(const char *mode)
{
	int status = 0;
	pid_t child;

	if (spawn(&status))
		return status;
	if (strcmp(mode, "here") == 0)
		execute();
	if (strcmp(mode, "threads") == 0)
		return by_threads();
	if (strcmp(mode, "vfork") == 0)
		by_vfork(&status);
	if (strcmp(mode, "fork") != 0)
		return status;
	child = fork();
	if (child == 0)
		execute();
	return wait_for(child);
}

int main(int argc, char **argv)
{
	char **before = environ;
	int status;

	if (argc < 5)
		return 2;
	way = argv[1];
	entries = words = argv + 3;
	while (strcmp(*words, "--") != 0)
		words++;
	*words++ = NULL;
	status = begin(argv[2]);
	environ = before;
	fflush(stdout);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
