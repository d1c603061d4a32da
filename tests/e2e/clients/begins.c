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

/* The program's own folder, and its name there: in one of the ways that lead to a folder. */
static int spawn_in_folder(pid_t *child)
{
	char *name = strrchr(words[0], '/'), relative[256];
	posix_spawn_file_actions_t actions;

	*name++ = '\0';
	posix_spawn_file_actions_init(&actions);
	if (is("posix_spawn in a folder by two steps")) {
		posix_spawn_file_actions_addchdir_np(&actions, "/");
		posix_spawn_file_actions_addchdir_np(&actions, words[0] + 1);
	} else if (is("posix_spawn in a folder by its descriptor")) {
		posix_spawn_file_actions_addfchdir_np(
			&actions, open(words[0], O_RDONLY | O_DIRECTORY));
	} else if (is("posix_spawn in a folder that it opens")) {
		posix_spawn_file_actions_addchdir_np(&actions, "/");
		posix_spawn_file_actions_addopen(&actions, 50, words[0] + 1, O_RDONLY, 0);
		posix_spawn_file_actions_adddup2(&actions, 50, 60);
		posix_spawn_file_actions_addchdir_np(&actions, "/tmp");
		posix_spawn_file_actions_addfchdir_np(&actions, 60);
	} else {
		posix_spawn_file_actions_addchdir_np(&actions, words[0]);
	}
	snprintf(relative, sizeof(relative), "./%s", name);
	words[0] = relative;
	if (!is("posix_spawnp in a folder"))
		return posix_spawn(child, relative, &actions, NULL, words, entries);
	setenv("PATH", "", 1); /* the folder where it begins */
	return posix_spawnp(child, name, &actions, NULL, words, entries);
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
	else if (strstr(way, " in a folder"))
		errno = spawn_in_folder(&child);
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
