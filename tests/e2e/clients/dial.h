/* SPDX-License-Identifier: Apache-2.0 */
/* The server of the clients in C. */

#include <arpa/inet.h>
#include <err.h>
#include <sys/socket.h>

static int port;

static int dial(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int made = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(made, (struct sockaddr *)&to, sizeof(to)))
		err(1, "connect");
	return made;
}
