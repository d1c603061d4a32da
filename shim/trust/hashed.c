/* SPDX-License-Identifier: Apache-2.0 */
#include "hashed.h"

#include <errno.h>
#include <stdatomic.h>

#include "authority.h"
#include "known.h"
#include "shim/libc/real.h"
#include "shim/memory/blocks.h"
#include "shim/process/cancel.h"
#include "replace.h"
#include "store.h"
#include "trust.h"

#define IS_KNOWN (1ull << 32)

/* That of the authority, with IS_KNOWN; 0: none. */
static uint64_t find_hash(void)
{
	static _Atomic uint64_t known;
	uint64_t found = atomic_load(&known);
	char *buffer = found ? NULL : blocks_take(AUTHORITY_MAX);
	uint32_t hash;
	ssize_t len = buffer ? authority_read(buffer, AUTHORITY_MAX) : -1;

	if (len > 0 && store_hash((struct span){buffer, (size_t)len}, &hash)) {
		found = IS_KNOWN | hash;
		atomic_store(&known, found);
	}
	blocks_give(buffer);
	return found;
}

bool hashed_is_ours(const char *path, const void *caller)
{
	int cancel;
	uint32_t hash;
	bool is_ours;

	if (!trust_is_given() || !known_has_hash(trust_known(), path, &hash) ||
		trust_is_seen_from_inside(caller))
		return false;
	cancel = cancel_put_off();
	is_ours = find_hash() == (IS_KNOWN | hash);
	cancel_allow(cancel);
	errno = ENOENT;
	return is_ours;
}

int hashed_open(int flags)
{
	int cancel = cancel_put_off(), fd = -1;
	struct stat status;
	int found = authority_open(&status);

	if (found >= 0) {
		fd = replace_open_again(found, flags);
		real.close(found);
	}
	cancel_allow(cancel);
	errno = ENOENT;
	return fd;
}

int hashed_stat(struct stat *status)
{
	int cancel = cancel_put_off();
	struct stat found;
	int fd = authority_open(&found);

	if (fd >= 0) {
		real.close(fd);
		*status = found;
	}
	cancel_allow(cancel);
	errno = ENOENT;
	return fd >= 0 ? 0 : -1;
}
