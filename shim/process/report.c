/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shim.h"
#include "shim/libc/real.h"
#include "shim/memory/report_address.h"

/* What is wrong with the folder, to be read after its path. */
static const char *reason(void)
{
	int fd = real.open(shim.folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return strerrordesc_np(errno);
	real.close(fd);
	fd = real.open(shim.table_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? "no daemon's table is there" : strerrordesc_np(errno);
	real.close(fd);
	return "its table cannot be used";
}

void report_unattached(void)
{
	const char *token = secure_getenv("CHAOS_REPORT");
	struct sockaddr_un address;
	socklen_t address_len;
	char line[1024];
	int len, fd;

	if (!token || atomic_load(&shim.table) || atomic_load(&shim.unattached))
		return;
	address_len = report_address(&address, token);
	if (!address_len)
		return;
	len = snprintf(line, sizeof(line), "%s %d, %s: %s: %s", token, (int)getpid(),
		program_invocation_short_name, shim.folder, reason());
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	fd = real.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* There is nobody to tell if nobody is there. */
	real.sendto(
		fd, line, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL, (void *)&address, address_len);
	real.close(fd);
}
