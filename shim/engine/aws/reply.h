/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_REPLY_H
#define CHAOS_AWS_REPLY_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "call.h"

/* The error to be answered with. */
struct aws_error {
	int candidate; /* index of the candidate that the rule matched */
	int status;    /* 400 .. 599 */
	struct span code;
	struct span message; /* any UTF-8 */
};

/* No reply is longer, whatever code and message (limits in table.h) hold. */
#define AWS_REPLY_MAX (64 * 1024)

/*
 * Renders the whole HTTP/1.1 response, in the protocol of the request. `now` is for Date, `random`
 * for the request ids; `keep_alive` leaves out "Connection: close".
 * Returns the length, or -ENOSPC (nothing useful in `out`).
 */
ssize_t aws_reply(const struct aws_call *call, const struct aws_error *error, time_t now,
	const uint64_t random[2], bool keep_alive, char *out, size_t cap);

#endif
