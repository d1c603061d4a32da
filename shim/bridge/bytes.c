/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes.h"

#include <stdlib.h>

#define BYTES_MIN 4096

/* Makes room for `len` more at the end. */
static bool grow(struct bytes *bytes, size_t len)
{
	size_t used = bytes->end - bytes->begin, cap = bytes->cap ? bytes->cap : BYTES_MIN;
	char *data;

	if (bytes->cap - bytes->end >= len)
		return true;
	if (len > SIZE_MAX / 4 - used)
		return false;
	while (cap < used + len)
		cap *= 2;
	/* Moving is worth it only where it frees half of the room. */
	if (cap == bytes->cap && bytes->begin >= cap / 2) {
		memmove(bytes->data, bytes->data + bytes->begin, used);
	} else {
		cap = cap == bytes->cap ? 2 * cap : cap;
		data = malloc(cap);
		if (!data)
			return false;
		if (used)
			memcpy(data, bytes->data + bytes->begin, used);
		free(bytes->data);
		bytes->data = data;
		bytes->cap = cap;
	}
	bytes->begin = 0;
	bytes->end = used;
	return true;
}

bool bytes_add(struct bytes *bytes, const void *data, size_t len)
{
	if (!len)
		return true;
	if (!grow(bytes, len))
		return false;
	memcpy(bytes->data + bytes->end, data, len);
	bytes->end += len;
	return true;
}

struct span bytes_all(const struct bytes *bytes)
{
	return (struct span){
		bytes->data ? bytes->data + bytes->begin : "", bytes->end - bytes->begin};
}

void bytes_drop(struct bytes *bytes, size_t len)
{
	size_t used = bytes->end - bytes->begin;

	bytes->begin += len < used ? len : used;
	/* An idle connection holds nothing. */
	if (bytes->begin == bytes->end)
		bytes_free(bytes);
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}
