/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_EXPLAIN_H
#define CHAOS_TOOLS_EXPLAIN_H

/* What the library would make of a request: the same engine, without a program. */

#include "shim/engine/aws/escape.h"
#include "shim/memory/table.h"

enum explain_form {
	EXPLAIN_LINE, /* JSON for scripts, as short as it may be */
	EXPLAIN_JSON, /* all of it, with the rules that were tried */
	EXPLAIN_TEXT, /* the same for a person */
};

/*
 * Appends what is made of the bytes of one request as they go out; it makes no difference whether
 * they do inside a TLS session. `table` may be NULL: no rules. Without a line end for EXPLAIN_LINE
 * and EXPLAIN_JSON.
 */
void explain(struct sink *out, enum explain_form form, const struct table *table, struct span raw);

/* How many of the bytes are that request's; all of them when no end of it is to be seen. */
size_t explain_request_size(struct span raw);

#endif
