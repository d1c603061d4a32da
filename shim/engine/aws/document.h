/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_DOCUMENT_H
#define CHAOS_AWS_DOCUMENT_H

/* The members of a request's JSON or CBOR document, as far as a name can be read from them. */

#include <stdint.h>

#include "shim/base/span.h"

/*
 * Walks over the members of the outermost object or map: `cursor` starts as the document and is
 * advanced. A value that is no text comes as what stands for it: a number as it is written (JSON), the
 * first text of a list, the first key of an object; .len 0 when there is none.
 * Returns false at the end, which may be where the document is cut off.
 */
struct aws_document {
	struct span rest;
	bool is_inside;
	uint64_t left; /* CBOR: members left of a map of known size */
};
bool aws_json_next(struct aws_document *cursor, struct span *name, struct span *value);
bool aws_cbor_next(struct aws_document *cursor, struct span *name, struct span *value);

/* Copies the content of a JSON string, escapes resolved. Returns the length; the rest is cut. */
size_t aws_json_copy(struct span text, char *out, size_t cap);

#endif
