/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_BLIND_H
#define CHAOS_TOOLS_BLIND_H

#include <string.h>

#include "shim/memory/journal.h"

/* The reasons why something could not be looked into, as the API names them. */
static const char *const blind_reasons[] = {
	[JOURNAL_BLIND_TLS] = "tls",
	[JOURNAL_BLIND_HTTP2] = "http2",
	[JOURNAL_BLIND_FRAMING] = "framing",
	[JOURNAL_BLIND_PIPELINED] = "pipelined",
	[JOURNAL_BLIND_FD] = "fd",
	[JOURNAL_BLIND_STREAM] = "stream",
	[JOURNAL_BLIND_REFUSED] = "refused",
	[JOURNAL_BLIND_PORT] = "port",
};
#define BLIND_REASONS (sizeof(blind_reasons) / sizeof(*blind_reasons))

/* A reason for a person to read: what goes into a TLS library that is not hooked may be anything. */
static inline const char *blind_words(const char *reason)
{
	return strcmp(reason, blind_reasons[JOURNAL_BLIND_TLS]) == 0 ? "TLS (may be HTTP/2)"
								     : reason;
}

#endif
