/* SPDX-License-Identifier: Apache-2.0 */

/*
 * zerocopy PORT STATUS PIECES: a call that must end with STATUS, sent in so many pieces by MSG_ZEROCOPY.
 * Waits for the completion of all of them, then for the answer.
 */

#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <time.h>

#include <linux/errqueue.h>

#include "call.h"

/* The sends that one message of the error queue tells of. Returns how many. */
static uint32_t take_completion(int fd, uint32_t first)
{
	char room[256];
	struct msghdr message = {.msg_control = room, .msg_controllen = sizeof(room)};
	struct sock_extended_err *error;
	struct cmsghdr *control;

	if (recvmsg(fd, &message, MSG_ERRQUEUE) < 0)
		err(1, "recvmsg of the error queue");
	control = CMSG_FIRSTHDR(&message);
	if (!control || control->cmsg_level != SOL_IP || control->cmsg_type != IP_RECVERR)
		errx(1, "no completion in the error queue");
	error = (struct sock_extended_err *)CMSG_DATA(control);
	if (error->ee_origin != SO_EE_ORIGIN_ZEROCOPY || error->ee_errno != 0)
		errx(1, "origin %d, error %u", error->ee_origin, error->ee_errno);
	if (error->ee_info != first || error->ee_data < first)
		errx(1, "sends %u to %u are done, %u is next", error->ee_info, error->ee_data,
			first);
	return error->ee_data - first + 1;
}

static void wait_for_completions(int fd, uint32_t count)
{
	struct pollfd errors = {.fd = fd};
	uint32_t done = 0;

	while (done < count) {
		if (poll(&errors, 1, WAIT_MS) != 1)
			errx(1, "%u of %u completions came", done, count);
		done += take_completion(fd, done);
	}
	if (done != count)
		errx(1, "%u completions for %u sends", done, count);
}

int main(int argc, char **argv)
{
	size_t pieces;
	int on = 1, fd;

	if (argc != 4)
		return 2;
	port = atoi(argv[1]);
	pieces = (size_t)atoi(argv[3]);
	fd = dial();
	if (setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)))
		err(1, "SO_ZEROCOPY");
	for (size_t i = 0; i < pieces; i++)
		put(fd, REQUEST_LEN * i / pieces, REQUEST_LEN * (i + 1) / pieces, MSG_ZEROCOPY);
	wait_for_completions(fd, (uint32_t)pieces);
	get_answer(fd, atoi(argv[2]));
	return 0;
}
