/* SPDX-License-Identifier: Apache-2.0 */
/* on_heap PORT RECEIVE: reads an answer into memory that nobody has written to before, and prints its
 * status. */

#include <stdio.h>
#include <sys/uio.h>

#include "call.h"

static ssize_t receive(const char *how, int fd, char *buffer, size_t size)
{
	struct iovec parts[] = {{buffer, 5}, {buffer + 5, size - 5}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	if (strcmp(how, "recvmsg") == 0)
		return recvmsg(fd, &message, 0);
	if (strcmp(how, "readv") == 0)
		return readv(fd, parts, 2);
	return recv(fd, buffer, size, 0);
}

int main(int argc, char **argv)
{
	const size_t size = 4096;
	char *buffer = malloc(size);
	ssize_t got;
	int fd;

	if (argc != 3 || !buffer)
		errx(2, "PORT RECEIVE");
	port = atoi(argv[1]);
	fd = dial();
	put(fd, 0, REQUEST_LEN, 0);
	got = receive(argv[2], fd, buffer, size - 1);
	if (got < (ssize_t)strlen("HTTP/1.1 200"))
		err(1, "%s", argv[2]);
	buffer[got] = '\0';
	printf("%d\n", atoi(buffer + strlen("HTTP/1.1 ")));
	free(buffer);
	return 0;
}
