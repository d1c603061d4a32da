/* SPDX-License-Identifier: Apache-2.0 */
#include "unattached.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "plain.h"
#include "shim/memory/report_address.h"

static int bind_to(int fd, const char *token)
{
	struct sockaddr_un address;
	socklen_t len = report_address(&address, token);

	return bind(fd, (void *)&address, len) < 0 ? -errno : 0;
}

int unattached_listen(struct unattached *unattached)
{
	uint64_t secret;
	int error;

	if (getrandom(&secret, sizeof(secret), 0) != sizeof(secret))
		return -EIO;
	snprintf(unattached->token, sizeof(unattached->token), "chaos-run-%d.%016" PRIx64, getpid(),
		secret);
	unattached->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (unattached->socket < 0)
		return -errno;
	error = bind_to(unattached->socket, unattached->token);
	if (!error && setenv("CHAOS_REPORT", unattached->token, 1) < 0)
		error = -errno;
	if (error)
		close(unattached->socket);
	return error;
}

unsigned unattached_tell(const struct unattached *unattached)
{
	const size_t own = strlen(unattached->token);
	char line[1024];
	unsigned count = 0;
	ssize_t len;

	while ((len = recv(unattached->socket, line, sizeof(line) - 1, 0)) >= 0) {
		line[len] = '\0';
		if (strncmp(line, unattached->token, own) != 0)
			continue;
		count++;
		fputs("chaos-run: could not be given the rules: pid", stderr);
		print_plain(line + own, sizeof(line) - own);
		fputc('\n', stderr);
	}
	return count;
}
