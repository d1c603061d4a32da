/* SPDX-License-Identifier: Apache-2.0 */
#include "waited.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "control/leftovers.h"
#include "supervise.h"

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

/* Those that end or steer a program. We stop when the command has, not before: it may handle the
 * terminal's. */
static const int passed_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM,
	SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU};

static sigset_t waited_for(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(*passed_on); i++)
		sigaddset(&set, passed_on[i]);
	return set;
}

/* Nothing has become of it since it was last waited for. */
static bool is_unchanged(pid_t child)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, (id_t)child, &info,
		       WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

/* From /proc: only a parent may wait. */
static bool is_stopped(pid_t process)
{
	char path[32], text[256], *end;
	ssize_t len = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", process);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[len > 0 ? len : 0] = '\0';
	end = strrchr(text, ')');
	return end && end[1] == ' ' && (end[2] == 'T' || end[2] == 't');
}

/* Somebody may wake or kill the command alone, of which a stopped parent learns nothing: then it is
 * woken, too. */
static pid_t begin_waking(pid_t child)
{
	static const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	pid_t parent = getpid(), waker = fork();

	if (waker)
		return waker;
	while (getppid() == parent && is_stopped(child))
		nanosleep(&pause, NULL);
	if (getppid() == parent)
		kill(parent, SIGCONT);
	_exit(EXIT_SUCCESS);
}

/* As the command did, so that a shell sees its job stopped; both go on together. */
static void stop_with(pid_t child, int number)
{
	pid_t waker = begin_waking(child);
	sigset_t set, mask;

	sigemptyset(&set);
	sigaddset(&set, number);
	if (number != SIGSTOP)
		signal(number, SIG_DFL);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &set, &mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (waker > 0) {
		kill(waker, SIGKILL);
		waitpid(waker, NULL, 0);
	}
	if (is_unchanged(child))
		kill(child, SIGCONT);
}

/* Returns the status that wait() gives. */
static int wait_for(pid_t child)
{
	sigset_t set = waited_for();
	siginfo_t info;
	int status;

	for (;;) {
		pid_t changed = waitpid(child, &status, WNOHANG | WUNTRACED);

		if (changed == child && !WIFSTOPPED(status))
			return status;
		if (changed < 0 && errno != EINTR)
			return NOT_EXECUTABLE << 8;
		if (changed == child) {
			stop_with(child, WSTOPSIG(status));
			continue;
		}
		/* What comes from the terminal has reached the child, too. */
		if (sigwaitinfo(&set, &info) > 0 && info.si_signo != SIGCHLD &&
			info.si_code != SI_KERNEL)
			kill(child, info.si_signo);
	}
}

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
	const struct waited *waited, const sigset_t *mask, const struct sigaction *on_child)
{
	char *const *command = waited->command, reason[SUPERVISE_REASON_MAX];
	int error;

	if (waited->is_supervised && supervise_self(waited->folder, STDERR_FILENO, reason) < 0) {
		fprintf(stderr, "chaos-run: cannot run %s: %s\n", command[0], reason);
		_exit(waited->own);
	}

	sigaction(SIGCHLD, on_child, NULL);
	sigprocmask(SIG_SETMASK, mask, NULL);
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

/* The command runs as our child. Returns as wait_for(), or -1. */
static int run(const struct waited *waited)
{
	struct sigaction on_child, standard = {.sa_handler = SIG_DFL};
	sigset_t set = waited_for(), mask;
	pid_t child;

	/* Where SIGCHLD is ignored, wait() learns nothing. */
	sigaction(SIGCHLD, &standard, &on_child);
	sigprocmask(SIG_BLOCK, &set, &mask);
	if (waited->reporter && !reporter_begin(waited->reporter) && waited->reporter->is_binding)
		return -1;
	child = fork();
	if (child == 0)
		run_child(waited, &mask, &on_child);
	if (child < 0) {
		fprintf(stderr, "chaos-run: %s\n", strerror(errno));
		return -1;
	}
	return wait_for(child);
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
