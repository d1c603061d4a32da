/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and maps the files of the daemon, now and later: it may start after the program. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"
#include "real.h"
#include "runtime.h"
#include "shim.h"

/* How often a mapped table's file is looked at: it may have been replaced. */
#define CHECK_NS 1000000000ull

/* Says once why the program runs without faults. A missing file is no reason: the daemon may come. */
static void warn_once(const char *path, const char *what)
{
	if (!atomic_exchange(&shim.warned, true))
		shim_say("chaos-run: %s: %s; no faults are injected\n", path, what);
}

/* Maps a file of at least `size` bytes that belongs to us. The descriptor does not stay open. */
static void *map_file(const char *path, size_t size, int protection, uint64_t *inode)
{
	int flags = protection & PROT_WRITE ? O_RDWR : O_RDONLY;
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	void *map = MAP_FAILED;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_uid != geteuid())
		warn_once(path, "is not a file of this user");
	else if ((uint64_t)status.st_size < size)
		warn_once(path, "is of another version, or damaged (restart chaos-control)");
	else
		map = mmap(NULL, size, protection, MAP_SHARED, fd, 0);
	if (inode)
		*inode = status.st_ino;
	real.close(fd);
	return map == MAP_FAILED ? NULL : map;
}

static void attach_journal(const char *folder)
{
	char path[PATH_MAX + 16];
	struct journal *journal;

	if (atomic_load(&shim.journal))
		return;
	snprintf(path, sizeof(path), "%s/" RUNTIME_JOURNAL, folder);
	journal = map_file(path, sizeof(*journal), PROT_READ | PROT_WRITE, NULL);
	if (!journal)
		return;
	if (!journal_valid(journal, sizeof(*journal))) {
		warn_once(path, "is of another version, or damaged (restart chaos-control)");
		munmap(journal, sizeof(*journal));
		return;
	}
	atomic_store(&shim.process, process_register(journal));
	atomic_store(&shim.journal, journal);
}

/* One thread at a time, never in a signal handler's way. */
static void attach(void)
{
	char folder[PATH_MAX], path[PATH_MAX + 16];
	const struct table *table;
	uint64_t inode = 0;

	if (runtime_folder(folder, sizeof(folder)))
		return;
	snprintf(path, sizeof(path), "%s/" RUNTIME_TABLE, folder);
	table = map_file(path, sizeof(*table), PROT_READ, &inode);
	if (!table)
		return;
	if (!table_valid(table, sizeof(*table))) {
		warn_once(path, "is of another version, or damaged (restart chaos-control)");
		munmap((void *)table, sizeof(*table));
		return;
	}
	attach_journal(folder);
	atomic_store(&shim.table_inode, inode);
	atomic_store(&shim.table_checked, shim_now());
	atomic_store(&shim.table, table);
}

/* The old mapping is left alone: other threads may be reading it. */
static void detach(void)
{
	atomic_store(&shim.table, NULL);
	atomic_store(&shim.journal, NULL);
	atomic_store(&shim.process, NULL);
}

static bool is_replaced(const struct table *table)
{
	char folder[PATH_MAX], path[PATH_MAX + 16];
	uint64_t now, checked = atomic_load(&shim.table_checked);
	struct stat status;

	if (atomic_load(&table->retired))
		return true;
	now = shim_now();
	if (now - checked < CHECK_NS ||
		!atomic_compare_exchange_strong(&shim.table_checked, &checked, now))
		return false;
	if (runtime_folder(folder, sizeof(folder)))
		return false;
	snprintf(path, sizeof(path), "%s/" RUNTIME_TABLE, folder);
	/* Gone: what was last in force stays so. */
	return stat(path, &status) == 0 && status.st_ino != atomic_load(&shim.table_inode);
}

const struct table *shim_table(void)
{
	const struct table *table = atomic_load_explicit(&shim.table, memory_order_acquire);
	int error = errno;

	if (table && !is_replaced(table))
		return table;
	if (!shim_is_own() || atomic_exchange(&shim.attaching, true))
		return table;
	if (table)
		detach();
	attach();
	atomic_store(&shim.attaching, false);
	errno = error;
	return atomic_load(&shim.table);
}

void shim_attach_child(void)
{
	struct journal *journal = atomic_load(&shim.journal);

	atomic_store(&shim.attaching, false);
	if (journal)
		atomic_store(&shim.process, process_register(journal));
}
