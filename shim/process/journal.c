/* SPDX-License-Identifier: Apache-2.0 */
/* Maps of the journal what this process uses, at once and later. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cancel.h"
#include "files.h"
#include "observed.h"
#include "shim/libc/real.h"
#include "shim/memory/blocks.h"
#include "shim/memory/entry.h"
#include "shim/memory/runtime.h"
#include "shim.h"

#define GROUP_SIZE   (JOURNAL_GROUP * sizeof(struct journal_process))
#define COUNTER_SIZE (SHIM_COUNTERS * sizeof(struct journal_counter))

_Static_assert(GROUP_SIZE % TABLE_PAGE == 0 && COUNTER_SIZE % TABLE_PAGE == 0 &&
		       offsetof(struct journal, counters) % TABLE_PAGE == 0 &&
		       offsetof(struct journal, processes) % TABLE_PAGE == 0,
	"parts of the journal are mapped by pages");

static void *map_shared(int fd, size_t at, size_t len, void *place)
{
	void *map = mmap(place, len, PROT_READ | PROT_WRITE, MAP_SHARED | (place ? MAP_FIXED : 0),
		fd, (off_t)at);

	return map == MAP_FAILED ? NULL : map;
}

/* Maps the counters in use; the others have to wait for a rule that has one. */
static void map_counters(const struct journal *journal, int fd)
{
	uint64_t used = atomic_load(&journal->counters_used);
	size_t parts;
	char *map = NULL;

	if (used > JOURNAL_COUNTERS)
		used = JOURNAL_COUNTERS;
	parts = (used + SHIM_COUNTERS - 1) / SHIM_COUNTERS;
	if (parts)
		map = map_shared(
			fd, offsetof(struct journal, counters), parts * COUNTER_SIZE, NULL);
	for (size_t i = 0; i < SHIM_COUNTER_PARTS; i++) {
		void *part = map && i < parts ? map + i * COUNTER_SIZE : NULL;

		atomic_store(&shim.counters[i], part);
	}
}

/* Takes a line in the process list, of which a part is mapped: in `place`, or anywhere. A guest has all of it
 * mapped. */
static void take_line(struct journal *journal, int fd, struct journal_process *place)
{
	struct journal *guests = atomic_load(&shim.guests);
	uint32_t pid;
	uint64_t start;
	struct journal_process *group = NULL, *line = NULL;

	journal_self(&pid, &start);
	shim.is_relay = journal_relay_for() != 0;
	if (pid && guests)
		group = &guests->processes[pid % JOURNAL_GROUPS * JOURNAL_GROUP];
	else if (pid)
		group = map_shared(fd,
			offsetof(struct journal, processes) + pid % JOURNAL_GROUPS * GROUP_SIZE,
			GROUP_SIZE, place);
	if (group) {
		shim.group = group;
		line = process_register(journal, group, pid, start);
	} else {
		atomic_fetch_add(&journal->processes_lost, 1);
	}
	if (line)
		atomic_store(&line->run, shim.run);
	atomic_store(&shim.process, line);
}

static void map_journal(int folder, int fd, const struct stat *status)
{
	struct journal *journal = NULL;

	if ((uint64_t)status->st_size == sizeof(*journal)) {
		journal = map_shared(fd, 0, offsetof(struct journal, counters), NULL);
		if (!journal) {
			files_warn_of_want(folder, RUNTIME_JOURNAL, errno, "nothing is counted");
			return;
		}
	}
	if (!journal || !journal_valid(journal, (uint64_t)status->st_size)) {
		files_warn(RUNTIME_JOURNAL, FILES_OTHER_VERSION);
		if (journal)
			munmap(journal, offsetof(struct journal, counters));
		return;
	}
	atomic_store(&shim.guests, NULL);
	map_counters(journal, fd);
	take_line(journal, fd, NULL);
	/* A mapping of another journal is left alone: somebody may be writing there. */
	atomic_store(&shim.observer, NULL);
	atomic_store(&shim.journal_inode, status->st_ino);
	atomic_store(&shim.journal, journal);
}

