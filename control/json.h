/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_JSON_H
#define CHAOS_CONTROL_JSON_H

#include <stddef.h>

#include <cjson/cJSON.h>

#include "refusal.h"

/*
 * Parses a whole text of JSON (RFC 8259, UTF-8). One comma after the last element of an array or
 * the last member of an object is accepted, since published examples have one.
 * Returns what the caller deletes, or NULL with the line and column in *why.
 */
cJSON *json_parse(const char *text, size_t len, struct refusal *why);

/* On one line, with ", " and ": " between, members in the order they have. The caller frees it. */
char *json_print(const cJSON *value);

/* A text that is the same for two checked rules that are deeply equal, whatever the order of their
 * members. The caller frees it. */
char *json_canonical(const cJSON *value);

#endif
