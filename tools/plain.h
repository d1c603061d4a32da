/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_PLAIN_H
#define CHAOS_TOOLS_PLAIN_H

#include <stdio.h>

/* Says a text that somebody else has written: nothing but plain text goes to the terminal. */
static inline void print_plain(const char *text, size_t size)
{
	for (size_t i = 0; i < size && text[i]; i++)
		fputc(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?', stderr);
}

#endif
