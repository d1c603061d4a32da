/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_TEXTS_H
#define CHAOS_REPORT_TEXTS_H

/* Each text once: what programs write comes again and again. */

#include <stdint.h>

#include "shim/base/span.h"

struct texts {
	char **all; /* [0] is "" */
	uint32_t count, room;
	uint32_t *buckets; /* numbers; 0: free */
	uint32_t mask;
};

/* The number of a text. What is no UTF-8, or a control character, becomes '?'. */
uint32_t texts_put(struct texts *texts, struct span text);

/* Valid until texts_free(). */
const char *texts_get(const struct texts *texts, uint32_t number);

void texts_free(struct texts *texts);

#endif
