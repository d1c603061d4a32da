/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_ADDRESS_H
#define CHAOS_REPORT_ADDRESS_H

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* CHAOS_REPORT is NAME.SECRET: the abstract address of a datagram socket, which anybody on the machine may
 * see, and what its messages begin with, which the environment alone tells. */
#define REPORT_TOKEN_MAX 48

/* Returns the length of the address; 0: there is none in the token. */
static inline socklen_t report_address(struct sockaddr_un *address, const char *token)
{
	const char *end = strrchr(token, '.');
	size_t len = end ? (size_t)(end - token) : 0;

	if (!len || len >= sizeof(address->sun_path))
		return 0;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path + 1, token, len);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

#endif
