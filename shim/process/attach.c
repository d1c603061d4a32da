/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and maps the files of the daemon, now and later: it may start after the program. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "line.h"
#include "shim/libc/real.h"
#include "shim/memory/runtime.h"
#include "shim.h"

/* How often a mapped table's file is looked at: it may have been replaced. */
#define CHECK_NS 1000000000ull

/* Says once why the program runs without faults. A missing file is no reason: the daemon may come. */
static void warn_once(const char *name, const char *what)
{
	if (!atomic_exchange(&shim.warned, true))
		shim_say("chaos-run: %s%s%s: %s; no faults are injected\n", shim.folder,
			*name ? "/" : "", name, what);
}

/* The runtime folder, opened; -1 if there is none, or if others could write to it. */
static int open_folder(void)
{
	int fd = open(shim.folder, O_DIRECTORY | O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && !(status.st_mode & 077))
		return fd;
	warn_once("", "is not a folder of this user alone (chmod 700)");
	real.close(fd);
	return -1;
}

/* Maps a file of at least `size` bytes that belongs to us. The descriptor does not stay open. */
static void *map_file(int folder, const char *name, size_t size, int protection, uint64_t *inode)
{
	int flags = protection & PROT_WRITE ? O_RDWR : O_RDONLY;
	int fd = openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	void *map = MAP_FAILED;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_uid != geteuid())
		warn_once(name, "is not a file of this user");
	else if ((uint64_t)status.st_size < size)
		warn_once(name, "is of another version, or damaged (restart chaos-control)");
	else
		map = mmap(NULL, size, protection, MAP_SHARED, fd, 0);
	*inode = status.st_ino;
	real.close(fd);
	return map == MAP_FAILED ? NULL : map;
}

static void attach_journal(int folder)
{
	struct journal *journal;
	uint64_t inode;

	if (atomic_load(&shim.journal))
		return;
	journal =
		map_file(folder, RUNTIME_JOURNAL, sizeof(*journal), PROT_READ | PROT_WRITE, &inode);
	if (!journal)
		return;
	if (!journal_valid(journal, sizeof(*journal))) {
		warn_once(RUNTIME_JOURNAL,
			"is of another version, or damaged (restart chaos-control)");
		munmap(journal, sizeof(*journal));
		return;
	}
	atomic_store(&shim.process, process_register(journal));
	atomic_store(&shim.journal, journal);
}

static void attach_table(int folder)
{
	const struct table *table;
	uint64_t inode;

	table = map_file(folder, RUNTIME_TABLE, sizeof(*table), PROT_READ, &inode);
	if (!table)
		return;
	if (!table_valid(table, sizeof(*table))) {
		warn_once(
			RUNTIME_TABLE, "is of another version, or damaged (restart chaos-control)");
		munmap((void *)table, sizeof(*table));
		return;
	}
	attach_journal(folder);
	atomic_store(&shim.table_inode, inode);
	atomic_store(&shim.table_checked, shim_now());
	atomic_store(&shim.table, table);
}

static void attach(void)
{
	int folder = open_folder();

	if (folder < 0)
		return;
	shim_load_model(folder);
	attach_table(folder);
	real.close(folder);
}

/* The old mapping is left alone: other threads may be reading it. */
static void detach(void)
{
	atomic_store(&shim.table, NULL);
	atomic_store(&shim.journal, NULL);
	atomic_store(&shim.process, NULL);
}

static bool is_replaced(const struct table *table, uint64_t now)
{
	uint64_t checked = atomic_load(&shim.table_checked);
	struct stat status;

	if (atomic_load(&table->retired))
		return true;
	if (now < checked + CHECK_NS ||
		!atomic_compare_exchange_strong(&shim.table_checked, &checked, now))
		return false;
	/* Gone: what was last in force stays so. */
	return stat(shim.table_path, &status) == 0 &&
	       status.st_ino != atomic_load(&shim.table_inode);
}

void shim_find_folder(void)
{
	char folder[PATH_MAX] = "", here[PATH_MAX] = "";
	int len;

	if (runtime_folder(folder, sizeof(folder)))
		return;
	/* A program may change its folder. */
	if (*folder != '/' && !getcwd(here, sizeof(here)))
		return;
	len = snprintf(shim.folder, sizeof(shim.folder), "%s%s%s", here, *here ? "/" : "", folder);
	if (len >= (int)sizeof(shim.folder))
		shim.folder[0] = '\0';
	snprintf(shim.table_path, sizeof(shim.table_path), "%s/" RUNTIME_TABLE, shim.folder);
}

/* While there is no daemon each request looks for one: the first after its start is to be seen. */
const struct table *shim_table(uint64_t now)
{
	const struct table *table = atomic_load_explicit(&shim.table, memory_order_acquire);
	int error = errno;

	if (table && !is_replaced(table, now))
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
