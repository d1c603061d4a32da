/* SPDX-License-Identifier: Apache-2.0 */
#include "trust.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "known.h"
#include "pem.h"
#include "replace.h"
#include "shim/libc/real.h"
#include "shim/memory/blocks.h"
#include "shim/memory/runtime.h"
#include "shim/process/cancel.h"
#include "shim/process/files.h"
#include "shim/process/inside.h"
#include "shim/process/shim.h"

#define BUNDLE_MAX    (8u << 20)
#define AUTHORITY_MAX (64u << 10)

static struct {
	bool is_off; /* by the user's wish */
	struct known known;
} trust;

void trust_begin(void)
{
	const char *bridge = secure_getenv("CHAOS_BRIDGE");

	trust.is_off = bridge && strcmp(bridge, "0") == 0;
	if (!trust.is_off)
		known_read(&trust.known);
}

bool trust_is_given(void)
{
	const struct table *table = atomic_load_explicit(&shim.table, memory_order_acquire);

	return table && !trust.is_off && !inside &&
	       !atomic_load_explicit(&table->file.retired, memory_order_relaxed) &&
	       !atomic_load_explicit(&shim.sandboxed, memory_order_relaxed);
}

static struct span last_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return span_of(slash ? slash + 1 : path);
}

static int is_s2n(struct dl_phdr_info *object, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	return span_starts(last_of(object->dlpi_name), SPAN("libs2n"));
}

/* Is it a TLS library that is seen from inside (shim/tls)? Its bundle has nothing to do with us, unless
 * s2n has it read. */
static bool is_seen_from_inside(const void *caller)
{
	struct span library;
	Dl_info info;

	if (!dladdr(caller, &info) || !info.dli_fname)
		return false;
	library = last_of(info.dli_fname);
	if (!memmem(library.at, library.len, ".so", 3))
		return false;
	if (span_starts(library, SPAN("libcrypto")))
		return !dl_iterate_phdr(is_s2n, NULL);
	return span_starts(library, SPAN("libssl")) || span_starts(library, SPAN("libgnutls"));
}

bool trust_concerns(const char *path, const void *caller)
{
	return known_has(&trust.known, path) && !is_seen_from_inside(caller);
}

/* All of a file, unless it is longer; -1: it is, or cannot be read. */
static ssize_t read_all(int fd, char *buffer, size_t cap)
{
	size_t len = 0;

	for (;;) {
		ssize_t got = pread(fd, buffer + len, cap - len, (off_t)len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || (size_t)got == cap - len)
			return -1;
		if (got == 0)
			return (ssize_t)len;
		len += (size_t)got;
	}
}

static ssize_t read_authority(char *buffer, size_t cap)
{
	int folder = files_open_folder(), fd = -1;
	struct stat status;
	ssize_t len = -1;

	if (folder >= 0)
		fd = files_open(folder, RUNTIME_CA, O_RDONLY, &status);
	if (fd >= 0) {
		len = read_all(fd, buffer, cap);
		real.close(fd);
	}
	if (folder >= 0)
		real.close(folder);
	return len;
}

/* In `buffer` there is room for both. */
static void add_in(char *buffer, int fd, const struct stat *status, const char *path)
{
	const size_t size = (size_t)status->st_size;
	char *authority = buffer + size + pem_room(AUTHORITY_MAX);
	ssize_t len = read_authority(authority, AUTHORITY_MAX), had, has;

	if (len <= 0)
		return;
	had = read_all(fd, buffer, size + 1);
	if (had <= 0)
		return;
	has = (ssize_t)pem_append(buffer, (size_t)had, (struct span){authority, (size_t)len});
	if (has != had)
		replace_file(fd, status, last_of(path).at, (struct span){buffer, (size_t)has});
}

void trust_add(int fd, const char *path)
{
	int error = errno, cancel = cancel_put_off();
	struct stat status;
	char *buffer;

	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
		status.st_size <= BUNDLE_MAX) {
		buffer = blocks_take(
			(size_t)status.st_size + pem_room(AUTHORITY_MAX) + AUTHORITY_MAX);
		if (buffer)
			add_in(buffer, fd, &status, path);
		blocks_give(buffer);
	}
	cancel_allow(cancel);
	errno = error;
}
