/* SPDX-License-Identifier: Apache-2.0 */

#include "known.h"

#include "control/names.h"
#include "shim/engine/aws/model.h"
#include "shim/memory/table.h"

/* Names hold nothing that JSON would have to escape. */
static void print_name(FILE *out, struct span name, bool json, int place)
{
	if (json)
		fprintf(out, "%s\"%.*s\"", place ? ", " : "[", (int)name.len, name.at);
	else
		fprintf(out, "%.*s\n", (int)name.len, name.at);
}

static void print_end(FILE *out, bool json, int count)
{
	if (json)
		fputs(count ? "]\n" : "[]\n", out);
}

int known_services(FILE *out, const char *glob, bool json)
{
	int count = 0;

	for (int i = 0; i < aws_model_service_count(); i++) {
		struct span name = aws_model_service_name(i);

		if (!glob || table_glob_matches(span_of(glob), name))
			print_name(out, name, json, count++);
	}
	print_end(out, json, count);
	return count;
}

int known_operations(FILE *out, const char *service, bool json)
{
	int model = aws_model_find(span_of(service));
	int count = model < 0 ? 0 : aws_model_operation_count(model);

	if (model < 0)
		return -1;
	for (int i = 0; i < count; i++)
		print_name(out, aws_model_operation_name(model, i), json, i);
	print_end(out, json, count);
	return count;
}

struct span known_nearest_service(const char *name)
{
	struct span wanted = span_of(name), nearest = {0};
	int limit = (int)(wanted.len + 2) / 3;

	if (wanted.len > TABLE_NAME_MAX)
		return nearest;
	for (int i = 0; i < aws_model_service_count(); i++) {
		struct span known = aws_model_service_name(i);
		int distance = names_distance(wanted, known, limit);

		if (distance > limit)
			continue;
		nearest = known;
		limit = distance - 1;
	}
	return nearest;
}
