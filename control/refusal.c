/* SPDX-License-Identifier: Apache-2.0 */
#include "refusal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "utf8.h"

int refuse(struct refusal *why, int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why->message, sizeof(why->message), format, arguments);
	va_end(arguments);
	/* It may quote what the client sent, cut anywhere. */
	utf8_tidy(why->message);
	why->status = status;
	return -EINVAL;
}

void refusal_of_option(struct refusal *why, const char *option, const char *argument)
{
	bool is_file = *argument == '@';

	snprintf(why->source, sizeof(why->source), "%s%s%s", option, is_file ? " " : "",
		is_file ? argument : "");
	utf8_tidy(why->source);
}

void refusal_text(const struct refusal *why, char *out, size_t cap)
{
	char place[sizeof(why->field) + 64] = "";

	if (why->line)
		snprintf(place, sizeof(place), "line %d, column %d: ", why->line, why->column);
	else if (why->rule)
		snprintf(place, sizeof(place), "rule %d%s%s: ", why->rule, *why->field ? ", " : "",
			why->field);
	else if (*why->field)
		snprintf(place, sizeof(place), "%s: ", why->field);
	snprintf(out, cap, "%s%s%s%s", why->source, *why->source ? ": " : "", place, why->message);
}
