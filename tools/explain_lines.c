/* SPDX-License-Identifier: Apache-2.0 */

#include "explain_lines.h"

#include <errno.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "base64.h"
#include "lines.h"

int explain_write(FILE *out, enum explain_form form, const struct table *table, struct span raw)
{
	char enough[16 * 1024], *more;
	struct sink sink = {enough, sizeof(enough), 0};
	size_t written;

	explain(&sink, form, table, raw);
	if (sink.len <= sink.cap) {
		written = fwrite(sink.at, 1, sink.len, out);
		return written == sink.len ? 0 : -errno;
	}
	/* Rules that are published meanwhile may take more room than those that were measured. */
	for (more = NULL; sink.len > sink.cap; explain(&sink, form, table, raw)) {
		free(more);
		more = malloc(sink.len);
		if (!more)
			return -ENOMEM;
		sink = (struct sink){more, sink.len, 0};
	}
	written = fwrite(sink.at, 1, sink.len, out);
	free(more);
	return written == sink.len ? 0 : -errno;
}

/* Takes the request out of a line, decoded in place. Returns what is wrong, or NULL. "tls" may be
 * there, and says nothing that the request does not. */
static const char *read_line(const cJSON *line, struct span *raw)
{
	const cJSON *text = cJSON_GetObjectItemCaseSensitive(line, "raw");
	const cJSON *flag = cJSON_GetObjectItemCaseSensitive(line, "tls");
	ssize_t len;

	if (!cJSON_IsObject(line))
		return "is not a JSON object";
	if (!cJSON_IsString(text))
		return "\\\"raw\\\" must be a string";
	if (flag && !cJSON_IsBool(flag))
		return "\\\"tls\\\" must be true or false";
	len = base64_decode(text->valuestring, strlen(text->valuestring));
	if (len < 0)
		return "\\\"raw\\\" is not base64";
	*raw = (struct span){text->valuestring, (size_t)len};
	return NULL;
}

/* The whole line, or NULL. */
static cJSON *parse(struct span line)
{
	const char *end;
	cJSON *value = cJSON_ParseWithLengthOpts(line.at, line.len, &end, false);

	for (; value && end < line.at + line.len; end++) {
		if (!strchr(" \t\r", *end)) {
			cJSON_Delete(value);
			return NULL;
		}
	}
	return value;
}

/* Returns 1 for a line that cannot be read, 0, or -errno. */
static int explain_one(FILE *out, const struct table *table, struct span line, uint64_t number)
{
	cJSON *value = parse(line);
	struct span raw;
	const char *wrong = read_line(value, &raw);
	int error;

	if (wrong)
		error = fprintf(out, "{\"error\": \"line %llu: %s\"}", (unsigned long long)number,
				wrong) < 0
				? -errno
				: 1;
	else
		error = explain_write(out, EXPLAIN_LINE, table, raw);
	cJSON_Delete(value);
	return error;
}

long explain_lines(int in, FILE *out, const struct table *table)
{
	struct lines lines = {.fd = in, .answers = out};
	struct span line;
	long bad = 0;
	int next, error = 0;

	while (error >= 0 && ((next = lines_next(&lines, &line)) > 0 || next == -EMSGSIZE)) {
		if (next == -EMSGSIZE)
			error = fprintf(out, "{\"error\": \"line %llu: is too long\"}",
					(unsigned long long)lines.number) < 0
					? -errno
					: 1;
		else
			error = explain_one(out, table, line, lines.number);
		bad += error == 1;
		if (error >= 0 && fputc('\n', out) == EOF)
			error = -errno;
	}
	lines_free(&lines);
	if (error >= 0 && next < 0)
		error = next;
	return error < 0 ? error : bad;
}
