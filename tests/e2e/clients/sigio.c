/* SPDX-License-Identifier: Apache-2.0 */

/*
 * sigio PORT STATUS SIGNAL: calls that must end with STATUS, read whenever a signal says that there is
 * something: "io" is SIGIO, "rt" a real-time signal that names the descriptor.
 */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "call.h"

#define CALLS 3

static int number; /* of the signal */

static int dial_signalled(void)
{
	int fd = dial();

	if (fcntl(fd, F_SETOWN, getpid()) || (number != SIGIO && fcntl(fd, F_SETSIG, number)) ||
		fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC))
		err(1, "fcntl");
	return fd;
}

/* Says whether it was told of something to read; SIGIO does not tell of what. */
static bool wait_for_signal(const sigset_t *signals, int fd)
{
	siginfo_t info;

	if (sigtimedwait(signals, &info, &(struct timespec){WAIT_MS / 1000, 0}) < 0)
		err(1, "no signal came");
	if (number == SIGIO)
		return true;
	if (info.si_fd != fd)
		errx(1, "a signal for descriptor %d, not %d", info.si_fd, fd);
	return info.si_band & POLLIN;
}

static void call(const sigset_t *signals, int wanted)
{
	struct answer answer = {.len = 0};
	int fd = dial_signalled();
	ssize_t got = 1;

	put(fd, 0, REQUEST_LEN, 0);
	while (!is_whole(&answer)) {
		if (!wait_for_signal(signals, fd))
			continue;
		do
			got = get_some(fd, &answer, 0);
		while (got > 0 && !is_whole(&answer));
		if (got == 0 || (got < 0 && errno != EAGAIN))
			err(1, "recv: %zd after %zu bytes", got, answer.len);
	}
	check(&answer, wanted);
	close(fd);
	/* What is still on its way is of this connection. */
	while (sigtimedwait(signals, NULL, &(struct timespec){0, 0}) > 0)
		continue;
}

int main(int argc, char **argv)
{
	sigset_t signals;

	if (argc != 4)
		return 2;
	port = atoi(argv[1]);
	number = strcmp(argv[3], "rt") == 0 ? SIGRTMIN : SIGIO;
	sigemptyset(&signals);
	sigaddset(&signals, SIGIO); /* also where the queue of the other is full */
	sigaddset(&signals, number);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (int i = 0; i < CALLS; i++)
		call(&signals, atoi(argv[2]));
	return 0;
}
