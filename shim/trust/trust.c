/* SPDX-License-Identifier: Apache-2.0 */
#include "trust.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authority.h"
#include "given.h"
#include "known.h"
#include "pem.h"
#include "replace.h"
#include "store.h"
#include "shim/libc/real.h"
#include "shim/memory/blocks.h"
#include "shim/process/cancel.h"
#include "shim/process/inside.h"
#include "shim/process/shim.h"

#define BUNDLE_MAX (64u << 20)

static struct {
	bool is_off; /* by the user's wish, or for the program's sake */
	struct known known;
} trust;

/* What these read they write: the authority would stay in files when the run is over. */
static bool is_for_files(const char *name)
{
	static const char *const programs[] = {
		"cat", "cp", "dd", "install", "keytool", "mv", "rsync", "tar", "trust", "zip"};

	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (span_equal(known_last(name), span_of(programs[i])))
			return true;
	return false;
}

void trust_begin(char *const *arguments)
{
	const char *bridge = secure_getenv("CHAOS_BRIDGE");

	trust.is_off =
		(bridge && strcmp(bridge, "0") == 0) || (*arguments && is_for_files(*arguments));
	if (trust.is_off)
		return;
	known_read(&trust.known, arguments);
	if (*trust.known.password)
		shim.bridge.password = trust.known.password;
}

bool trust_is_given(void)
{
	const struct table *table = atomic_load_explicit(&shim.table, memory_order_acquire);

	return table && !trust.is_off && !inside &&
	       !atomic_load_explicit(&table->file.retired, memory_order_relaxed) &&
	       !atomic_load_explicit(&shim.sandboxed, memory_order_relaxed);
}

static int is_s2n(struct dl_phdr_info *object, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	return span_starts(known_last(object->dlpi_name), SPAN("libs2n"));
}

/* Its bundle has nothing to do with us, unless s2n has it read. */
bool trust_is_seen_from_inside(const void *caller)
{
	struct span library;
	Dl_info info;

	if (!dladdr(caller, &info) || !info.dli_fname)
		return false;
	library = known_last(info.dli_fname);
	if (!memmem(library.at, library.len, ".so", 3))
		return false;
	if (span_starts(library, SPAN("libcrypto")))
		return !dl_iterate_phdr(is_s2n, NULL);
	return span_starts(library, SPAN("libssl")) || span_starts(library, SPAN("libgnutls"));
}

const struct known *trust_known(void)
{
	return &trust.known;
}

bool trust_concerns(const char *path, const void *caller)
{
	return (known_has(&trust.known, path) || given_may_be(path, caller)) &&
	       !trust_is_seen_from_inside(caller);
}

/* A store with another authority, in memory of its own. 0: it stays. */
static size_t add_to_store(struct span store, struct span authority, char **out)
{
	const char *const passwords[] = {trust.known.password, "changeit", NULL};
	const size_t cap = store.len + store_room(authority.len);

	*out = blocks_take(cap);
	return *out ? store_add(store, passwords, authority, *out, cap) : 0;
}

static size_t add_to_text(struct span bundle, struct span authority, char **out)
{
	size_t len;

	*out = blocks_take(bundle.len + pem_room(authority.len));
	if (!*out)
		return 0;
	memcpy(*out, bundle.at, bundle.len);
	len = pem_append(*out, bundle.len, authority);
	return len > bundle.len ? len : 0;
}

static void add_to(int fd, const struct stat *status, const char *path, struct span bundle,
	struct span authority)
{
	char *out;
	size_t len = store_is_one(bundle) ? add_to_store(bundle, authority, &out)
					  : add_to_text(bundle, authority, &out);

	if (len)
		replace_file(fd, status, known_last(path).at, (struct span){out, len});
	blocks_give(out);
}

/* One that is not known shows itself by what is in it. */
static bool is_list(const char *path, struct span bundle)
{
	if (!known_has(&trust.known, path) && !store_lists_authorities(bundle))
		return false;
	shim_note_bundle(bundle);
	return true;
}

void trust_add(int fd, const char *path)
{
	int error = errno, cancel = cancel_put_off();
	struct stat status;
	char *buffer = NULL;

	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
		status.st_size <= BUNDLE_MAX)
		buffer = blocks_take((size_t)status.st_size + 1 + AUTHORITY_MAX);
	if (buffer) {
		char *bundle = buffer + AUTHORITY_MAX;
		ssize_t authority = authority_read(buffer, AUTHORITY_MAX);
		ssize_t len = authority > 0
				      ? authority_read_file(fd, bundle, (size_t)status.st_size + 1)
				      : -1;

		if (len > 0 && is_list(path, (struct span){bundle, (size_t)len}))
			add_to(fd, &status, path, (struct span){bundle, (size_t)len},
				(struct span){buffer, (size_t)authority});
		blocks_give(buffer);
	}
	cancel_allow(cancel);
	errno = error;
}

/* A store that is cut off at the size of the old one would be of no use. */
void trust_look(const char *path, struct stat *status, const void *caller)
{
	struct stat found;
	int error = errno, cancel, fd;

	if (!S_ISREG(status->st_mode) || !trust_is_given() || !trust_concerns(path, caller))
		return;
	cancel = cancel_put_off();
	fd = real.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0) {
		trust_add(fd, path);
		if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode))
			status->st_size = found.st_size;
		real.close(fd);
	}
	cancel_allow(cancel);
	errno = error;
}
