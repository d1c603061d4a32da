/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_COPY_H
#define CHAOS_COPY_H

/* Copies between the library and the program by the kernel, which says EFAULT where a pointer of the
 * program's leads nowhere. System calls: only for what a rule has made. */

#include <sys/types.h>
#include <sys/uio.h>

/* Fills the program's buffers with up to `len` bytes. Returns how many, or -1 and errno. */
ssize_t copy_out(const struct iovec *iov, int count, const char *data, size_t len);

/* The same by hand, into what the program reads with all the time: no system call. */
ssize_t copy_by_hand(const struct iovec *iov, int count, const char *data, size_t len);

/* Copies exactly `len` bytes of the program's. Returns 0, or -1 and errno. */
int copy_in(void *to, const void *from, size_t len);

#endif
