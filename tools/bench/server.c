/* SPDX-License-Identifier: Apache-2.0 */

/* Answers every recv() on any connection with a 200, as fast as can be. Prints its port. */

#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: "
			     "application/x-amz-json-1.1\r\nContent-Length: 2\r\n\r\n{}";

static void *serve(void *argument)
{
	int fd = (int)(intptr_t)argument, on = 1;
	char in[65536];

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while (recv(fd, in, sizeof(in), 0) > 0)
		if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
			break;
	close(fd);
	return NULL;
}

int main(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&at, len) < 0 || listen(listener, 16) < 0 ||
		getsockname(listener, (struct sockaddr *)&at, &len) < 0)
		err(1, "listen");
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t thread;

		if (fd < 0 || pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) != 0)
			err(1, "accept");
		pthread_detach(thread);
	}
}
