/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and maps the daemon's table, now and later: it may start after the program. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cancel.h"
#include "files.h"
#include "guest.h"
#include "shim/libc/real.h"
#include "shim/memory/runtime.h"
#include "shim.h"

/* How often a file that is in use, or of no use, is looked at: it may have been replaced. */
#define CHECK_NS 1000000000ull

#define NOT_IN_USE "is not in use any more (restart chaos-control)"

static uint64_t coarse_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

/* A file that is of no use is not mapped for each call anew. */
static void refuse(uint64_t inode)
{
	atomic_store(&shim.refused, inode);
	atomic_store(&shim.refused_at, coarse_now());
}

static bool is_refused(uint64_t inode)
{
	return atomic_load(&shim.refused) == inode &&
	       coarse_now() < atomic_load(&shim.refused_at) + CHECK_NS;
}

/* Maps the table that stands in the folder. NULL with errno: EINVAL if it is of no use, EAGAIN if it
 * was replaced meanwhile. */
static struct table *map_table(int folder)
{
	struct stat status;
	int fd = files_open(folder, RUNTIME_TABLE, O_RDONLY, &status), error;
	struct table *table = NULL;

	if (fd < 0)
		return NULL;
	if (is_refused(status.st_ino)) {
		errno = ESTALE;
	} else {
		table = table_map(fd, (uint64_t)status.st_size);
		if (!table && errno == EINVAL)
			refuse(status.st_ino);
	}
	error = errno;
	real.close(fd);
	errno = error;
	if (!table)
		return NULL;
	table->inode = status.st_ino;
	atomic_store(&shim.looked, coarse_now());
	if (!atomic_load(&table->file.retired))
		return table;
	table_unmap(table);
	errno = EAGAIN;
	return NULL;
}

/* As map_table(), and tells of what is wrong. A table that is retired between its opening and its
 * mapping has a successor; one that stays so, as a file mounted alone may, has none. */
static struct table *find_table(int folder)
{
	struct stat status = {0};
	struct table *table = NULL;
	int error;

	errno = EAGAIN;
	for (int tries = 0; !table && errno == EAGAIN && tries < 3; tries++)
		table = map_table(folder);
	if (table)
		return table;
	error = errno;
	if (error == EAGAIN && fstatat(folder, RUNTIME_TABLE, &status, AT_SYMLINK_NOFOLLOW) == 0)
		refuse(status.st_ino);
	if (error == ENOMEM)
		files_warn_of_want(folder, RUNTIME_TABLE, error, "no faults are injected");
	else if (error == EINVAL)
		files_warn(RUNTIME_TABLE, FILES_OTHER_VERSION);
	else if (error == ESTALE || error == EAGAIN)
		files_warn(RUNTIME_TABLE, NOT_IN_USE);
	errno = error;
	return NULL;
}

/* Puts `next` in the place of `old`, unless another thread was first. Returns what is there then. The
 * old mapping is left alone: other threads may be reading it. */
static const struct table *put_table(const struct table *old, struct table *next)
{
	if (atomic_compare_exchange_strong(&shim.table, &old, next))
		return next;
	if (next)
		table_unmap(next);
	return old;
}

/* For --strict: rules were in force that this process has not. */
static void count_unattached(void)
{
	struct journal *journal = atomic_load(&shim.journal);

	if (journal && !atomic_exchange(&shim.unattached, true))
		atomic_fetch_add(&journal->unattached, 1);
}

/* A guest whose daemon does not answer keeps the rules that it has, and tells of it. */
static const struct table *attach_guest(const struct table *old)
{
	struct table *table = guest_attach();

	if (!atomic_load(&shim.begun))
		follow_forget_authority(&shim.follow);
	if (table)
		return put_table(old, table);
	if (old)
		count_unattached();
	if (!old || !guest_may_be()) {
		files_warn_of_access();
		return old ? put_table(old, NULL) : NULL;
	}
	atomic_store(&shim.kept_at, coarse_now());
	if (!atomic_exchange(&shim.warned, true))
		shim_say("chaos-run: %s: the daemon does not answer this user; the rules stay as "
			 "they were\n",
			shim.folder);
	return old;
}

/*
 * Looks for the table that is to take the place of `old`, if any. What is wanting to map it may come
 * again, and until then the old rules are better than none; likewise when the files have gone without
 * anybody having retired them. `old` itself is not to be mapped again.
 */
static const struct table *attach(const struct table *old)
{
	int folder = files_open_folder();
	struct table *table = NULL;
	int error = errno;

	if (folder < 0 && error == EACCES)
		return attach_guest(old);
	if (folder >= 0) {
		if (old && atomic_load(&old->file.retired))
			refuse(old->inode);
		shim_load_model(folder);
		table = find_table(folder);
		error = errno;
		if (table)
			journal_attach(folder);
		real.close(folder);
	}
	if (table)
		return put_table(old, table);
	if (!old)
		return NULL;
	if (error == ENOMEM || error == EMFILE || error == ENFILE ||
		(error == ENOENT && !atomic_load(&old->file.retired))) {
		atomic_store(&shim.kept_at, coarse_now());
		return old;
	}
	return put_table(old, NULL);
}

/* The one look that a request takes as long as there is none. */
static bool is_table_there(void)
{
	int fd = real.open(shim.table_path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return errno != ENOENT && errno != ENOTDIR;
	real.close(fd);
	return true;
}

/* While there is no daemon each request looks for one: the first after its start is to be seen. */
static const struct table *look_for_table(const struct table *old)
{
	int error = errno, cancel = cancel_put_off();

	if (!atomic_load(&shim.sandboxed) && (old || is_table_there()))
		old = attach(old);
	cancel_allow(cancel);
	errno = error;
	return old;
}

void shim_attach(void)
{
	if (is_table_there())
		attach(NULL);
}

/* None is in use. Apart, so that shim_table() takes few instructions. */
__attribute__((noinline)) static const struct table *replace_table(const struct table *table)
{
	/* A retired one that stays for want of memory. */
	if (table && coarse_now() < atomic_load(&shim.kept_at) + CHECK_NS)
		return table;
	return look_for_table(table);
}

const struct table *shim_table(void)
{
	const struct table *table = atomic_load_explicit(&shim.table, memory_order_acquire);

	if (table && !atomic_load_explicit(&table->file.retired, memory_order_relaxed))
		return table;
	return replace_table(table);
}

void shim_look(void)
{
	const struct table *table = shim_table();
	uint64_t looked = atomic_load(&shim.looked), now = coarse_now();
	int error = errno;
	struct stat status;

	if (!table || atomic_load(&shim.sandboxed) || now < looked + CHECK_NS ||
		!atomic_compare_exchange_strong(&shim.looked, &looked, now))
		return;
	if (real.stat(shim.table_path, &status) == 0 && status.st_ino != table->inode)
		look_for_table(table);
	errno = error;
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
