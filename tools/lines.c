/* SPDX-License-Identifier: Apache-2.0 */

#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define FIRST_SIZE (1u << 18)

/* Makes room behind what is there. */
static int make_room(struct lines *lines)
{
	size_t held = lines->end - lines->begin, cap = lines->cap ? 2 * lines->cap : FIRST_SIZE;
	char *larger;

	if (lines->begin) {
		memmove(lines->buffer, lines->buffer + lines->begin, held);
		lines->begin = 0;
		lines->end = held;
	}
	if (held < lines->cap / 2)
		return 0;
	larger = realloc(lines->buffer, cap);
	if (!larger)
		return -ENOMEM;
	lines->buffer = larger;
	lines->cap = cap;
	return 0;
}

static int read_more(struct lines *lines)
{
	int error = make_room(lines);
	ssize_t count;

	if (error)
		return error;
	if (fflush(lines->answers) == EOF)
		return -errno;
	do
		count = read(lines->fd, lines->buffer + lines->end, lines->cap - lines->end);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return -errno;
	lines->ended = count == 0;
	lines->end += (size_t)count;
	return 0;
}

/* Finds the line's end, or the file's. What is beyond the limit is dropped as it comes. */
static int find_end(struct lines *lines, size_t *len, bool *dropped)
{
	const char *end = NULL;

	*dropped = false;
	for (*len = 0; !end && !lines->ended;) {
		int error = read_more(lines);
		struct span fresh;

		if (error)
			return error;
		fresh = (struct span){
			lines->buffer + lines->begin + *len, lines->end - lines->begin - *len};
		end = span_find(fresh, '\n');
		*len += end ? (size_t)(end - fresh.at) : fresh.len;
		if (*len > LINES_MAX) {
			*dropped = true;
			lines->begin += *len;
			*len = 0;
		}
	}
	return 0;
}

int lines_next(struct lines *lines, struct span *line)
{
	struct span held = {lines->buffer + lines->begin, lines->end - lines->begin};
	const char *end = span_find(held, '\n');
	size_t len = held.len;
	bool dropped = false;
	int error = 0;

	if (end)
		len = (size_t)(end - held.at);
	else
		error = find_end(lines, &len, &dropped);
	if (error)
		return error;
	if (len == 0 && lines->begin == lines->end && !dropped)
		return 0;
	*line = (struct span){lines->buffer + lines->begin, len};
	lines->begin += len;
	if (lines->begin < lines->end)
		lines->begin++; /* its '\n' */
	lines->number++;
	return dropped ? -EMSGSIZE : 1;
}

void lines_free(struct lines *lines)
{
	free(lines->buffer);
}
