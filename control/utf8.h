/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_UTF8_H
#define CHAOS_CONTROL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at the start of the text (RFC 3629), 0 if it is none. */
size_t utf8_step(const char *text, size_t len);

/* The code of the character of `step` bytes, as utf8_step() says. */
uint32_t utf8_code(const char *at, size_t step);

/* Characters in a valid text. */
size_t utf8_count(const char *text);

/* Would a terminal obey the character of `step` bytes, as utf8_step() says, and not show it? Control
 * characters, separators of lines and what changes the direction of text. */
bool utf8_is_obeyed(const char *at, size_t step);

/* Puts one '?' in the place of every byte that is of no character, and of every character that a
 * terminal would obey. */
void utf8_tidy(char *text);

/* A copy of JSON that says the same, with such characters escaped; the caller frees it. Line feeds and
 * tabs stay: JSON has them between its values alone. */
char *utf8_json(const char *json);

#endif
