/* SPDX-License-Identifier: Apache-2.0 */
#include "guests.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shim/memory/report_address.h"
#include "shim/memory/runtime.h"

/* Of strangers, who may connect and say nothing: the first to come is the first to go. */
#define PLACES 32

/* How long one is waited for. */
#define PATIENCE_MS GUESTS_PATIENCE

/* ---- their journal ---- */

static int seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

/* Its own room is as large as what guests write to it. */
static struct journal *make_journal(int *fd)
{
	struct journal *journal = MAP_FAILED;

	*fd = memfd_create("chaos-guests", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0)
		return NULL;
	if (fchmod(*fd, 0600) == 0 && ftruncate(*fd, sizeof(*journal)) == 0 && seal(*fd) == 0)
		journal = mmap(NULL, sizeof(*journal), PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (journal == MAP_FAILED) {
		close(*fd);
		return NULL;
	}
	journal->magic = JOURNAL_MAGIC;
	journal->version = JOURNAL_VERSION;
	journal->header_size = offsetof(struct journal, counters);
	journal->size = sizeof(*journal);
	return journal;
}

static uint64_t inode_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

/* ---- their socket ---- */

static int make_entry(char entry[GUESTS_ENTRY_MAX])
{
	uint64_t name, secret[2];

	if (getrandom(&name, sizeof(name), 0) != sizeof(name) ||
		getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return -EIO;
	snprintf(entry, GUESTS_ENTRY_MAX,
		GUESTS_VARIABLE "=chaos-guests-%016" PRIx64 ".%016" PRIx64 "%016" PRIx64, name,
		secret[0], secret[1]);
	return 0;
}

static int listen_as(const char *token)
{
	struct sockaddr_un address;
	socklen_t len = report_address(&address, token);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (len && bind(fd, (void *)&address, len) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	close(fd);
	return -1;
}

static const char *token_of(const struct guests *guests)
{
	return strchr(guests->entry, '=') + 1;
}

/* Under the name of the daemon before, which programs that run have in their environment; under a new one if
 * somebody has taken that. */
static int open_listener(struct guests *guests, const struct journal *own)
{
	int fd = -1;

	memcpy(guests->entry, own->guests, sizeof(guests->entry));
	for (int tries = 0; fd < 0 && tries < 2; tries++) {
		bool is_valid = guests_entry_valid(guests->entry, sizeof(guests->entry));

		if ((tries > 0 || !is_valid) && make_entry(guests->entry))
			return -1;
		fd = listen_as(token_of(guests));
	}
	return fd;
}

void guests_open(struct guests *guests, const struct journal *own, int folder_fd)
{
	*guests = (struct guests){.journal_fd = -1, .listener = -1, .folder_fd = folder_fd};
	if (geteuid() != 0)
		return;
	guests->journal = make_journal(&guests->journal_fd);
	if (!guests->journal)
		return;
	guests->listener = open_listener(guests, own);
	if (guests->listener < 0)
		guests_close(guests);
}

/* ---- who they are ---- */

static void note_user(struct guests *guests, uid_t user)
{
	for (int i = 0; user && i < GUESTS_USERS; i++) {
		uint32_t there = 0;

		if (atomic_compare_exchange_strong(&guests->users[i], &there, user) ||
			there == user)
			return;
	}
}

static bool is_user(const struct guests *guests, unsigned user)
{
	for (int i = 0; user && i < GUESTS_USERS; i++)
		if (atomic_load(&guests->users[i]) == user)
			return true;
	return false;
}

bool guests_any(const struct guests *guests)
{
	return guests->journal && atomic_load(&guests->users[0]);
}

/* /proc/PID itself is root's where the program may not be read. */
bool guests_has_user_of(const struct guests *guests, uint32_t pid)
{
	char path[32], text[2048];
	const char *line;
	unsigned user;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	line = strstr(text, "\nUid:");
	/* The real one, and the effective one. */
	return line && sscanf(line, "\nUid: %*u %u", &user) == 1 && is_user(guests, user);
}

/* ---- what they are told ---- */

static bool is_secret(const struct guests *guests, const char *said, ssize_t len)
{
	const char *secret = strrchr(token_of(guests), '.') + 1;
	unsigned different = 0;

	if (len != GUESTS_SECRET_LEN)
		return false;
	for (int i = 0; i < GUESTS_SECRET_LEN; i++)
		different |= (unsigned char)(said[i] ^ secret[i]);
	return !different;
}

/* Opened to be read alone: its mode keeps others from opening it by that descriptor anew. */
static int open_to_read(const struct guests *guests, const char *name)
{
	return openat(guests->folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

static void pass_files(int socket, const int *files, unsigned char count)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(GUESTS_FILES * sizeof(int))];
	} control = {0};
	struct guests_answer answer = {count};
	struct iovec piece = {&answer, sizeof(answer)};
	struct msghdr message = {.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int))};
	struct cmsghdr *part = CMSG_FIRSTHDR(&message);

	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(part), files, count * sizeof(int));
	/* One that has gone is not waited for. */
	if (sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
}

