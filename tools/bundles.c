/* SPDX-License-Identifier: Apache-2.0 */
#include "bundles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "shim/memory/runtime.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* No store of certificates is as large. */
#define BUNDLE_MAX (8 << 20)

static bool is_same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino &&
	       one->st_size == other->st_size &&
	       memcmp(&one->st_mtim, &other->st_mtim, sizeof(one->st_mtim)) == 0;
}

void bundles_begin(struct bundles *bundles)
{
	uint64_t number[2];

	bundles->folder[0] = '\0';
	if (getrandom(number, sizeof(number), 0) == sizeof(number))
		snprintf(bundles->folder, sizeof(bundles->folder), "/tmp/chaos-trust-%016jx%016jx",
			(uintmax_t)number[0], (uintmax_t)number[1]);
}

static void name_file(const struct bundles *bundles, unsigned number, char path[96])
{
	snprintf(path, 96, "%s/%u.pem", bundles->folder, number);
}

void bundles_end(const struct bundles *bundles)
{
	char path[96];

	for (unsigned i = 0; i < BUNDLES_MAX && *bundles->folder; i++) {
		name_file(bundles, i, path);
		unlink(path);
	}
	rmdir(bundles->folder);
}

/* Whoever cleans up /tmp may have taken it away. */
static bool is_there(const struct bundle *bundle)
{
	return access(bundle->path, R_OK) == 0;
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

		if (is_there(made) && is_same(&made->authority, &wanted->authority) &&
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

/* The file has a line's end behind its last line, whatever stands there. */
static bool fill(int fd, int certificates, int authority)
{
	return (certificates < 0 || copy(certificates, fd)) && write(fd, "\n", 1) == 1 &&
	       copy(authority, fd);
}

/* Its mode is not what the umask leaves. */
static int make_file(const struct bundles *bundles, const char *path)
{
	if (!*bundles->folder || (mkdir(bundles->folder, 0755) < 0 && errno != EEXIST) ||
		chmod(bundles->folder, 0755) < 0)
		return -1;
	return open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
}

static bool make_readable(struct bundle *bundle, int certificates, int authority)
{
	return fill(bundle->fd, certificates, authority) && fchmod(bundle->fd, 0444) == 0;
}

static bool make_in_memory(struct bundle *bundle, int certificates, int authority)
{
	bundle->fd = memfd_create("certificates", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	snprintf(bundle->path, sizeof(bundle->path), "/proc/%d/fd/%d", getpid(), bundle->fd);
	return bundle->fd >= 0 && fill(bundle->fd, certificates, authority) &&
	       fcntl(bundle->fd, F_ADD_SEALS, SEALS) == 0;
}

static bool make(
	const struct bundles *bundles, struct bundle *bundle, int certificates, int authority)
{
	name_file(bundles, bundles->count, bundle->path);
	bundle->fd = make_file(bundles, bundle->path);
	if (bundle->fd >= 0) {
		if (make_readable(bundle, certificates, authority))
			return true;
		close(bundle->fd);
		unlink(bundle->path);
	}
	if (make_in_memory(bundle, certificates, authority))
		return true;
	if (bundle->fd >= 0)
		close(bundle->fd);
	return false;
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
	if (!make(bundles, &wanted, certificates, authority))
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
		snprintf(path, PATH_MAX, "%s", bundle->path);
}
