/* SPDX-License-Identifier: Apache-2.0 */
#include "reporter.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "own.h"

bool reporter_add(struct reporter *reporter, const char *word)
{
	if (reporter->count == REPORTER_WORDS_MAX - 1)
		return false;
	reporter->words[reporter->count++] = word;
	return true;
}

void reporter_choose_run(struct reporter *reporter)
{
	if (getrandom(&reporter->run, sizeof(reporter->run), GRND_NONBLOCK) !=
		(ssize_t)sizeof(reporter->run))
		reporter->run = (uint32_t)getpid() ^ (uint32_t)time(NULL) << 16;
	reporter->run |= 1; /* never 0 */
}

__attribute__((noreturn)) static void run_child(const struct reporter *reporter, int socket)
{
	char path[PATH_MAX];
	const char *words[REPORTER_WORDS_MAX];

	memcpy(words, reporter->words, sizeof(words));
	words[0] = own_helper(REPORTER_PROGRAM, path);
	unsetenv("LD_PRELOAD");
	if (dup2(socket, STDIN_FILENO) == STDIN_FILENO) {
		close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
		own_execute(words);
	}
	fprintf(stderr, "chaos-run: cannot run %s: %s; build or install it anew\n", words[0],
		strerror(errno));
	_exit(127);
}

static int wait_for(const struct reporter *reporter)
{
	int status;

	while (waitpid(reporter->child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	fprintf(stderr, "chaos-run: there is no report: %s was killed by signal %d\n",
		REPORTER_PROGRAM, WTERMSIG(status));
	return -1;
}

static bool is_ready(const struct reporter *reporter)
{
	ssize_t len;
	char byte;

	do
		len = read(reporter->socket, &byte, 1);
	while (len < 0 && errno == EINTR);
	return len == 1;
}

bool reporter_begin(struct reporter *reporter)
{
	int ends[2];

	reporter->child = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		fprintf(stderr, "chaos-run: cannot report: %s\n", strerror(errno));
		return false;
	}
	reporter->words[reporter->count] = NULL;
	reporter->child = fork();
	if (reporter->child == 0)
		run_child(reporter, ends[1]);
	close(ends[1]);
	reporter->socket = ends[0];
	if (reporter->child < 0) {
		fprintf(stderr, "chaos-run: cannot report: %s\n", strerror(errno));
		close(ends[0]);
		return false;
	}
	if (is_ready(reporter))
		return true;
	wait_for(reporter);
	close(ends[0]);
	reporter->child = -1;
	return false;
}

int reporter_end(struct reporter *reporter, int status)
{
	if (reporter->child < 0)
		return 0;
	/* It may have been killed. */
	send(reporter->socket, &status, sizeof(status), MSG_NOSIGNAL);
	close(reporter->socket);
	return wait_for(reporter);
}
