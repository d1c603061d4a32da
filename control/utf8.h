/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_UTF8_H
#define CHAOS_CONTROL_UTF8_H

#include <stddef.h>

/* Bytes of the character at the start of the text (RFC 3629), 0 if it is none. */
size_t utf8_step(const char *text, size_t len);

/* Characters in a valid text. */
size_t utf8_count(const char *text);

/* Puts '?' in the place of every byte that is not of a character, or is a control character. */
void utf8_tidy(char *text);

#endif
