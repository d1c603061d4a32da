/* SPDX-License-Identifier: Apache-2.0 */
#include "aliases.h"

#include <ctype.h>
#include <stdint.h>

#include "shim/engine/aws/model.h"
#include "shim/engine/aws/tables.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What people say, and no table has. */
static const struct {
	struct span alias, service;
} popular[] = {
	{SPAN("alb"), SPAN("elbv2")},
	{SPAN("apigw"), SPAN("apigateway")},
	{SPAN("asg"), SPAN("autoscaling")},
	{SPAN("aurora"), SPAN("rds")},
	{SPAN("cfn"), SPAN("cloudformation")},
	{SPAN("cognito"), SPAN("cognito-idp")},
	{SPAN("cognito"), SPAN("cognito-identity")},
	{SPAN("configservice"), SPAN("config")},
	{SPAN("cw"), SPAN("cloudwatch")},
	{SPAN("deploy"), SPAN("codedeploy")},
	{SPAN("documentdb"), SPAN("docdb")},
	{SPAN("dynamo"), SPAN("dynamodb")},
	{SPAN("elasticsearch"), SPAN("es")},
	{SPAN("fargate"), SPAN("ecs")},
	{SPAN("kinesisfirehose"), SPAN("firehose")},
	{SPAN("msk"), SPAN("kafka")},
	{SPAN("nlb"), SPAN("elbv2")},
	{SPAN("parameterstore"), SPAN("ssm")},
	{SPAN("r53"), SPAN("route53")},
	{SPAN("redis"), SPAN("elasticache")},
	{SPAN("s3api"), SPAN("s3")},
	{SPAN("secrets"), SPAN("secretsmanager")},
	{SPAN("systemsmanager"), SPAN("ssm")},
	{SPAN("timestream"), SPAN("timestream-write")},
	{SPAN("timestream"), SPAN("timestream-query")},
	{SPAN("vpc"), SPAN("ec2")},
};

struct found {
	struct span *services;
	int count, cap;
};

static void add(struct found *found, struct span service)
{
	for (int i = 0; i < found->count; i++)
		if (span_equal(found->services[i], service))
			return;
	if (found->count < found->cap)
		found->services[found->count++] = service;
}

static struct span skip_signs(struct span text)
{
	while (text.len && !isalnum((unsigned char)*text.at))
		text = span_from(text, 1);
	return text;
}

static bool same_letters(struct span a, struct span b)
{
	for (;;) {
		a = skip_signs(a);
		b = skip_signs(b);
		if (!a.len || !b.len)
			return a.len == b.len;
		if (tolower((unsigned char)*a.at) != tolower((unsigned char)*b.at))
			return false;
		a = span_from(a, 1);
		b = span_from(b, 1);
	}
}

static void add_members(struct found *found, const struct model_key *key, int shift)
{
	for (unsigned i = 0; i < key->count; i++)
		add(found, aws_model_service_name(model_members[key->first + i] >> shift));
}

/* `shift` makes a service of a member. */
static void add_keys(struct found *found, struct span name, const struct model_key *keys,
	unsigned count, int shift)
{
	for (unsigned i = 0; i < count; i++)
		if (same_letters(name, model_span(keys[i].text)))
			add_members(found, &keys[i], shift);
}

int aliases_find(struct span name, struct span *services, int cap)
{
	struct found found = {services, 0, cap};

	for (int i = 0; i < aws_model_service_count(); i++)
		if (same_letters(name, aws_model_service_name(i)))
			add(&found, aws_model_service_name(i));
	if (found.count)
		return found.count;
	for (size_t i = 0; i < COUNT(popular); i++)
		if (same_letters(name, popular[i].alias))
			add(&found, popular[i].service);
	/* The names that come from the wire, those with one meaning first. */
	add_keys(&found, name, model_id_keys, model_id_keys_count, 0);
	add_keys(&found, name, model_signing_keys, model_signing_keys_count, 0);
	add_keys(&found, name, model_host_keys, model_host_keys_count, 1);
	return found.count;
}
