/* SPDX-License-Identifier: Apache-2.0 */
#include "json_add.h"

#include <inttypes.h>
#include <time.h>

#include "control/event_json.h"
#include "control/memory.h"

void json_add_number(cJSON *object, const char *name, uint64_t value)
{
	sure(cJSON_AddNumberToObject(object, name, (double)value));
}

cJSON *json_ms(uint64_t ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 ".%03" PRIu64, ns / 1000000, ns / 1000 % 1000);
	return sure(cJSON_CreateRaw(text));
}

void json_add_ms(cJSON *object, const char *name, uint64_t ns)
{
	cJSON_AddItemToObject(object, name, json_ms(ns));
}

void json_add_text(cJSON *object, const char *name, const char *text)
{
	sure(text && *text ? cJSON_AddStringToObject(object, name, text)
			   : cJSON_AddNullToObject(object, name));
}

void json_add_time(cJSON *object, const char *name, uint64_t monotonic)
{
	uint64_t wall = event_wall_time(monotonic);
	time_t seconds = (time_t)(wall / 1000000000);
	struct tm parts;
	char text[32], whole[48];

	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(whole, sizeof(whole), "%s.%06" PRIu64 "Z", text, wall / 1000 % 1000000);
	json_add_text(object, name, whole);
}

void json_add_who(cJSON *object, const struct report *report, const struct report_attempt *attempt)
{
	json_add_text(object, "service", report_text(report, attempt, EVENT_SERVICE));
	json_add_text(object, "region", report_text(report, attempt, EVENT_REGION));
	json_add_text(object, "operation", report_text(report, attempt, EVENT_OPERATION));
	json_add_text(object, "resource", report_text(report, attempt, EVENT_RESOURCE));
	json_add_number(object, "pid", attempt->pid);
	json_add_text(object, "process", report_text(report, attempt, EVENT_PROCESS));
	json_add_text(object, "label", report_text(report, attempt, EVENT_LABEL));
}

cJSON *json_add_object(cJSON *array)
{
	cJSON *object = sure(cJSON_CreateObject());

	cJSON_AddItemToArray(array, object);
	return object;
}
