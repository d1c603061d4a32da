/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_EXPLAIN_LINES_H
#define CHAOS_TOOLS_EXPLAIN_LINES_H

#include <stdio.h>

#include "explain.h"

/*
 * Explains many requests: for each line {"raw": BASE64, "tls": BOOLEAN} one line of JSON, or
 * {"error": "line N: …"} for one that cannot be read. Returns how many of these there were, or
 * -errno when nothing more can be read or written.
 */
long explain_lines(int in, FILE *out, const struct table *table);

/* As explain(), written to `out`. Returns 0 or -errno. */
int explain_write(FILE *out, enum explain_form form, const struct table *table, struct span raw);

#endif
