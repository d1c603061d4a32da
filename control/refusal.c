/* SPDX-License-Identifier: Apache-2.0 */
#include "refusal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <cjson/cJSON.h>
#include <microhttpd.h>

#include "json.h"
#include "memory.h"
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
	snprintf(out, cap, "%s%s", place, why->message);
}

char *refusal_json(const struct refusal *why)
{
	char text[sizeof(why->message) + sizeof(why->field) + 64];
	cJSON *object = sure(cJSON_CreateObject());
	char *printed;

	refusal_text(why, text, sizeof(text));
	sure(cJSON_AddStringToObject(object, "error", refusal_status_name(why->status)));
	sure(cJSON_AddStringToObject(object, "message", text));
	if (why->rule)
		sure(cJSON_AddNumberToObject(object, "rule", why->rule));
	if (*why->field)
		sure(cJSON_AddStringToObject(object, "field", why->field));
	if (why->line) {
		sure(cJSON_AddNumberToObject(object, "line", why->line));
		sure(cJSON_AddNumberToObject(object, "column", why->column));
	}
	printed = json_print(object);
	cJSON_Delete(object);
	return printed;
}

const char *refusal_status_name(int status)
{
	return MHD_get_reason_phrase_for((unsigned)status);
}
