/* SPDX-License-Identifier: Apache-2.0 */
/* Resources as ARNs. */
#include "policy_arn.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_ESCAPED 801

/* What stands before a name; "%s" is the name. Operations on these services name nothing else. */
static const struct {
	const char *service;
	const char *member; /* what the operation's name holds; "": any */
	const char *form;
} forms[] = {
	{"dynamodb", "Backup", NULL},
	{"dynamodb", "", "dynamodb:REGION:*:table/%s"},
	{"ecr", "", "ecr:REGION:*:repository/%s"},
	{"firehose", "", "firehose:REGION:*:deliverystream/%s"},
	{"kinesis", "", "kinesis:REGION:*:stream/%s"},
	{"lambda", "EventSourceMapping", NULL},
	{"lambda", "Layer", NULL},
	{"lambda", "CodeSigning", NULL},
	{"lambda", "", "lambda:REGION:*:function:%s"},
	{"secretsmanager", "", "secretsmanager:REGION:*:secret:%s-\?\?\?\?\?\?"},
	{"ssm", "Parameter", "ssm:REGION:*:parameter/%s"},
};

static bool is_arn(const char *text)
{
	return strncmp(text, "arn:", 4) == 0;
}

static const char *partition_of(const char *region)
{
	if (strncmp(region, "cn-", 3) == 0)
		return "aws-cn";
	return strncmp(region, "us-gov-", 7) == 0 ? "aws-us-gov" : "aws";
}

/* "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs", or "/…/123456789012/jobs", or "jobs". */
static void queue_arn(const struct policy_call *call, char text[POLICY_TEXT_MAX])
{
	const char *name = strrchr(call->resource, '/'), *account = name ?: call->resource;

	while (account > call->resource && account[-1] != '/')
		account--;
	if (!name || name - account != 12 || strspn(account, "0123456789") != 12)
		account = "*";
	snprintf(text, POLICY_TEXT_MAX, "arn:%s:sqs:%.60s:%.*s:%.800s", partition_of(call->region),
		*call->region ? call->region : "*", *account == '*' ? 1 : 12, account,
		name ? name + 1 : call->resource);
}

static bool is_key(const char *id)
{
	return strlen(id) == 36 && strspn(id, "0123456789abcdef-") == 36;
}

static void fill(const struct policy_call *call, const char *form, char text[POLICY_TEXT_MAX])
{
	const char *region = strstr(form, "REGION"), *name = call->resource;
	char rest[POLICY_TEXT_MAX];

	/* The ARN of a parameter "/a/b" is …:parameter/a/b. */
	if (*name == '/')
		name++;
	snprintf(rest, sizeof(rest), "%s", region + strlen("REGION"));
	rest[strstr(rest, "%s") - rest] = '\0';
	snprintf(text, POLICY_TEXT_MAX, "arn:%s:%.*s%s%.60s%.800s%s", partition_of(call->region),
		(int)(region - form), form, *call->region ? call->region : "*", rest, name,
		strstr(form, "%s") + 2);
}

static const char *form_of(const struct policy_call *call)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		if (strcmp(forms[i].service, call->service) == 0 &&
			strstr(call->operation, forms[i].member))
			return forms[i].form;
	return NULL;
}

/* Of s3 the name is "bucket" or "bucket/key". */
static void s3_arn(const struct policy_call *call, char text[POLICY_TEXT_MAX])
{
	bool is_of_all_keys = strcmp(call->operation, "DeleteObjects") == 0;

	snprintf(text, POLICY_TEXT_MAX, "arn:%s:s3:::%.800s%s", partition_of(call->region),
		call->resource, is_of_all_keys ? "/*" : "");
}

/* What a policy would take for a pattern or a variable stands as "${*}". What has no room is cut. */
static void escape(const char *name, char text[NAME_MAX_ESCAPED])
{
	size_t len = 0;

	for (; *name && len + strlen("${*}") < NAME_MAX_ESCAPED; name++) {
		bool is_special = strchr("*?$", *name) != NULL;

		len += (size_t)sprintf(text + len, is_special ? "${%c}" : "%c", *name);
	}
	text[len] = '\0';
}

static void fill_any(const struct policy_call *call, char text[POLICY_TEXT_MAX])
{
	const char *form = form_of(call);

	if (is_arn(call->resource))
		snprintf(text, POLICY_TEXT_MAX, "%.800s", call->resource);
	else if (strcmp(call->service, "s3") == 0)
		s3_arn(call, text);
	else if (strcmp(call->service, "sqs") == 0)
		queue_arn(call, text);
	else if (strcmp(call->service, "kms") == 0 && is_key(call->resource))
		fill(call, "kms:REGION:*:key/%s", text);
	else if (form)
		fill(call, form, text);
	else
		snprintf(text, POLICY_TEXT_MAX, "*");
}

void policy_arn(const struct policy_call *call, char text[POLICY_TEXT_MAX])
{
	char name[NAME_MAX_ESCAPED];
	struct policy_call escaped = *call;

	if (!*call->resource || *call->resource == '#') {
		snprintf(text, POLICY_TEXT_MAX, "*");
		return;
	}
	escape(call->resource, name);
	escaped.resource = name;
	fill_any(&escaped, text);
}