/* The file of the mapped journal, opened; -1 if it has gone. */
static int open_journal_again(void)
{
	int folder = files_open_folder(), fd;
	struct stat status;

	if (folder < 0)
		return -1;
	fd = files_open(folder, RUNTIME_JOURNAL, O_RDWR, &status);
	real.close(folder);
	if (fd < 0 || status.st_ino == atomic_load(&shim.journal_inode))
		return fd;
	real.close(fd);
	return -1;
}

/* Whoever is before us will be done soon, and until then nothing can be counted. */
static bool begin_attaching(void)
{
	for (int patience = 10000; atomic_exchange(&shim.attaching, true); sched_yield())
		if (!patience--)
			return false;
	return true;
}

/* Unless that very file is mapped already. */
void journal_attach(int folder)
{
	struct stat status;
	int fd;

	if (!begin_attaching())
		return;
	fd = files_open(folder, RUNTIME_JOURNAL, O_RDWR, &status);
	if (fd >= 0) {
		if (!atomic_load(&shim.journal) ||
			atomic_load(&shim.journal_inode) != status.st_ino)
			map_journal(folder, fd, &status);
		real.close(fd);
	}
	atomic_store(&shim.attaching, false);
}

/* It is the daemon's: whatever other guests have written to it, nothing is read that is not within. */
static bool map_guests(int fd, const struct stat *status)
{
	struct journal *journal;

	if ((uint64_t)status->st_size != sizeof(*journal))
		return false;
	journal = map_shared(fd, 0, sizeof(*journal), NULL);
	if (!journal)
		return false;
	if (!journal_valid(journal, (uint64_t)status->st_size)) {
		munmap(journal, sizeof(*journal));
		return false;
	}
	atomic_store(&shim.observer, NULL);
	atomic_store(&shim.guests, journal);
	for (size_t i = 0; i < SHIM_COUNTER_PARTS; i++)
		atomic_store(&shim.counters[i], &journal->counters[i * SHIM_COUNTERS]);
	/* What a vfork child attaches to is its parent's, and so is to be the line. */
	atomic_store(&shim.process, NULL);
	if (shim_is_own())
		take_line(journal, -1, NULL);
	else
		atomic_store(&shim.unlisted, true);
	atomic_store(&shim.journal_inode, status->st_ino);
	atomic_store(&shim.journal, journal);
	return true;
}

/* Whoever looks meanwhile finds all of it, or nothing. */
static void keep_entry(const char *entry)
{
	char *kept = shim.follow.guests;

	if (*kept)
		return;
	strcpy(kept + 1, entry + 1);
	__atomic_store_n(kept, *entry, __ATOMIC_RELEASE);
}

bool journal_attach_guest(int fd, const char *entry)
{
	struct stat status;
	bool done;

	if (fstat(fd, &status) || !begin_attaching())
		return false;
	keep_entry(entry);
	done = (atomic_load(&shim.guests) && atomic_load(&shim.journal_inode) == status.st_ino) ||
	       map_guests(fd, &status);
	atomic_store(&shim.attaching, false);
	return done;
}

static struct journal_counter *map_counter_part(size_t part)
{
	struct journal_counter *map = NULL, *there = NULL;
	int cancel = cancel_put_off(), fd = -1;

	if (!atomic_load(&shim.sandboxed))
		fd = open_journal_again();
	if (fd >= 0) {
		map = map_shared(fd, offsetof(struct journal, counters) + part * COUNTER_SIZE,
			COUNTER_SIZE, NULL);
		real.close(fd);
	}
	cancel_allow(cancel);
	if (fd < 0)
		return NULL;
	if (!map || atomic_compare_exchange_strong(&shim.counters[part], &there, map))
		return map;
	munmap(map, COUNTER_SIZE);
	return there;
}

