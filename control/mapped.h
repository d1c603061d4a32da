/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_MAPPED_H
#define CHAOS_CONTROL_MAPPED_H

/* A file in the runtime folder, mapped for the daemon and the shims to share. */

#include <stdbool.h>
#include <stddef.h>

#define MAPPED_REASON 512

struct mapped {
	const char *name; /* in the folder */
	int folder_fd;
	size_t ahead;	/* bytes of our own, all zero, that are to stand before `at`: whole pages */
	size_t size;	/* that it is to have, or the most of it that is mapped */
	char path[256]; /* for messages; may be cut off */
	char *reason;	/* MAPPED_REASON bytes: what went wrong */
	int fd;
	void *at;	 /* NULL: not mapped */
	size_t len;	 /* of the file; not more than `size` of it are mapped */
	bool unfinished; /* it was made, and is not in its place yet */
};

/* All return 0 or -errno with the reason filled. Whatever they return, mapped_close() may follow. */

/* Opens the file and maps it, unless it does not exist or has less than a page. A symbolic link, what
 * is not a regular file and what belongs to somebody else are errors. */
int mapped_open(struct mapped *file);

/* Makes a new file of that size, all zero, beside the one in use; mapped_install() puts it in its
 * place. */
int mapped_create(struct mapped *file);
int mapped_install(struct mapped *file);

/* Gives a range of the file its room on the disk, so that no store into it can fail. */
int mapped_reserve(struct mapped *file, size_t at, size_t len);

/* Removes a new file that was not installed; for that the folder must still be open. */
void mapped_close(struct mapped *file);

#endif
