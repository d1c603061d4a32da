/* SPDX-License-Identifier: Apache-2.0 */
#include "markup.h"

#include <string.h>

#include "control/utf8.h"

static const char *entity_of(char byte)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* U+FFFE and U+FFFF are no characters of XML. */
static int is_character(const char *at, size_t step)
{
	return step && (step > 1 || (unsigned char)*at >= ' ' || strchr("\t\n", *at)) &&
	       *at != 0x7f &&
	       !(step == 3 &&
		       (memcmp(at, "\xef\xbf\xbe", 3) == 0 || memcmp(at, "\xef\xbf\xbf", 3) == 0));
}

void markup_text(FILE *out, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		size_t step = utf8_step(text + i, len - i);
		const char *entity = entity_of(text[i]);

		if (entity)
			fputs(entity, out);
		else if (is_character(text + i, step))
			fwrite(text + i, 1, step, out);
		else
			fputc('?', out);
		i += step ? step : 1;
	}
}
