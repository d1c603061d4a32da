/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

#include "shim/engine/aws/model.h"
#include "shim/engine/aws/tables.h"
#include "suite.h"

START_TEST(the_tables_say_which_botocore_they_were_made_from)
{
	unsigned major, minor, patch;

	ck_assert_int_eq(sscanf(aws_model_version(), "%u.%u.%u", &major, &minor, &patch), 3);
}
END_TEST

START_TEST(services_are_found_by_their_names)
{
	ck_assert_int_gt(aws_model_service_count(), 400);
	for (int i = 0; i < aws_model_service_count(); i++)
		ck_assert_int_eq(aws_model_find(aws_model_service_name(i)), i);
	ck_assert_int_eq(aws_model_find(SPAN("states")), -1);
	ck_assert_int_eq(aws_model_find(SPAN("s")), -1);
	ck_assert_int_eq(aws_model_find(SPAN("")), -1);
}
END_TEST

START_TEST(operations_are_sorted_and_found_by_their_names)
{
	int total = 0;

	for (int service = 0; service < aws_model_service_count(); service++) {
		int count = aws_model_operation_count(service);

		ck_assert_int_gt(count, 0);
		total += count;
		for (int i = 0; i < count; i++) {
			struct span name = aws_model_operation_name(service, i);

			ck_assert_int_eq(model_find_operation(service, name), i);
			if (i)
				ck_assert_int_lt(
					span_compare(
						aws_model_operation_name(service, i - 1), name),
					0);
		}
	}
	ck_assert_int_gt(total, 18000);
}
END_TEST

START_TEST(what_lies_outside_the_tables_is_empty)
{
	int services = aws_model_service_count(), regions = aws_model_region_count();
	int s3 = aws_model_find(SPAN("s3"));

	ck_assert_uint_eq(aws_model_service_name(-1).len, 0);
	ck_assert_uint_eq(aws_model_service_name(services).len, 0);
	ck_assert_int_eq(aws_model_operation_count(-1), 0);
	ck_assert_int_eq(aws_model_operation_count(services), 0);
	ck_assert_uint_eq(aws_model_operation_name(s3, -1).len, 0);
	ck_assert_uint_eq(aws_model_operation_name(s3, aws_model_operation_count(s3)).len, 0);
	ck_assert_uint_eq(aws_model_xml_namespace(services).len, 0);
	ck_assert(!aws_model_query_compatible(-1));
	ck_assert_int_eq(aws_model_error_status(-1, SPAN("NoSuchBucket")), 0);
	ck_assert_uint_eq(aws_model_region_name(-1).len, 0);
	ck_assert_uint_eq(aws_model_region_name(regions).len, 0);
}
END_TEST

static const struct {
	const char *service, *xml_namespace;
} namespaces[] = {
	{"sts", "https://sts.amazonaws.com/doc/2011-06-15/"},
	{"sns", "http://sns.amazonaws.com/doc/2010-03-31/"},
	{"neptune", "http://rds.amazonaws.com/doc/2014-10-31/"},
	{"cloudwatch", "http://monitoring.amazonaws.com/doc/2010-08-01/"},
	{"route53", "https://route53.amazonaws.com/doc/2013-04-01/"},
	{"dynamodb", ""},
};

START_TEST(xml_namespaces_are_those_of_the_model)
{
	int service = aws_model_find(span_of(namespaces[_i].service));

	ck_assert(span_equal(
		aws_model_xml_namespace(service), span_of(namespaces[_i].xml_namespace)));
}
END_TEST

static const struct {
	const char *service, *code;
	int status;
} errors[] = {
	{"lambda", "ResourceNotFoundException", 404},
	{"lambda", "TooManyRequestsException", 429},
	{"dynamodb", "ProvisionedThroughputExceededException", 400},
	{"dynamodb", "InternalServerError", 500},
	{"ec2", "InvalidInstanceID.NotFound", 0},
	{"rds", "DBInstanceNotFound", 404},
	{"rds", "DBInstanceNotFoundFault", 404},
	{"kinesis", "NoSuchCode", 0},
	{"kinesis", "", 0},
};

START_TEST(the_status_of_an_error_code_is_the_models)
{
	ck_assert_int_eq(aws_model_error_status(aws_model_find(span_of(errors[_i].service)),
				 span_of(errors[_i].code)),
		errors[_i].status);
}
END_TEST

START_TEST(query_compatible_services_are_sqs_and_cloudwatch)
{
	int count = 0;

	for (int i = 0; i < aws_model_service_count(); i++)
		count += aws_model_query_compatible(i);
	ck_assert_int_eq(count, 2);
	ck_assert(aws_model_query_compatible(aws_model_find(SPAN("sqs"))));
	ck_assert(aws_model_query_compatible(aws_model_find(SPAN("cloudwatch"))));
}
END_TEST

static const char *const regions[] = {"us-east-1", "eu-west-2", "cn-northwest-1", "us-gov-west-1",
	"eusc-de-east-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1"};

START_TEST(regions_of_all_partitions_are_known)
{
	int region = model_find_region(span_of(regions[_i]));

	ck_assert_int_ge(region, 0);
	ck_assert(span_equal(aws_model_region_name(region), span_of(regions[_i])));
}
END_TEST

static bool in_text(uint32_t ref, size_t size)
{
	struct span text = model_span(ref);

	return (size_t)(text.at - model_text) + text.len <= size;
}

/* Breadth first: what no node points to any more is the end. */
static unsigned node_count(void)
{
	unsigned services = model_services_count - 1, count = 0;

	for (unsigned i = 0; i < services; i++)
		count += model_services[i].root != MODEL_NO_ROOT;
	for (unsigned i = 0; i < count; i++)
		if (model_nodes[i + 1].child > count)
			count = model_nodes[i + 1].child;
	return count;
}

