/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "shim/libc/real.h"
#include "shim/memory/runtime.h"
#include "shim.h"

/* Says once why the program runs without faults. A missing file is no reason: the daemon may come. */
void files_warn(const char *name, const char *what)
{
	if (!atomic_exchange(&shim.warned, true))
		shim_say("chaos-run: %s%s%s: %s; no faults are injected\n", shim.folder,
			*name ? "/" : "", name, what);
}

static bool is_ours(const struct stat *status)
{
	return status->st_uid == getauxval(AT_EUID);
}

/* The runtime folder, opened; -1 if there is none, or if others could write to it. */
int files_open_folder(void)
{
	int fd = real.open(shim.folder, O_DIRECTORY | O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && is_ours(&status) && !(status.st_mode & 077))
		return fd;
	files_warn("", "is not a folder of this user alone (chmod 700)");
	real.close(fd);
	return -1;
}

/* As it begins a program may have nothing to do with AWS. */
void files_warn_of_access(void)
{
	if (atomic_load(&shim.begun) && shim.follow.is_folder_named)
		files_warn("", "cannot be opened by this user");
}

/* A file that belongs to us, opened; -1 with errno 0 if it is none. */
int files_open(int folder, const char *name, int flags, struct stat *status)
{
	int fd = real.openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return -1;
	if (fstat(fd, status) == 0 && S_ISREG(status->st_mode) && is_ours(status))
		return fd;
	files_warn(name, "is not a file of this user");
	real.close(fd);
	errno = 0;
	return -1;
}

/*
 * For --strict, which is not to call a run good in which a program had no rules, or its calls were not
 * counted. By reading and writing: there was no memory to map the journal, maybe.
 */
static void count_unattached(int folder)
{
	const off_t at = offsetof(struct journal, unattached);
	uint64_t head[3], count;
	struct stat status;
	int fd;

	if (atomic_exchange(&shim.unattached, true))
		return;
	fd = files_open(folder, RUNTIME_JOURNAL, O_RDWR, &status);
	if (fd < 0)
		return;
	if (pread(fd, head, sizeof(head), 0) == sizeof(head) &&
		journal_valid((const void *)head, (uint64_t)status.st_size) &&
		pread(fd, &count, sizeof(count), at) == sizeof(count)) {
		count++;
		if (pwrite(fd, &count, sizeof(count), at) < 0)
			atomic_store(&shim.unattached, false);
	}
	real.close(fd);
}

/* The file may be good, but the program has no more memory or address space. */
void files_warn_of_want(int folder, const char *name, int error, const char *outcome)
{
	count_unattached(folder);
	if (!atomic_exchange(&shim.warned, true))
		shim_say("chaos-run: %s/%s: cannot be mapped: %s; %s\n", shim.folder, name,
			strerrordesc_np(error), outcome);
}
