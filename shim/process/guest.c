/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cancel.h"
#include "files.h"
#include "shim.h"
#include "shim/libc/real.h"

/* How long a daemon is left alone that is not there, and one that is there and does not answer. */
#define ABSENT_NS 1000000000ull
#define SILENT_NS 60000000000ull

/* What is to be said to the daemon; a program that has gone over to another user by itself has it from the
 * folder's journal. That of the guests all of them may write to: nothing is taken from there. */
static bool read_entry(char entry[GUESTS_ENTRY_MAX])
{
	const struct journal *journal =
		atomic_load(&shim.guests) ? NULL : atomic_load(&shim.journal);

	if (*shim.follow.guests)
		memcpy(entry, shim.follow.guests, GUESTS_ENTRY_MAX);
	else if (journal)
		memcpy(entry, journal->guests, GUESTS_ENTRY_MAX);
	else
		*entry = '\0';
	return guests_entry_valid(entry, GUESTS_ENTRY_MAX);
}

bool guest_may_be(void)
{
	char entry[GUESTS_ENTRY_MAX];

	return read_entry(entry);
}

/* Returns 0 or -errno. The files are the caller's to close. */
static int ask(char entry[GUESTS_ENTRY_MAX], int files[GUESTS_FILES])
{
	int error;

	if (!read_entry(entry))
		return -EACCES;
	if (shim_now() < atomic_load(&shim.asked_again))
		return -EBUSY;
	error = guests_ask(strchr(entry, '=') + 1, files);
	if (error)
		atomic_store(
			&shim.asked_again, shim_now() + (error == -EAGAIN ? SILENT_NS : ABSENT_NS));
	return error;
}

static void close_files(const int files[GUESTS_FILES])
{
	for (int i = 0; i < GUESTS_FILES; i++)
		if (files[i] >= 0)
			real.close(files[i]);
}

/* NULL with errno: EAGAIN if it was replaced meanwhile. */
static struct table *map_table(int fd)
{
	struct table *table;
	struct stat status;

	if (fstat(fd, &status))
		return NULL;
	table = table_map(fd, (uint64_t)status.st_size);
	if (!table)
		return NULL;
	table->inode = status.st_ino;
	if (!atomic_load(&table->file.retired))
		return table;
	table_unmap(table);
	errno = EAGAIN;
	return NULL;
}

/* No rules where nothing could be counted. */
static struct table *take(const char *entry, const int files[GUESTS_FILES])
{
	struct table *table = map_table(files[GUESTS_TABLE]);

	if (!table)
		return NULL;
	if (files[GUESTS_MODEL] >= 0)
		shim_take_model(files[GUESTS_MODEL], 0);
	if (journal_attach_guest(files[GUESTS_JOURNAL], entry))
		return table;
	table_unmap(table);
	errno = ENOMEM;
	return NULL;
}

struct table *guest_attach(void)
{
	char entry[GUESTS_ENTRY_MAX];
	struct table *table = NULL;
	int files[GUESTS_FILES], error = EAGAIN;

	for (int tries = 0; !table && error == EAGAIN && tries < 3; tries++) {
		error = -ask(entry, files);
		if (error)
			break;
		table = take(entry, files);
		error = errno;
		close_files(files);
	}
	errno = error;
	return table;
}

/* What is counted for a daemon that has ended, nobody reads. */
void guest_follow(void)
{
	const struct table *table = atomic_load(&shim.table);
	char entry[GUESTS_ENTRY_MAX];
	uint64_t guests = table ? atomic_load(&table->file.guests) : 0;
	int files[GUESTS_FILES], error = errno, cancel;

	if (!guests || guests == atomic_load(&shim.journal_inode) || atomic_load(&shim.sandboxed))
		return;
	cancel = cancel_put_off();
	if (ask(entry, files) == 0) {
		journal_attach_guest(files[GUESTS_JOURNAL], entry);
		close_files(files);
	}
	cancel_allow(cancel);
	errno = error;
}
