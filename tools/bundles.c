/* SPDX-License-Identifier: Apache-2.0 */
#include "bundles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim/memory/runtime.h"

/* No store of certificates is as large. */
#define BUNDLE_MAX (8 << 20)

static bool is_same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino &&
	       one->st_size == other->st_size &&
	       memcmp(&one->st_mtim, &other->st_mtim, sizeof(one->st_mtim)) == 0;
}

/* A program's child is given what it was given itself. */
static bool is_result(const struct bundle *bundle, const struct stat *certificates)
{
	struct stat status;

	return fstat(bundle->fd, &status) == 0 && is_same(&status, certificates);
}

static const struct bundle *find(const struct bundles *bundles, const struct bundle *wanted)
{
	for (unsigned i = 0; i < bundles->count; i++) {
		const struct bundle *made = &bundles->made[i];

		if (is_same(&made->authority, &wanted->authority) &&
			(is_same(&made->certificates, &wanted->certificates) ||
				is_result(made, &wanted->certificates)))
			return made;
	}
	return NULL;
}

static bool copy(int from, int to)
{
	char part[65536];
	off_t at = 0;
	ssize_t got;

	while ((got = pread(from, part, sizeof(part), at)) > 0) {
		if (write(to, part, (size_t)got) != got)
			return false;
		at += got;
	}
	return got == 0;
}

/* The file has a line's end behind its last line, whatever stands there. -errno. */
static int make(int certificates, int authority)
{
	int fd = memfd_create("certificates", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if ((certificates < 0 || copy(certificates, fd)) && write(fd, "\n", 1) == 1 &&
		copy(authority, fd) &&
		fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) ==
			0)
		return fd;
	close(fd);
	return -EIO;
}

static bool look(int fd, struct stat *status)
{
	return fstat(fd, status) == 0 && S_ISREG(status->st_mode) && status->st_size <= BUNDLE_MAX;
}

static const struct bundle *join(struct bundles *bundles, int certificates, int authority)
{
	struct bundle wanted = {.fd = -1};
	const struct bundle *found;

	if (!look(authority, &wanted.authority) ||
		(certificates >= 0 && !look(certificates, &wanted.certificates)))
		return NULL;
	found = find(bundles, &wanted);
	if (found || bundles->count == BUNDLES_MAX)
		return found;
	wanted.fd = make(certificates, authority);
	if (wanted.fd < 0)
		return NULL;
	bundles->made[bundles->count] = wanted;
	return &bundles->made[bundles->count++];
}

void bundles_join(
	struct bundles *bundles, const char *folder, int certificates, char path[PATH_MAX])
{
	char name[PATH_MAX + 16];
	const struct bundle *bundle;
	int authority;

	snprintf(name, sizeof(name), "%s/" RUNTIME_CA, folder);
	authority = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (authority < 0)
		return;
	bundle = join(bundles, certificates, authority);
	close(authority);
	if (bundle)
		snprintf(path, PATH_MAX, "/proc/%d/fd/%d", getpid(), bundle->fd);
}
