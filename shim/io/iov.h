/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_IOV_H
#define CHAOS_IOV_H

#include <stddef.h>
#include <sys/uio.h>

/* Bytes of all buffers. */
static inline size_t iov_total(const struct iovec *iov, int count)
{
	size_t total = 0;

	for (int i = 0; i < count; i++)
		total += iov[i].iov_len;
	return total;
}

#endif
