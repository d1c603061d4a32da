/* SPDX-License-Identifier: Apache-2.0 */
#include "waited.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/leftovers.h"
#include "passing.h"
#include "supervise.h"

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

__attribute__((noreturn)) static void end_by(int number)
{
	static const struct rlimit none = {0, 0};
	sigset_t set;

	/* The command has left its core already. */
	setrlimit(RLIMIT_CORE, &none);
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
	_exit(128 + number);
}

__attribute__((noreturn)) static void run_child(
	const struct waited *waited, const struct passing *before)
{
	char *const *command = waited->command, reason[SUPERVISE_REASON_MAX];
	int error;

	if (waited->is_supervised && supervise_self(waited->folder, STDERR_FILENO, reason) < 0) {
		fprintf(stderr, "chaos-run: cannot run %s: %s\n", command[0], reason);
		_exit(waited->own);
	}

	passing_leave(before);
	execvp(command[0], command);
	error = errno;
	fprintf(stderr, "chaos-run: cannot run %s: %s\n", command[0], strerror(error));
	_exit(error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

/* The exit code of what was asked about the run, before that of the command. -1: nothing was, or all is well. */
static int judge(const struct waited *waited, int status)
{
	int code = -1, said;
	bool is_told;

	if (waited->reporter) {
		said = reporter_end(waited->reporter, status);
		if (said > 0)
			code = said;
		else if (said < 0 && waited->reporter->is_binding)
			code = waited->own;
	}
	/* What was not seen makes all else doubtful. */
	is_told = waited->strict && strict_tell(waited->strict);
	if (silence_tell(waited->silence, waited->has_rules && !is_told) && waited->strict)
		is_told = true;
	return is_told ? waited->own : code;
}

/* The command runs as our child. Returns what wait() says of it, or -1. */
static int run(const struct waited *waited)
{
	struct passing before;
	pid_t child;
	int status;

	passing_begin(&before);
	if (waited->reporter && !reporter_begin(waited->reporter) && waited->reporter->is_binding)
		return -1;
	child = fork();
	if (child == 0)
		run_child(waited, &before);
	status = child < 0 ? -errno : passing_wait(child);
	if (status < 0)
		fprintf(stderr, "chaos-run: cannot wait for %s: %s\n", waited->command[0],
			strerror(-status));
	return status;
}

int waited_run(const struct waited *waited)
{
	int status = run(waited), code;

	if (status < 0)
		return waited->own;
	supervise_settle(waited->folder);
	code = judge(waited, status);
	/* A private daemon does so by itself, unless it was killed. */
	leftovers_remove_folder(waited->folder);
	if (code >= 0)
		return code;
	if (WIFSIGNALED(status))
		end_by(WTERMSIG(status));
	return WEXITSTATUS(status);
}