struct journal_counter *shim_counter(uint32_t counter)
{
	size_t part = counter / SHIM_COUNTERS;
	struct journal_counter *counters;
	int error = errno;

	if (counter >= JOURNAL_COUNTERS)
		return NULL;
	counters = atomic_load(&shim.counters[part]);
	if (!counters)
		counters = map_counter_part(part);
	errno = error;
	return counters ? &counters[counter % SHIM_COUNTERS] : NULL;
}

#define MAP_AGAIN_NS 1000000000ull

/* So much address space is left to a program that may have little. */
#define SPARED (64u << 20)

static bool has_address_space(size_t size)
{
	void *map = mmap(
		NULL, size + SPARED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return map != MAP_FAILED && munmap(map, size + SPARED) == 0;
}

/* A guest's journal is mapped whole. */
static struct observer *find_observed(struct journal *guests)
{
	struct observer *observer = blocks_take(sizeof(*observer));

	if (!observer)
		return NULL;
	observer->journal = guests;
	observer->map = (struct observed *)guests->operations;
	return observer;
}

/* The file of the journal is opened, and gives its mapping. */
static struct observer *map_observed(int fd)
{
	size_t size = sizeof(struct observed);
	struct observer *observer = blocks_take(sizeof(*observer));

	if (!observer)
		return NULL;
	observer->journal = atomic_load(&shim.journal);
	observer->map = map_shared(fd, offsetof(struct journal, operations), size, NULL);
	if (observer->map)
		return observer;
	blocks_give(observer);
	return NULL;
}

static struct observer *open_observed(void)
{
	struct observer *observer = NULL;
	int cancel = cancel_put_off(), fd = open_journal_again();

	if (fd >= 0) {
		if (has_address_space(sizeof(struct observed)))
			observer = map_observed(fd);
		real.close(fd);
	}
	cancel_allow(cancel);
	return observer;
}

static bool may_map(void)
{
	uint64_t failed = atomic_load(&shim.unobservable);

	return atomic_load(&shim.journal) && !atomic_load(&shim.sandboxed) &&
	       (!failed || shim_now() >= failed + MAP_AGAIN_NS);
}

struct observer *observed_map(void)
{
	struct journal *guests = atomic_load(&shim.guests);
	struct observer *observer = NULL, *there = NULL;
	int error = errno;

	if (!may_map())
		return NULL;
	/* A sandbox may let nobody map more. */
	if (blocks_reserve(SHIM_EVENT_SIZE))
		observer = guests ? find_observed(guests) : open_observed();
	if (!observer) {
		atomic_store(&shim.unobservable, shim_now());
	} else if (!atomic_compare_exchange_strong(&shim.observer, &there, observer)) {
		if (!guests)
			munmap(observer->map, sizeof(struct observed));
		blocks_give(observer);
		observer = there;
	}
	errno = error;
	return observer;
}

/* In the place of the parent's part of the list: what was interrupted by the fork may still count
 * there. */
static void list_child(struct journal *journal)
{
	int error = errno, cancel = cancel_put_off(), fd = -1;

	if (atomic_load(&shim.guests))
		take_line(journal, -1, NULL);
	else
		fd = open_journal_again();
	if (fd >= 0) {
		take_line(journal, fd, shim.group);
		real.close(fd);
	}
	cancel_allow(cancel);
	errno = error;
}

void shim_enlist(void)
{
	struct journal *journal = atomic_load(&shim.journal);

	if (!atomic_load_explicit(&shim.unlisted, memory_order_relaxed) || !journal ||
		atomic_load(&shim.sandboxed))
		return;
	/* Threads that begin together wait for the line, lest their calls miss in it. */
	if (!begin_attaching())
		return;
	if (atomic_load(&shim.unlisted)) {
		list_child(journal);
		atomic_store(&shim.unlisted, false);
	}
	atomic_store(&shim.attaching, false);
}