static void give(struct guests *guests, int socket)
{
	int table = open_to_read(guests, RUNTIME_TABLE),
	    model = open_to_read(guests, RUNTIME_MODEL);
	const int files[GUESTS_FILES] = {
		[GUESTS_TABLE] = table,
		[GUESTS_JOURNAL] = guests->journal_fd,
		[GUESTS_MODEL] = model,
	};
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (table >= 0 && getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0) {
		note_user(guests, peer.uid);
		pass_files(socket, files, model >= 0 ? GUESTS_FILES : GUESTS_MODEL);
	}
	if (table >= 0)
		close(table);
	if (model >= 0)
		close(model);
}

/* ---- the thread ---- */

struct places {
	struct pollfd list[1 + PLACES]; /* the listener first; .fd -1: nobody */
	uint64_t until[1 + PLACES];	/* in milliseconds */
	unsigned next;
};

static uint64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void leave(struct pollfd *place)
{
	close(place->fd);
	*place = (struct pollfd){-1, POLLIN, 0};
}

static void welcome(struct places *places, uint64_t now)
{
	int fd = accept4(places->list[0].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	unsigned at = 1 + places->next;

	if (fd < 0) {
		/* Without descriptors it would stay at the door: no haste then. */
		if (errno == EMFILE || errno == ENFILE)
			poll(NULL, 0, 50);
		return;
	}
	places->next = (places->next + 1) % PLACES;
	if (places->list[at].fd >= 0)
		leave(&places->list[at]);
	places->list[at] = (struct pollfd){fd, POLLIN, 0};
	places->until[at] = now + PATIENCE_MS;
}

static void hear(struct guests *guests, struct pollfd *place)
{
	char said[GUESTS_SECRET_LEN + 1];
	ssize_t len = recv(place->fd, said, sizeof(said), 0);

	if (is_secret(guests, said, len))
		give(guests, place->fd);
	leave(place);
}

static void look_at(struct guests *guests, struct places *places)
{
	uint64_t now = now_ms();

	for (int i = 1; i <= PLACES; i++) {
		if (places->list[i].fd < 0)
			continue;
		if (places->list[i].revents)
			hear(guests, &places->list[i]);
		else if (now >= places->until[i])
			leave(&places->list[i]);
	}
	if (places->list[0].revents)
		welcome(places, now);
}

static void *attend(void *context)
{
	struct guests *guests = context;
	struct places places = {.next = 0};

	for (int i = 1; i <= PLACES; i++)
		places.list[i].fd = -1;
	places.list[0] = (struct pollfd){guests->listener, POLLIN, 0};
	while (!atomic_load(&guests->stops)) {
		if (poll(places.list, 1 + PLACES, PATIENCE_MS) >= 0)
			look_at(guests, &places);
	}
	for (int i = 1; i <= PLACES; i++)
		if (places.list[i].fd >= 0)
			leave(&places.list[i]);
	return NULL;
}

static bool begin_thread(struct guests *guests)
{
	if (!guests->journal)
		return false;
	if (pthread_create(&guests->thread, NULL, attend, guests) == 0)
		return true;
	guests->thread = 0;
	return false;
}

void guests_start(struct guests *guests, struct journal *own, struct table_file *table)
{
	bool are_served = begin_thread(guests);

	if (are_served)
		memcpy(own->guests, guests->entry, sizeof(own->guests));
	else
		memset(own->guests, 0, sizeof(own->guests));
	atomic_store(&table->guests, are_served ? inode_of(guests->journal_fd) : 0);
}

void guests_close(struct guests *guests)
{
	atomic_store(&guests->stops, 1);
	if (guests->listener >= 0)
		shutdown(guests->listener, SHUT_RDWR);
	if (guests->thread)
		pthread_join(guests->thread, NULL);
	if (guests->listener >= 0)
		close(guests->listener);
	if (guests->journal) {
		munmap(guests->journal, sizeof(*guests->journal));
		close(guests->journal_fd);
	}
	guests->journal = NULL;
	guests->listener = -1;
	guests->thread = 0;
}
