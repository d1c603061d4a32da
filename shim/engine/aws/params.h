/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_PARAMS_H
#define CHAOS_AWS_PARAMS_H

/* Parameters of a query string or a form, and percent-encoding. */

#include "shim/base/span.h"

/* Walks over "key=value&…". Keys and values come as on the wire. */
bool aws_params_next(struct span *cursor, struct span *key, struct span *value);

/* Finds a parameter by its decoded key. */
bool aws_params_find(struct span params, struct span key, struct span *value);

/* Is `wire`, percent-decoded, the same as `text`? */
bool aws_escaped_equal(struct span wire, struct span text);
static inline bool aws_decoded_equal(struct span wire, struct span text)
{
	/* An escape is two bytes longer than what it stands for. */
	if (wire.len <= text.len || (wire.len - text.len) % 2)
		return span_equal(wire, text);
	return aws_escaped_equal(wire, text);
}

/* Decodes %xx (and '+', when in a form) into `out`. Returns the length; what does not fit is cut. */
size_t aws_decode(struct span wire, bool plus, char *out, size_t cap);

#endif
