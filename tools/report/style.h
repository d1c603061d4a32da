/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_STYLE_H
#define CHAOS_REPORT_STYLE_H

/* Colours of a terminal, and how numbers are shown to a person. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "report.h"

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_FAINT, STYLE_GOOD, STYLE_WARNING, STYLE_BAD };

/* Is it a terminal, and does the user want colours? (NO_COLOR, TERM=dumb) */
bool style_wanted(FILE *out);

/* What begins a style, and what ends it; "" without colours. */
const char *style_begin(bool colours, enum style style);
const char *style_end(bool colours, enum style style);

/* That of an attempt: by its status. */
enum style style_of(const struct report_attempt *attempt);

/* "12.3 ms", "1.50 s". */
#define STYLE_DURATION_MAX 24
const char *style_duration(uint64_t ns, char text[STYLE_DURATION_MAX]);

/* "1 call", "2 calls". */
#define STYLE_COUNT_MAX 64
const char *style_count(uint64_t count, const char *noun, char text[STYLE_COUNT_MAX]);

/* Columns that a text takes: characters. */
int style_width(const char *text);

#endif
