/* SPDX-License-Identifier: Apache-2.0 */
#include "unled.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim/memory/entry.h"
#include "shim/memory/runtime.h"

static struct journal *map(const char *folder)
{
	char path[PATH_MAX];
	struct stat status;
	void *map = MAP_FAILED;
	int fd;

	snprintf(path, sizeof(path), "%s/" RUNTIME_JOURNAL, folder);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && (uint64_t)status.st_size == sizeof(struct journal))
		map = mmap(NULL, sizeof(struct journal), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return map == MAP_FAILED ? NULL : map;
}

/* As --intercept takes it: any name of this machine, or the address. */
static void describe(const struct sockaddr_storage *server, char text[JOURNAL_HOST_MAX])
{
	const struct sockaddr_in *v4 = (const void *)server;
	const struct sockaddr_in6 *v6 = (const void *)server;
	bool is_v6 = server->ss_family == AF_INET6;
	bool is_local = is_v6 ? IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr)
			      : ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	char address[INET6_ADDRSTRLEN] = "";

	inet_ntop(server->ss_family, is_v6 ? (const void *)&v6->sin6_addr : &v4->sin_addr, address,
		sizeof(address));
	if (is_local)
		snprintf(text, JOURNAL_HOST_MAX, "localhost:%u", ntohs(v4->sin_port));
	else
		snprintf(text, JOURNAL_HOST_MAX, is_v6 ? "[%s]:%u" : "%s:%u", address,
			ntohs(v4->sin_port));
}

static void count(struct journal *journal, uint32_t pid, const char *host)
{
	struct journal_process *group = &journal->processes[pid % JOURNAL_GROUPS * JOURNAL_GROUP];
	struct journal_process *line = NULL;
	uint64_t start = journal_process_start(pid);

	if (start && journal_valid(journal, sizeof(*journal)))
		line = process_register(journal, group, pid, start);
	if (!line)
		return;
	atomic_fetch_add(&journal->blind[JOURNAL_BLIND_PORT], 1);
	atomic_fetch_add(&line->blind[JOURNAL_BLIND_PORT], 1);
	process_note_blind(line, JOURNAL_BLIND_PORT, host, NULL);
}

void unled_count(
	const char *folder, const struct supervised *program, const struct sockaddr_storage *server)
{
	struct journal *journal = map(folder);
	char host[JOURNAL_HOST_MAX];

	if (!journal)
		return;
	describe(server, host);
	count(journal, (uint32_t)program->pid, host);
	munmap(journal, sizeof(*journal));
}
