/* SPDX-License-Identifier: Apache-2.0 */
#include "linked.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_S 30

static void run_child(const char *const *argv, int out)
{
	int null = open("/dev/null", O_RDWR);

	unsetenv("LD_PRELOAD");
	alarm(PATIENCE_S);
	if (null >= 0 && dup2(null, 0) == 0 && dup2(null, 2) == 2 && dup2(out, 1) == 1)
		execv(argv[0], (char *const *)argv);
	_exit(127);
}

static bool read_lines(int in, void (*take)(void *user, char *line), void *user)
{
	FILE *file = fdopen(in, "r");
	char *line = NULL;
	size_t cap = 0;

	if (!file)
		return false;
	while (getline(&line, &cap, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		take(user, line);
	}
	free(line);
	fclose(file);
	return true;
}

static bool has_ended_well(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool linked_read(const char *const *argv, void (*take)(void *user, char *line), void *user)
{
	bool is_read;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	child = fork();
	if (child == 0)
		run_child(argv, ends[1]);
	close(ends[1]);
	is_read = read_lines(ends[0], take, user);
	if (!is_read)
		close(ends[0]);
	return child > 0 && has_ended_well(child) && is_read;
}

struct taker {
	void (*take)(void *user, const char *name, const char *path);
	void *user;
};

/* "\tNAME => PATH (ADDRESS)", or "\tPATH (ADDRESS)". */
static void take_library(void *user, char *line)
{
	const struct taker *taker = user;
	char *name = line + strspn(line, "\t "), *path = strstr(name, " => ");

	if (path) {
		*path = '\0';
		path += strlen(" => ");
	} else {
		path = name;
	}
	*strchrnul(path, ' ') = '\0';
	taker->take(taker->user, name, path);
}

bool linked_libraries(const char *file, const char *loader,
	void (*take)(void *user, const char *name, const char *path), void *user)
{
	const char *of_library[] = {loader, "--list", file, NULL};
	const char *of_program[] = {"/usr/bin/env", "LD_TRACE_LOADED_OBJECTS=1", file, NULL};
	struct taker taker = {take, user};

	return linked_read(loader ? of_library : of_program, take_library, &taker);
}
