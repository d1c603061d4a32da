/* SPDX-License-Identifier: Apache-2.0 */

#include "folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "shim/memory/runtime.h"

/* Below /tmp anybody may have made the folder, and so be the daemon. */
int folder_check(const char *folder)
{
	struct stat info;

	if (stat(folder, &info) < 0)
		return -errno;
	if (!S_ISDIR(info.st_mode))
		return -ENOTDIR;
	if (info.st_uid != geteuid())
		return -EPERM;
	return info.st_mode & (S_IWGRP | S_IWOTH) ? -FOLDER_SHARED : 0;
}

int folder_probe(const char *folder)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int len =
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/" RUNTIME_SOCKET, folder);
	int error, fd;

	if (len < 0 || (size_t)len >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	error = folder_check(folder);
	if (error)
		return error;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		error = -errno;
	close(fd);
	return error == -EAGAIN ? 0 : error; /* it is there, but busy */
}

const char *folder_error(int error)
{
	switch (error) {
	case -ENOENT:
	case -ECONNREFUSED:
		return "no daemon answers there";
	case -EPERM:
		return "the folder is another user's";
	case -FOLDER_SHARED:
		return "others may write to the folder; chmod 700 it, or choose another";
	case -ENAMETOOLONG:
		return "the path is too long for a socket";
	default:
		return strerror(-error);
	}
}
