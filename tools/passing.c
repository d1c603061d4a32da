/* SPDX-License-Identifier: Apache-2.0 */
#include "passing.h"

#include <errno.h>
#include <stddef.h>
#include <sys/wait.h>

/* Stopping and going on reach both processes from the terminal. */
static const int passed_on[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH};

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

int passing_wait(pid_t child)
{
	sigset_t set = passing_set();
	siginfo_t info;
	int status;

	for (;;) {
		pid_t ended = waitpid(child, &status, WNOHANG);

		if (ended == child)
			return status;
		if (ended < 0 && errno != EINTR)
			return -errno;
		/* What comes from the terminal has reached the child, too. */
		if (sigwaitinfo(&set, &info) > 0 && info.si_signo != SIGCHLD &&
			info.si_code != SI_KERNEL)
			kill(child, info.si_signo);
	}
}
