/* SPDX-License-Identifier: Apache-2.0 */
#include "supervision.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

int supervision_watch(struct supervision *supervision, int fd, enum source source, uint32_t number)
{
	struct epoll_event event = {EPOLLIN, {.u64 = (uint64_t)source << 32 | number}};

	return epoll_ctl(supervision->events, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

void supervision_close(struct supervision *supervision, int fd)
{
	epoll_ctl(supervision->events, EPOLL_CTL_DEL, fd, NULL);
	close(fd);
}
