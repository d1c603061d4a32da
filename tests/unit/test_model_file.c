/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "identify_of.h"
#include "model_of.h"
#include "shim/engine/aws/model.h"
#include "suite.h"

static const char *open_file(const struct model_of *file, struct model *model)
{
	return model_file_open(file->head, file->head->size, model);
}

START_TEST(a_whole_file_gives_the_tables_that_it_was_made_of)
{
	struct model_of file = model_of_built_in();
	struct model model;

	ck_assert_ptr_null(open_file(&file, &model));
	ck_assert_str_eq(model.version, built_in_version);
#define PART(type, name)                                                                           \
	ck_assert_uint_eq(model.counts->name, built_in_counts.name);                               \
	ck_assert_mem_eq(model.name, built_in_##name, model.counts->name * sizeof(type));
#include "shim/engine/aws/parts.def"
#undef PART
	free(file.head);
}
END_TEST

START_TEST(a_cut_file_is_refused)
{
	struct model_of file = model_of_built_in();
	uint32_t size = file.head->size;
	struct model model;

	for (uint32_t cut = 0; cut < size; cut += cut < 4096 ? 1 : 1021) {
		char *block = malloc(cut + 1);

		memcpy(block, file.head, cut);
		ck_assert_ptr_nonnull(model_file_open(block, cut, &model));
		free(block);
	}
	free(file.head);
}
END_TEST

START_TEST(a_cut_file_that_says_so_is_refused)
{
	struct model_of file = model_of_built_in();
	uint32_t size = file.head->size;
	struct model model;

	for (uint32_t cut = sizeof(*file.head); cut < size; cut += 9973) {
		model_of_seal(&file, cut);
		ck_assert_str_eq(open_file(&file, &model), "is damaged");
	}
	free(file.head);
}
END_TEST

START_TEST(a_changed_bit_is_refused)
{
	struct model_of file = model_of_built_in();
	uint32_t size = file.head->size;
	struct model model;

	for (uint32_t at = 0; at < size; at += at < sizeof(*file.head) ? 1 : 7919) {
		((char *)file.head)[at] ^= 4;
		ck_assert_ptr_nonnull(model_file_open(file.head, size, &model));
		((char *)file.head)[at] ^= 4;
	}
	free(file.head);
}
END_TEST

/* The place of a service by its name. */
static struct model_service *service_of(struct model_of *file, const char *name)
{
	return &file->services[aws_model_find(span_of(name))];
}

#define TEXT(at, len) ((uint32_t)(at) | (uint32_t)(len) << MODEL_TEXT_OFFSET_BITS)
/* The last byte of the text, and one that lies behind it. */
#define PAST_TEXT TEXT(built_in_counts.text - MODEL_TEXT_END - 1, 2)

static uint32_t last(uint32_t count)
{
	return count - 1;
}

/* What is wrong, and how it comes about. */
#define DAMAGES                                                                                    \
	DAMAGE(version_not_ended, memset(file->head->botocore, '1', 32))                           \
	DAMAGE(version_with_a_quote, file->head->botocore[1] = '"')                                \
	DAMAGE(no_version, file->head->botocore[0] = '\0')                                         \
	DAMAGE(part_in_the_head, file->head->at[1] = 8)                                            \
	DAMAGE(part_at_an_odd_place, file->head->at[1] += 4)                                       \
	DAMAGE(part_past_the_end, file->head->at[3] = file->head->size)                            \
	DAMAGE(part_that_wraps_around, file->head->at[3] = 0xfffffff8)                             \
	DAMAGE(too_many_rows, file->head->counts.members = 60000)                                  \
	DAMAGE(more_rows_than_there_are_numbers, file->head->counts.errors = 0x10000000)           \
	DAMAGE(no_rows, file->head->counts.suffixes = 0)                                           \
	DAMAGE(text_too_long, file->head->counts.text = (1u << 20))                                \
	DAMAGE(text_of_nothing, file->head->counts.text = MODEL_TEXT_END)                          \
	DAMAGE(quote_in_the_text, file->text[100] = '"')                                           \
	DAMAGE(end_of_line_in_the_text, file->text[100] = '\n')                                    \
	DAMAGE(tag_in_the_text, file->text[100] = '<')                                             \
	DAMAGE(service_without_a_name, file->services[0].name = 0)                                 \
	DAMAGE(services_unsorted, file->services[0].name = file->services[5].name)                 \
	DAMAGE(service_named_past_the_text, file->services[0].name = PAST_TEXT)                    \
	DAMAGE(namespace_past_the_text, file->services[0].xml_namespace = PAST_TEXT)               \
	DAMAGE(operations_past_the_end, file->services[3].operations = 0xffff)                     \
	DAMAGE(operations_backwards, file->services[3].operations = 0)                             \
	DAMAGE(errors_past_the_end,                                                                \
		file->services[last(built_in_counts.services)].errors = 0xffff)                    \
	DAMAGE(resources_past_the_end,                                                             \
		file->services[last(built_in_counts.services)].resources = 0xffff)                 \
	DAMAGE(protocol_of_no_kind, file->services[7].protocol = 7)                                \
	DAMAGE(home_past_the_end, file->services[7].home = (uint8_t)built_in_counts.homes)         \
	DAMAGE(root_past_the_end, service_of(file, "s3")->root = 0xfffe)                           \
	DAMAGE(root_of_two, service_of(file, "s3")->root--)                                        \
	DAMAGE(no_s3, file->text[model_text_at(service_of(file, "s3")->name) + 1] = '4')           \
	DAMAGE(operation_past_the_text, file->operations[9] = PAST_TEXT)                           \
	DAMAGE(operations_unsorted, file->operations[0] = file->operations[1])                     \
	DAMAGE(resource_past_the_end, file->operations[0] |= 30u << (MODEL_TEXT_BITS + 1))         \
	DAMAGE(status_over_599, file->errors[0] |= 0xff)                                           \
	DAMAGE(place_past_the_text, file->resources[0] = PAST_TEXT)                                \
	DAMAGE(place_of_no_kind, file->resources[0] |= 4u << MODEL_TEXT_BITS)                      \
	DAMAGE(segment_past_the_text, file->nodes[2000].text = PAST_TEXT)                          \
	DAMAGE(segment_of_no_kind, file->nodes[2000].text |= 3u << MODEL_TEXT_BITS)                \
	DAMAGE(node_below_itself, file->nodes[0].child = 0)                                        \
	DAMAGE(children_backwards, file->nodes[9].child = file->nodes[8].child - 1)                \
	DAMAGE(children_past_the_end, file->nodes[last(built_in_counts.nodes)].child = 0xffff)     \
	DAMAGE(ends_backwards, file->nodes[2000].terminal = 0xffff)                                \
	DAMAGE(ends_past_the_end, file->nodes[last(built_in_counts.nodes)].terminal = 0xffff)      \
	DAMAGE(operation_of_another_service, file->terminals[0] |= 0xfff)                          \
	DAMAGE(method_of_no_kind, file->terminals[0] |= 7u << 12)                                  \
	DAMAGE(constraint_past_the_end, file->terminals[0] |= 0x1ffu << 17)                        \
	DAMAGE(constraint_past_the_text,                                                           \
		file->constraints[0] = PAST_TEXT | (uint32_t)MODEL_CONSTRAINT_LAST                 \
							   << MODEL_TEXT_BITS)                     \
	DAMAGE(constraint_of_no_kind, file->constraints[0] |= 7u << MODEL_TEXT_BITS)               \
	DAMAGE(constraint_of_nothing, file->constraints[0] &= ~((1u << MODEL_TEXT_BITS) - 1))      \
	DAMAGE(constraints_without_an_end, file->constraints[last(built_in_counts.constraints)] &= \
					   ~((uint32_t)MODEL_CONSTRAINT_LAST << MODEL_TEXT_BITS))  \
	DAMAGE(home_in_no_region, file->homes[0][0] = (uint8_t)built_in_counts.regions)            \
	DAMAGE(region_past_the_text, file->regions[0] = PAST_TEXT)                                 \
	DAMAGE(regions_unsorted, file->regions[0] = file->regions[1])                              \
	DAMAGE(region_in_no_partition, file->region_partitions[0] = MODEL_PARTITIONS)              \
	DAMAGE(partition_in_no_region,                                                             \
		file->partition_homes[0] = (uint8_t)built_in_counts.regions)                       \
	DAMAGE(suffix_past_the_text, file->suffixes[0].text = PAST_TEXT)                           \
	DAMAGE(suffix_of_nothing, file->suffixes[0].text = 0)                                      \
	DAMAGE(suffix_of_no_partition, file->suffixes[0].partition = MODEL_PARTITIONS)             \
	DAMAGE(key_past_the_text, file->signing_keys[0].text = PAST_TEXT)                          \
	DAMAGE(keys_unsorted, file->target_keys[0].text = file->target_keys[1].text)               \
	DAMAGE(key_of_no_service, file->version_keys[0].count = 0)                                 \
	DAMAGE(members_past_the_end, file->id_keys[0].count = 0xffff)                              \
	DAMAGE(first_member_past_the_end, file->host_keys[0].first = 0xffff)                       \
	DAMAGE(member_of_no_service, file->members[0] = (uint16_t)(built_in_counts.services - 1))

#define DAMAGE(what, how)                                                                          \
	static void what(struct model_of *file)                                                    \
	{                                                                                          \
		how;                                                                               \
	}
DAMAGES
#undef DAMAGE

static const struct {
	const char *what;
	void (*make)(struct model_of *file);
} damages[] = {
#define DAMAGE(what, how) {#what, what},
	DAMAGES
#undef DAMAGE
};

START_TEST(a_damaged_file_of_the_right_checksum_is_refused)
{
	struct model_of file = model_of_built_in();
	const char *reason;
	struct model model;

	damages[_i].make(&file);
	model_of_seal(&file, file.head->size);
	reason = open_file(&file, &model);
	ck_assert_msg(reason != NULL, "%s is not found", damages[_i].what);
	ck_assert_str_eq(reason, "is damaged");
	free(file.head);
}
END_TEST

START_TEST(another_files_kind_and_version_are_told)
{
	struct model_of file = model_of_built_in();
	struct model model;

	file.head->version++;
	ck_assert_ptr_nonnull(strstr(open_file(&file, &model), "is of another version"));
	file.head->magic[0]++;
	ck_assert_str_eq(open_file(&file, &model), "is no model");
	free(file.head);
}
END_TEST

START_TEST(a_model_is_taken_until_the_first_request)
{
	struct model_of file = model_of_built_in();
	static struct model model;
	struct wire wire;
	const char request[] = "GET /bucket/key" LOCAL SIGNED("eu-west-2", "s3") END;

	ck_assert_ptr_null(open_file(&file, &model));
	wire_identify(&wire, request, strlen(request), true);
	ck_assert(!model_use(&model));
	ck_assert_ptr_ne(model_used, &model);
	wire_done(&wire);
	free(file.head);
}
END_TEST

START_TEST(a_model_that_is_taken_stays)
{
	struct model_of file = model_of_built_in(), other = model_of_built_in();
	static struct model model, later;
	struct wire wire;
	const char request[] = "GET /bucket/key" LOCAL SIGNED("eu-west-2", "s3") END;
	char words[1024];

	ck_assert_ptr_null(open_file(&file, &model));
	ck_assert_ptr_null(open_file(&other, &later));
	ck_assert(model_use(&model));
	ck_assert(!model_use(&later));
	wire_identify(&wire, request, strlen(request), true);
	ck_assert_ptr_eq(model_used, &model);
	ck_assert_str_eq(wire_words(&wire, words), "s3:GetObject eu-west-2 s3");
	wire_done(&wire);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model_file");
	TCase *tests = tcase_create("model_file");

	tcase_add_test(tests, a_whole_file_gives_the_tables_that_it_was_made_of);
	tcase_add_test(tests, a_cut_file_is_refused);
	tcase_add_test(tests, a_cut_file_that_says_so_is_refused);
	tcase_add_test(tests, a_changed_bit_is_refused);
	tcase_add_loop_test(
		tests, a_damaged_file_of_the_right_checksum_is_refused, 0, COUNT(damages));
	tcase_add_test(tests, another_files_kind_and_version_are_told);
	tcase_add_test(tests, a_model_is_taken_until_the_first_request);
	tcase_add_test(tests, a_model_that_is_taken_stays);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
