/* SPDX-License-Identifier: Apache-2.0 */

#include "own.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/base/kernel.h"

enum { EXIT_NOT_FOUND = 127 };

bool own_find(const char *name, const char *const *places, char path[PATH_MAX])
{
	char self[PATH_MAX], candidate[2 * PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[len < 0 ? 0 : len] = '\0';
	*(strrchr(self, '/') ?: self) = '\0';
	for (; *places; places++) {
		bool absolute = **places == '/';

		if (!absolute && !*self)
			continue;
		snprintf(candidate, sizeof(candidate), "%s%s%s/%s", absolute ? "" : self,
			absolute ? "" : "/", *places, name);
		if (realpath(candidate, path) && access(path, R_OK) == 0)
			return true;
	}
	return false;
}

const char *own_program(const char *name, char path[PATH_MAX])
{
	static const char *const places[] = {
		".", "../sbin", "../bin", CHAOS_PREFIX "/sbin", CHAOS_PREFIX "/bin", NULL};

	return own_find(name, places, path) ? path : name;
}

const char *own_helper(const char *name, char path[PATH_MAX])
{
	static const char *const places[] = OWN_LIBRARY_PLACES;

	return own_find(name, places, path) ? path : name;
}

void own_execute(const char *const *argv)
{
	if (strchr(argv[0], '/'))
		errno = (int)-kernel_call(
			SYS_execve, (long)argv[0], (long)argv, (long)environ, 0, 0, 0);
	else
		execvp(argv[0], (char *const *)argv);
}

/* In the child. What is said goes to `out`. */
static void run_child(const char *const *argv, int out)
{
	int null = open("/dev/null", O_RDWR);

	unsetenv("LD_PRELOAD");
	if (dup2(out, 2) == 2 && null >= 0 && dup2(null, 0) == 0 && dup2(null, 1) == 1) {
		close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
		own_execute(argv);
	}
	dprintf(2, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(EXIT_NOT_FOUND);
}

/* All that comes until the last writer has gone, or sends a 0. */
static char *read_said(int in)
{
	FILE *file = fdopen(in, "r");
	char *text = NULL;
	size_t cap = 0;

	if (!file) {
		close(in);
		return strdup("");
	}
	if (getdelim(&text, &cap, '\0', file) < 0 && text)
		*text = '\0';
	fclose(file);
	return text;
}

static int wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run(const char *const *argv, char **said)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	child = fork();
	if (child == 0)
		run_child(argv, ends[1]);
	close(ends[1]);
	*said = read_said(ends[0]);
	return child > 0 ? wait_for(child) : -1;
}

int own_run(const char *const *argv, char **said)
{
	struct sigaction before, standard = {.sa_handler = SIG_DFL};
	int code;

	*said = NULL;
	/* Where SIGCHLD is ignored, wait() learns nothing. */
	sigaction(SIGCHLD, &standard, &before);
	code = run(argv, said);
	sigaction(SIGCHLD, &before, NULL);
	return code;
}
