/* SPDX-License-Identifier: Apache-2.0 */
#include "copy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

ssize_t copy_by_hand(const struct iovec *iov, int count, const char *data, size_t len)
{
	size_t at = 0;

	for (int i = 0; i < count && at < len; i++) {
		size_t size = iov[i].iov_len < len - at ? iov[i].iov_len : len - at;

		memcpy(iov[i].iov_base, data + at, size);
		at += size;
	}
	return (ssize_t)at;
}

ssize_t copy_out(const struct iovec *iov, int count, const char *data, size_t len)
{
	struct iovec from = {(void *)data, len};
	ssize_t done = process_vm_writev(getpid(), &from, 1, iov, (unsigned long)count, 0);

	if (done < 0)
		return errno == EFAULT ? -1 : copy_by_hand(iov, count, data, len);
	/* Once more, now that it is known to be memory: a checker of the program's (valgrind) that follows
	 * what is written there does not know this call to. */
	return copy_by_hand(iov, count, data, (size_t)done);
}

int copy_in(void *to, const void *from, size_t len)
{
	struct iovec local = {to, len}, remote = {(void *)from, len};
	ssize_t done = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

	if (done < 0 && errno != EFAULT) {
		memcpy(to, from, len);
		return 0;
	}
	if (done == (ssize_t)len)
		return 0;
	errno = EFAULT;
	return -1;
}
