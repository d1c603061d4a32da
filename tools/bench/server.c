/* SPDX-License-Identifier: Apache-2.0 */

/* Answers every recv() on any connection with a 200, as fast as can be. Prints its port. */

#include <err.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"
#include "request.h"

static void *serve(void *argument)
{
	int fd = (int)(intptr_t)argument, on = 1;
	char in[65536];

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while (recv(fd, in, sizeof(in), 0) > 0)
		if (send(fd, ANSWER, strlen(ANSWER), MSG_NOSIGNAL) < 0)
			break;
	close(fd);
	return NULL;
}

int main(void)
{
	int listener = listen_and_tell();

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t thread;

		if (fd < 0 || pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) != 0)
			err(1, "accept");
		pthread_detach(thread);
	}
}
