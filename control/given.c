/* SPDX-License-Identifier: Apache-2.0 */
#include "given.h"

#include <errno.h>
#include <string.h>

#include "file.h"
#include "memory.h"

static char *read_named(const char *path, size_t *len, struct refusal *why)
{
	char *text = *path ? file_read(path, len) : NULL;

	if (!*path)
		refuse(why, 400, "the name of a file is missing");
	else if (!text)
		refuse(why, 500, "cannot be read: %s", strerror(errno));
	else if (*len == 0)
		refuse(why, 400, "is empty; JSON is expected");
	else if (strlen(text) != *len)
		refuse(why, 400, "is no text");
	else
		return text;
	free(text);
	return NULL;
}

char *given_read(const char *argument, size_t *len, struct refusal *why)
{
	if (*argument == '@')
		return read_named(argument + 1, len, why);
	switch (argument[strspn(argument, " \t\r\n")]) {
	case '[':
	case '{':
		*len = strlen(argument);
		return sure(strdup(argument));
	case '\0':
		refuse(why, 400, "the argument is empty; JSON or @FILE is expected");
		break;
	default:
		refuse(why, 400,
			"'%.100s' is no array or object of JSON; write @ before the name of a file",
			argument);
	}
	return NULL;
}
