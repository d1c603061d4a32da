/* SPDX-License-Identifier: Apache-2.0 */
#include "guests.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "report_address.h"
#include "shim/base/kernel.h"

bool guests_entry_valid(const char *entry, size_t cap)
{
	const size_t name = sizeof(GUESTS_VARIABLE "=") - 1;
	const char *end = memchr(entry, '\0', cap), *dot;

	if (!end || strncmp(entry, GUESTS_VARIABLE "=", name) != 0)
		return false;
	dot = strrchr(entry, '.');
	return dot && dot > entry + name && end - dot - 1 == GUESTS_SECRET_LEN;
}

/* A call with a patience of its own is never taken up again by the kernel; that many signals come in no second. */
#define INTERRUPTIONS 1000

static long patient_call(long number, long a, long b, long c, long d, long e)
{
	long result = -EINTR;

	for (int i = 0; result == -EINTR && i < INTERRUPTIONS; i++)
		result = kernel_call(number, a, b, c, d, e, 0);
	return result;
}

/* Raw system calls: this also runs inside the preloaded library, where these are hooks. */
static int open_socket(void)
{
	const struct timeval patience = {
		.tv_usec = GUESTS_PATIENCE % 1000 * 1000, .tv_sec = GUESTS_PATIENCE / 1000};
	int fd = (int)kernel_call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, 0, 0, 0);

	if (fd < 0)
		return fd;
	kernel_call(
		SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, (long)&patience, sizeof(patience), 0);
	kernel_call(
		SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, (long)&patience, sizeof(patience), 0);
	return fd;
}

/* The name of a daemon that has ended is anybody's to take: whoever is not root is not told the secret, and
 * not believed. */
static int connect_to_root(int fd, const char *token)
{
	struct ucred peer = {.uid = UINT32_MAX};
	socklen_t len = sizeof(peer);
	struct sockaddr_un address;
	socklen_t address_len = report_address(&address, token);
	int error;

	if (!address_len)
		return -EINVAL;
	error = (int)patient_call(SYS_connect, fd, (long)&address, address_len, 0, 0);
	if (!error)
		error = (int)kernel_call(
			SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, (long)&peer, (long)&len, 0);
	if (error)
		return error;
	return peer.uid == 0 ? 0 : -EPERM;
}

static int say_secret(int fd, const char *token)
{
	const char *secret = strrchr(token, '.') + 1;
	long sent =
		patient_call(SYS_sendto, fd, (long)secret, (long)strlen(secret), MSG_NOSIGNAL, 0);

	return sent < 0 ? (int)sent : 0;
}

static void close_all(int files[GUESTS_FILES])
{
	for (int i = 0; i < GUESTS_FILES; i++) {
		if (files[i] >= 0)
			kernel_call(SYS_close, files[i], 0, 0, 0, 0, 0);
		files[i] = -1;
	}
}

/* Takes the descriptors of a message. */
static void take_files(struct msghdr *message, int files[GUESTS_FILES])
{
	struct cmsghdr *part = CMSG_FIRSTHDR(message);
	size_t size;

	if (!part || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
		return;
	size = part->cmsg_len - CMSG_LEN(0);
	if (size > GUESTS_FILES * sizeof(*files))
		size = GUESTS_FILES * sizeof(*files);
	memcpy(files, CMSG_DATA(part), size);
}

static int receive(int fd, int files[GUESTS_FILES])
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(GUESTS_FILES * sizeof(int))];
	} control;
	struct guests_answer answer = {0};
	struct iovec piece = {&answer, sizeof(answer)};
	struct msghdr message = {.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	long len = patient_call(SYS_recvmsg, fd, (long)&message, MSG_CMSG_CLOEXEC, 0, 0);

	if (len < 0)
		return (int)len;
	take_files(&message, files);
	/* With few descriptors left, the kernel hands out as many as there are. */
	if (message.msg_flags & MSG_CTRUNC)
		return -EMFILE;
	if (len != sizeof(answer) || answer.count <= GUESTS_JOURNAL || files[answer.count - 1] < 0)
		return -EACCES;
	return 0;
}

bool guests_reach(const char *token)
{
	int fd = open_socket(), error;

	if (fd < 0)
		return false;
	error = connect_to_root(fd, token);
	kernel_call(SYS_close, fd, 0, 0, 0, 0, 0);
	return error == 0;
}

int guests_ask(const char *token, int files[GUESTS_FILES])
{
	int fd, error;

	for (int i = 0; i < GUESTS_FILES; i++)
		files[i] = -1;
	if (!strchr(token, '.'))
		return -EINVAL;
	fd = open_socket();
	if (fd < 0)
		return fd;
	error = connect_to_root(fd, token);
	if (!error)
		error = say_secret(fd, token);
	if (!error)
		error = receive(fd, files);
	kernel_call(SYS_close, fd, 0, 0, 0, 0, 0);
	if (error)
		close_all(files);
	return error;
}
