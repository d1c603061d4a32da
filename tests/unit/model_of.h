/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TESTS_MODEL_OF_H
#define CHAOS_TESTS_MODEL_OF_H

/* The built-in model as a file, whose parts can be changed. */

#include <stdlib.h>
#include <zlib.h>

#include "shim/engine/aws/model_file.h"

struct model_of {
	struct model_file_head *head;
#define PART(type, name) type *name;
#include "shim/engine/aws/parts.def"
#undef PART
};

/* Makes size and checksum true. */
static inline void model_of_seal(struct model_of *file, uint32_t size)
{
	const unsigned char *rest = (const unsigned char *)&file->head->checksum + 4;

	file->head->size = size;
	file->head->checksum =
		(uint32_t)crc32(0, rest, size - (uInt)(rest - (unsigned char *)file->head));
}

static inline void *model_of_part(
	struct model_of *file, size_t part, const void *rows, size_t bytes, uint32_t *size)
{
	void *at;

	*size = (*size + 7) & ~7u;
	file->head->at[part] = *size;
	at = (char *)file->head + *size;
	memcpy(at, rows, bytes);
	*size += (uint32_t)bytes;
	return at;
}

/* To be freed by its head. */
static inline struct model_of model_of_built_in(void)
{
	struct model_of file = {.head = calloc(1, 1 << 20)};
	uint32_t size = sizeof(*file.head);
	size_t part = 0;

	memcpy(file.head->magic, MODEL_FILE_MAGIC, sizeof(file.head->magic));
	file.head->version = MODEL_FILE_VERSION;
	strcpy(file.head->botocore, built_in_version);
	file.head->counts = built_in_counts;
#define PART(type, name)                                                                           \
	file.name = model_of_part(                                                                 \
		&file, part++, built_in_##name, built_in_counts.name * sizeof(type), &size);
#include "shim/engine/aws/parts.def"
#undef PART
	model_of_seal(&file, size);
	return file;
}

#endif
