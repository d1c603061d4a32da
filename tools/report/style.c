/* SPDX-License-Identifier: Apache-2.0 */
#include "style.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/utf8.h"

bool style_wanted(FILE *out)
{
	const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(fileno(out)) && !(none && *none) &&
	       !(terminal && strcmp(terminal, "dumb") == 0);
}

const char *style_begin(bool colours, enum style style)
{
	static const char *const codes[] = {[STYLE_PLAIN] = "",
		[STYLE_BOLD] = "\033[1m",
		[STYLE_FAINT] = "\033[2m",
		[STYLE_GOOD] = "\033[32m",
		[STYLE_WARNING] = "\033[33m",
		[STYLE_BAD] = "\033[31m"};

	return colours ? codes[style] : "";
}

const char *style_end(bool colours, enum style style)
{
	return colours && style != STYLE_PLAIN ? "\033[0m" : "";
}

enum style style_of(const struct report_attempt *attempt)
{
	if (report_attempt_succeeded(attempt))
		return STYLE_GOOD;
	return attempt->action & EVENT_ERROR ? STYLE_WARNING : STYLE_BAD;
}

const char *style_duration(uint64_t ns, char text[STYLE_DURATION_MAX])
{
	double ms = (double)ns / 1e6;

	if (ms < 10)
		snprintf(text, STYLE_DURATION_MAX, "%.2f ms", ms);
	else if (ms < 1000)
		snprintf(text, STYLE_DURATION_MAX, "%.0f ms", ms);
	else
		snprintf(text, STYLE_DURATION_MAX, "%.2f s", ms / 1000);
	return text;
}

const char *style_count(uint64_t count, const char *noun, char text[STYLE_COUNT_MAX])
{
	snprintf(text, STYLE_COUNT_MAX, "%llu %s%s", (unsigned long long)count, noun,
		count == 1 ? "" : "s");
	return text;
}

int style_width(const char *text)
{
	return (int)utf8_count(text);
}
