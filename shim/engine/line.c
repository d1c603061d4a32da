/* SPDX-License-Identifier: Apache-2.0 */
#include "line.h"

#include <string.h>

#include "shim/memory/blocks.h"

bool line_put(struct line *line, enum line_what what, const char *data, size_t len, uint64_t due)
{
	struct line_item *item = blocks_take(sizeof(*item) + len);

	if (!item)
		return false;
	*item = (struct line_item){.due = due, .what = what, .len = len};
	if (len)
		memcpy(item->bytes, data, len);
	if (line->last)
		line->last->next = item;
	else
		line->first = item;
	line->last = item;
	line->bytes += len;
	return true;
}

struct line_item *line_due(struct line *line, uint64_t now, uint64_t *next)
{
	struct line_item *item = line->first;

	*next = 0;
	if (!item || item->due <= now)
		return item;
	*next = item->due;
	return NULL;
}

void line_done(struct line *line, size_t len)
{
	struct line_item *item = line->first;

	item->at += len;
	line->bytes -= len;
	if (item->at < item->len)
		return;
	line->first = item->next;
	if (!line->first)
		line->last = NULL;
	blocks_give(item);
}

void line_clear(struct line *line)
{
	while (line->first) {
		line->first->at = line->first->len;
		line_done(line, 0);
	}
	line->bytes = 0;
}
