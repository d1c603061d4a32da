/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_MODEL_FILE_H
#define CHAOS_AWS_MODEL_FILE_H

/*
 * A model in a file, as `chaos-ctl model build` makes it: a head, then the parts that parts.def lists,
 * each at a multiple of eight, in host byte order.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tables.h"

#define MODEL_FILE_MAGIC "chsmodel"
/* Also raised when what a table's bits mean changes. As in tools/aws-model/emit.py. */
#define MODEL_FILE_VERSION 2
/* Half a megabyte is the rule. */
#define MODEL_FILE_MAX (16u << 20)

struct model_file_head {
	char magic[8];
	uint32_t version;
	uint32_t size;	   /* of the whole file */
	uint32_t checksum; /* CRC-32 of all that follows it */
	char botocore[32]; /* its version, terminated */
	struct model_counts counts;
	uint32_t at[MODEL_PARTS]; /* offsets of the parts in the file */
};

/*
 * Looks a file's bytes through, which begin at a multiple of eight and are to stay: every index, text
 * and list in them, so that what reads them later need not. Returns NULL, and fills `model`, or what
 * is wrong, to be read after the file's name. No allocation, no system call.
 */
const char *model_file_open(const void *bytes, size_t size, struct model *model);

#endif