START_TEST(every_reference_lies_within_the_tables)
{
	unsigned services = model_services_count - 1, nodes = node_count(), members = 0;
	size_t size = strlen(model_text);

	for (unsigned i = 0; i < services; i++) {
		ck_assert(in_text(model_services[i].name, size));
		ck_assert(in_text(model_services[i].xml_namespace, size));
		ck_assert(model_services[i].home == MODEL_NONE || model_services[i].home < 16);
	}
	for (unsigned i = 0; i < nodes; i++) {
		ck_assert(in_text(model_nodes[i].text, size));
		ck_assert_uint_ge(model_nodes[i + 1].child, model_nodes[i].child);
		ck_assert_uint_ge(model_nodes[i + 1].terminal, model_nodes[i].terminal);
	}
	for (unsigned i = 0; i < model_host_keys_count; i++) {
		ck_assert(in_text(model_host_keys[i].text, size));
		members = model_host_keys[i].first + model_host_keys[i].count;
		for (unsigned k = model_host_keys[i].first; k < members; k++)
			ck_assert_uint_lt(model_members[k] >> 1, services);
	}
}
END_TEST

START_TEST(an_operation_with_a_literal_query_says_how_that_begins)
{
	unsigned with = 0, without = 0;

	for (unsigned i = 0; i < model_nodes[node_count()].terminal; i++) {
		unsigned at = MODEL_TERMINAL_CONSTRAINT(model_terminals[i]);
		unsigned start = MODEL_TERMINAL_START(model_terminals[i]);
		uint32_t first = at ? model_constraints[at - 1] : 0;
		unsigned kind = model_bits(first) & (MODEL_CONSTRAINT_LAST - 1);

		if (at && kind == MODEL_QUERY_LITERAL) {
			ck_assert_uint_eq(start, model_key_start(model_span(first)));
			with++;
		} else {
			ck_assert_uint_eq(start, MODEL_NO_START);
			without++;
		}
	}
	ck_assert_uint_gt(with, 100);
	ck_assert_uint_gt(without, 9000);
}
END_TEST

START_TEST(the_names_of_all_services_are_found_and_what_comes_near_is_not)
{
	for (int service = 0; service < aws_model_service_count(); service++) {
		struct span name = aws_model_service_name(service);
		char near[64];

		ck_assert_int_eq(aws_model_find(name), service);
		memcpy(near, name.at, name.len);
		near[name.len] = '\0';
		ck_assert_int_eq(aws_model_find((struct span){near, name.len + 1}), -1);
		near[0] ^= 0x20;
		ck_assert_int_eq(aws_model_find((struct span){near, name.len}), -1);
	}
	ck_assert_int_eq(aws_model_find(SPAN("")), -1);
}
END_TEST

/* Sections of the object that the tables are compiled to. */
struct object {
	char *bytes;
	size_t size;
};

static struct object read_object(void)
{
	const char *build = getenv("CHAOS_BUILD");
	char path[4096];
	struct object object = {0};
	FILE *file;

	snprintf(
		path, sizeof(path), "%s/obj/shim/engine/aws/model_data.o", build ? build : "build");
	file = fopen(path, "rb");
	ck_assert_msg(file != NULL, "%s is not there", path);
	fseek(file, 0, SEEK_END);
	object.size = (size_t)ftell(file);
	rewind(file);
	object.bytes = malloc(object.size);
	ck_assert_uint_eq(fread(object.bytes, 1, object.size, file), object.size);
	fclose(file);
	return object;
}

START_TEST(the_tables_are_small_read_only_and_need_no_relocation)
{
	struct object object = read_object();
	const Elf64_Ehdr *head = (const void *)object.bytes;
	const Elf64_Shdr *sections = (const void *)(object.bytes + head->e_shoff);
	size_t size = 0;

	for (int i = 0; i < head->e_shnum; i++) {
		const Elf64_Shdr *section = &sections[i];

		if (section->sh_type == SHT_RELA || section->sh_type == SHT_REL)
			ck_assert_msg(!(sections[section->sh_info].sh_flags & SHF_ALLOC),
				"the tables have relocations");
		if (!(section->sh_flags & SHF_ALLOC))
			continue;
		size += section->sh_size;
		ck_assert_msg(!(section->sh_flags & SHF_WRITE) || section->sh_size == 0,
			"the tables can be written to");
	}
	ck_assert_uint_gt(size, 0);
	ck_assert_uint_le(size, 640 * 1000);
	free(object.bytes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model");
	TCase *tests = tcase_create("model");

	tcase_add_test(tests, the_tables_say_which_botocore_they_were_made_from);
	tcase_add_test(tests, services_are_found_by_their_names);
	tcase_add_test(tests, operations_are_sorted_and_found_by_their_names);
	tcase_add_test(tests, what_lies_outside_the_tables_is_empty);
	tcase_add_loop_test(tests, xml_namespaces_are_those_of_the_model, 0, COUNT(namespaces));
	tcase_add_loop_test(tests, the_status_of_an_error_code_is_the_models, 0, COUNT(errors));
	tcase_add_test(tests, query_compatible_services_are_sqs_and_cloudwatch);
	tcase_add_loop_test(tests, regions_of_all_partitions_are_known, 0, COUNT(regions));
	tcase_add_test(tests, every_reference_lies_within_the_tables);
	tcase_add_test(tests, an_operation_with_a_literal_query_says_how_that_begins);
	tcase_add_test(tests, the_names_of_all_services_are_found_and_what_comes_near_is_not);
	tcase_add_test(tests, the_tables_are_small_read_only_and_need_no_relocation);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
