/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_MARKUP_H
#define CHAOS_REPORT_MARKUP_H

#include <stdio.h>

/* Writes a text, valid UTF-8 or not, so that it is text in XML and HTML, also between quotes. */
void markup_text(FILE *out, const char *text);

#endif
