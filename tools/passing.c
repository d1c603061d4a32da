/* SPDX-License-Identifier: Apache-2.0 */
#include "passing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Those that end or steer a program. We stop when the command has, not before: it may handle the
 * terminal's. */
static const int passed_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM,
	SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU};

sigset_t passing_set(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(*passed_on); i++)
		sigaddset(&set, passed_on[i]);
	return set;
}

void passing_begin(struct passing *before)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t set = passing_set();

	/* Where SIGCHLD is ignored, wait() learns nothing. */
	sigaction(SIGCHLD, &standard, &before->on_child);
	sigprocmask(SIG_BLOCK, &set, &before->mask);
}

void passing_leave(const struct passing *before)
{
	sigaction(SIGCHLD, &before->on_child, NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
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

int passing_wait(pid_t child)
{
	sigset_t set = passing_set();
	siginfo_t info;
	int status;

	for (;;) {
		pid_t changed = waitpid(child, &status, WNOHANG | WUNTRACED);

		if (changed == child && !WIFSTOPPED(status))
			return status;
		if (changed < 0 && errno != EINTR)
			return -errno;
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
