/* SPDX-License-Identifier: Apache-2.0 */
#include "table_of.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "control/writer.h"
#include "shim/engine/rules.h"
#include "suite.h"

/* Each test runs in a process and a folder of its own. */
static char folder[64];
static struct writer writer;
static const char *reason;

static void make_folder(void)
{
	strcpy(folder, "/tmp/test-writer-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void remove_folder(void)
{
	const char *const names[] = {"table", "journal", "table.new", "journal.new", "elsewhere"};

	for (size_t i = 0; i < COUNT(names); i++)
		if (unlink(names[i]) < 0 && errno == EISDIR)
			rmdir(names[i]);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void open_writer(void)
{
	int error = writer_open(&writer, folder, &reason);

	ck_assert_msg(error == 0, "%s", reason);
}

static int publish(const struct rule *rules, size_t count)
{
	const struct rule **pointers = calloc(count + 1, sizeof(*pointers));
	int error;

	for (size_t i = 0; i < count; i++)
		pointers[i] = &rules[i];
	error = writer_publish(&writer, pointers, count, 0, 0, &reason);
	free(pointers);
	return error;
}

/* Of a table for the first hundred rules. */
enum { FIRST_SIZE = 192512 };

/* What a shim has. */
static const struct table *shim_table(void)
{
	int fd = open("table", O_RDONLY);
	struct table *table = table_map(fd, (uint64_t)lseek(fd, 0, SEEK_END));

	ck_assert_ptr_nonnull(table);
	close(fd);
	return table;
}

static uint64_t fired(const struct table *table, const char *service)
{
	const struct aws_call call = {.candidate_count = 1,
		.candidates = {{span_of(service), SPAN("Operation"), -1}},
		.region = SPAN("us-east-1")};
	struct rules_verdict verdict;
	struct dice dice = {1};

	rules_match(table, &call, &dice, &verdict);
	return verdict.is_fault ? verdict.rule : 0;
}

static struct stat stat_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(lstat(name, &st), 0);
	return st;
}

START_TEST(new_files_are_private_and_publish_nothing)
{
	const char *const names[] = {"table", "journal"};

	umask(0);
	open_writer();
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(stat_of(names[i]).st_mode, S_IFREG | 0600);
		ck_assert_int_eq(access(i ? "journal.new" : "table.new", F_OK), -1);
	}
	ck_assert_uint_eq(stat_of("table").st_size, FIRST_SIZE);
	ck_assert_uint_eq(stat_of("journal").st_size, sizeof(struct journal));
	ck_assert(journal_valid(writer.journal, sizeof(struct journal)));
	ck_assert_uint_eq(shim_table()->file.generation, 0);
	ck_assert(fcntl(writer.table_file.fd, F_GETFD) & FD_CLOEXEC);
	ck_assert(fcntl(writer.journal_file.fd, F_GETFD) & FD_CLOEXEC);
}
END_TEST

START_TEST(what_is_published_is_in_force_at_once)
{
	const struct rule rules[] = {rule_of(1, "s3", NULL, NULL), rule_of(2, NULL, "us-*", NULL)};
	const struct table *table;

	open_writer();
	table = shim_table();
	ck_assert_int_eq(publish(rules, 1), 0);
	ck_assert_uint_eq(fired(table, "s3"), 1);
	ck_assert_uint_eq(fired(table, "sqs"), 0);
	ck_assert_int_eq(publish(rules, 2), 0);
	ck_assert_uint_eq(fired(table, "sqs"), 2);
	ck_assert_int_eq(publish(rules, 0), 0);
	ck_assert_uint_eq(fired(table, "s3"), 0);
	ck_assert_uint_eq(table->file.generation, 3);
}
END_TEST

START_TEST(a_published_rule_says_what_was_configured)
{
	struct rule outage = rule_of(11, "s3", "us-*", NULL),
		    fault = rule_of(12, NULL, NULL, "Put*");
	const struct table_slot *slot;
	const struct table_rule *first, *second;

	outage.list = TABLE_OUTAGES;
	outage.message_kind = TABLE_MESSAGE_REGION_OUTAGE;
	fault.probability = 0.25;
	fault.status = 0;
	fault.message_kind = TABLE_MESSAGE_TEXT;
	fault.message = (char *)"text";
	open_writer();
	ck_assert_int_eq(writer_publish(&writer, (const struct rule *[]){&outage, &fault, &fault},
				 3, 77, 0, &reason),
		0);
	slot = table_look(writer.table).slot;
	first = &slot->rules[0];
	second = &slot->rules[2];
	ck_assert_uint_eq(slot->head->rule_count, 3);
	ck_assert_uint_eq(slot->head->latency_ns, 77);
	ck_assert_uint_eq(first->id, 11);
	ck_assert_uint_eq(first->threshold, TABLE_CERTAIN);
	ck_assert_uint_eq(first->list, TABLE_OUTAGES);
	ck_assert_uint_eq(first->position, 0);
	ck_assert_uint_eq(first->status, 503);
	ck_assert_uint_eq(first->message_kind, TABLE_MESSAGE_REGION_OUTAGE);
	ck_assert(span_equal(table_name(slot, first->service), SPAN("s3")));
	ck_assert(span_equal(table_name(slot, first->region), SPAN("us-*")));
	ck_assert_uint_eq(first->operation, 0);
	ck_assert(span_equal(table_text(slot, &first->code), SPAN("ServiceUnavailable")));
	ck_assert_uint_eq(second->threshold, TABLE_CERTAIN / 4);
	ck_assert_uint_eq(second->list, TABLE_FAULTS);
	ck_assert_uint_eq(second->position, 1);
	ck_assert_uint_eq(second->status, 0);
	ck_assert(span_equal(table_text(slot, &second->message), SPAN("text")));
}
END_TEST

START_TEST(few_rules_use_little_of_the_file)
{
	const struct rule rules[] = {
		rule_of(1, "s3", "us-*", "GetObject"), rule_of(2, "s3", "*", "**")};
	const struct table_slot *slot;

	open_writer();
	ck_assert_int_eq(publish(rules, 2), 0);
	slot = table_look(writer.table).slot;
	ck_assert_uint_eq(slot->head->name_count, 3);
	ck_assert_uint_eq(slot->head->glob_count, 1);
	ck_assert_uint_eq(slot->head->bucket_mask, 7);
	ck_assert_uint_eq(slot->head->key_mask, 7);
	ck_assert_uint_eq(slot->rules[1].region, 0);
	ck_assert_uint_eq(slot->rules[1].operation, 0);
}
END_TEST

START_TEST(a_glob_comes_with_its_first_byte_unless_that_may_be_any)
{
	const struct rule rules[] = {rule_of(1, "us-*", NULL, NULL), rule_of(2, "*-us", NULL, NULL),
		rule_of(3, "?s", NULL, NULL)};
	const struct table_slot *slot;

	open_writer();
	ck_assert_int_eq(publish(rules, 3), 0);
	slot = table_look(writer.table).slot;
	ck_assert_uint_eq(slot->head->glob_count, 3);
	ck_assert_uint_eq(slot->globs[0].first, 'u');
	ck_assert_uint_eq(slot->globs[1].first, 0);
	ck_assert_uint_eq(slot->globs[2].first, 0);
}
END_TEST

START_TEST(a_new_daemon_takes_the_files_over_in_place)
{
	const struct rule rules[] = {rule_of(1, "s3", NULL, NULL), rule_of(2, "sqs", NULL, NULL)};
	const struct table *table;
	ino_t inode;

	open_writer();
	table = shim_table();
	inode = stat_of("table").st_ino;
	ck_assert_int_eq(publish(rules, 1), 0);
	writer_close(&writer);
	ck_assert_uint_eq(fired(table, "s3"), 1);
	open_writer();
	ck_assert_uint_eq(stat_of("table").st_ino, inode);
	ck_assert_uint_eq(table->file.generation, 1);
	ck_assert_uint_eq(fired(table, "s3"), 1);
	ck_assert_int_eq(publish(rules, 2), 0);
	ck_assert_uint_eq(table->file.generation, 2);
	ck_assert_uint_eq(fired(table, "sqs"), 2);
	ck_assert_uint_eq(table->file.retired, 0);
}
END_TEST

START_TEST(a_daemon_that_died_while_it_wrote_leaves_the_old_rules_in_force)
{
	const struct rule rule = rule_of(1, "s3", NULL, NULL);
	const struct table *table;

	open_writer();
	table = shim_table();
	ck_assert_int_eq(publish(&rule, 1), 0);
	memset(writer.table->slots[0].head, 0xa5, writer.table->file.layout.slot_size);
	writer_close(&writer);
	ck_assert_uint_eq(fired(table, "s3"), 1);
	open_writer();
	ck_assert_int_eq(publish(NULL, 0), 0);
	ck_assert_uint_eq(fired(table, "s3"), 0);
}
END_TEST

/* What may be wrong with a table, and whether its shims can still be told. */
enum damage { BAD_MAGIC, OTHER_VERSION, OTHER_SIZE, LONGER, RETIRED };

START_TEST(a_table_of_no_use_is_replaced_and_its_shims_are_told)
{
	const struct table *old;
	ino_t inode;

	open_writer();
	old = shim_table();
	inode = stat_of("table").st_ino;
	writer.table->file.magic ^= _i == BAD_MAGIC;
	writer.table->file.version += _i == OTHER_VERSION;
	writer.table->file.size += _i == OTHER_SIZE;
	writer.table->file.retired = _i == RETIRED;
	if (_i == LONGER)
		ck_assert_int_eq(truncate("table", FIRST_SIZE + 4096), 0);
	writer_close(&writer);
	open_writer();
	ck_assert_uint_ne(stat_of("table").st_ino, inode);
	ck_assert_uint_eq(stat_of("table").st_size, FIRST_SIZE);
	ck_assert_uint_eq(old->file.retired, _i != BAD_MAGIC);
	ck_assert_uint_eq(shim_table()->file.retired, 0);
	ck_assert_uint_eq(shim_table()->file.generation, 0);
}
END_TEST

START_TEST(a_file_that_is_too_short_is_replaced)
{
	const char *name = _i % 2 ? "journal" : "table";
	const off_t sizes[] = {0, 1, 4095, 4096, 100000};

	open_writer();
	writer_close(&writer);
	ck_assert_int_eq(truncate(name, sizes[_i / 2]), 0);
	open_writer();
	ck_assert_uint_eq(stat_of("table").st_size, FIRST_SIZE);
	ck_assert_uint_eq(stat_of("journal").st_size, sizeof(struct journal));
	ck_assert_int_eq(publish(NULL, 0), 0);
}
END_TEST

START_TEST(a_new_journal_makes_shims_look_for_a_new_table)
{
	const struct table *old;

	open_writer();
	old = shim_table();
	if (_i)
		writer.journal->version++;
	else
		ck_assert_int_eq(unlink("journal"), 0);
	writer_close(&writer);
	open_writer();
	ck_assert_uint_eq(old->file.retired, 1);
	ck_assert_uint_eq(shim_table()->file.retired, 0);
	ck_assert(journal_valid(writer.journal, sizeof(struct journal)));
}
END_TEST

START_TEST(an_unfinished_file_of_a_daemon_that_died_is_no_obstacle)
{
	ck_assert_int_eq(symlink("elsewhere", "table.new"), 0);
	close(open("journal.new", O_WRONLY | O_CREAT, 0400));
	open_writer();
	ck_assert_int_eq(access("elsewhere", F_OK), -1);
	ck_assert_uint_eq(stat_of("journal").st_mode, S_IFREG | 0600);
}
END_TEST

START_TEST(an_existing_file_is_made_private)
{
	open_writer();
	writer_close(&writer);
	ck_assert_int_eq(chmod("table", 0666), 0);
	ck_assert_int_eq(chmod("journal", 0644), 0);
	open_writer();
	ck_assert_uint_eq(stat_of("table").st_mode, S_IFREG | 0600);
	ck_assert_uint_eq(stat_of("journal").st_mode, S_IFREG | 0600);
}
END_TEST

static void make_link(const char *name)
{
	close(open("elsewhere", O_WRONLY | O_CREAT, 0600));
	ck_assert_int_eq(symlink("elsewhere", name), 0);
}

static void make_fifo(const char *name)
{
	ck_assert_int_eq(mkfifo(name, 0600), 0);
}

static void make_directory(const char *name)
{
	ck_assert_int_eq(mkdir(name, 0700), 0);
}

static const struct {
	void (*make)(const char *name);
	int error;
	const char *what;
} intruders[] = {
	{make_link, -ELOOP, "is a symbolic link"},
	{make_fifo, -EINVAL, "is not a regular file"},
	{make_directory, -EISDIR, "cannot be opened"},
};

START_TEST(what_is_not_a_file_is_refused_by_name)
{
	const char *const names[] = {"table", "journal"};

	for (int i = 0; i < 2; i++) {
		intruders[_i].make(names[i]);
		ck_assert_int_eq(writer_open(&writer, folder, &reason), intruders[_i].error);
		ck_assert_ptr_nonnull(strstr(reason, folder));
		ck_assert_ptr_nonnull(strstr(reason, names[i]));
		ck_assert_ptr_nonnull(strstr(reason, intruders[_i].what));
		remove(names[i]);
		remove(names[1 - i]);
		remove("elsewhere");
	}
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_named)
{
	ck_assert_int_eq(writer_open(&writer, "/nowhere/at/all", &reason), -ENOENT);
	ck_assert_ptr_nonnull(strstr(reason, "/nowhere/at/all"));
}
END_TEST

/* Room for the rules of a test and their texts. */
static struct rule rules_room[TABLE_RULES + 1];
static char text_room[24 << 20];
static size_t text_used;

__attribute__((format(printf, 1, 2))) static char *text_of(const char *format, ...)
{
	char *text = text_room + text_used;
	va_list args;

	va_start(args, format);
	text_used += (size_t)vsnprintf(text, sizeof(text_room) - text_used, format, args) + 1;
	va_end(args);
	ck_assert_uint_lt(text_used, sizeof(text_room));
	return text;
}

/* Rules that share no name: "n0", "n1", …, with what follows the number. */
static struct rule *rules_of_different_names(size_t count, const char *end)
{
	for (size_t i = 0; i < count; i++)
		rules_room[i] = rule_of(100 + i, text_of("n%zu%s", 3 * i, end),
			text_of("n%zu%s", 3 * i + 1, end), text_of("n%zu%s", 3 * i + 2, end));
	return rules_room;
}

static struct rule *same_rules(size_t count)
{
	for (size_t i = 0; i < count; i++)
		rules_room[i] = rule_of(100 + i, "s3", NULL, NULL);
	return rules_room;
}

static void assert_full(const struct rule *rules, size_t count, const char *limit)
{
	const struct rule before = rule_of(1, "s3", NULL, NULL);
	static char copy[FIRST_SIZE];
	const struct table_slot *slot;
	size_t size;

	open_writer();
	ck_assert_int_eq(publish(&before, 1), 0);
	slot = table_look(writer.table).slot;
	size = writer.table->file.layout.slot_size;
	memcpy(copy, slot->head, size);
	writer.journal->counters[slot->rules[0].counter].fired = 5;
	ck_assert_int_eq(publish(rules, count), -ENOSPC);
	ck_assert_msg(strstr(reason, limit) != NULL, "%s", reason);
	ck_assert_uint_eq(writer.table->file.generation, 1);
	ck_assert_mem_eq(slot->head, copy, size);
	ck_assert_uint_eq(writer_fired(&writer, 1), 5);
	ck_assert_uint_eq(writer.journal->counters[1].rule, 0);
	ck_assert_int_eq(publish(&before, 1), 0);
}

START_TEST(too_many_rules_are_refused)
{
	assert_full(same_rules(TABLE_RULES + 1), TABLE_RULES + 1, "65,536 rules");
}
END_TEST

START_TEST(too_many_names_are_refused)
{
	assert_full(rules_of_different_names(TABLE_RULES, ""), TABLE_RULES, "131,072");
}
END_TEST

START_TEST(too_many_globs_are_refused)
{
	assert_full(rules_of_different_names(22000, "*"), 22000, "65,536 different names");
}
END_TEST

START_TEST(too_much_text_is_refused)
{
	struct rule *rules = same_rules(5000);

	for (int i = 0; i < 5000; i++)
		rules[i].message = text_of("%04096d", i);
	assert_full(rules, 5000, "16 MiB");
}
END_TEST

START_TEST(a_text_that_many_rules_share_is_stored_once)
{
	struct rule *rules = same_rules(5000);
	static char message[TABLE_MESSAGE_MAX + 1];

	memset(message, 'm', TABLE_MESSAGE_MAX);
	for (int i = 0; i < 5000; i++)
		rules[i].message = message;
	open_writer();
	ck_assert_int_eq(publish(rules, 5000), 0);
}
END_TEST

START_TEST(a_full_table_works_to_its_last_rule)
{
	struct rule *rules = rules_room;
	char last[32];

	for (size_t i = 0; i < TABLE_RULES; i++)
		rules[i] =
			rule_of(100 + i, text_of(i % 2 ? "service-%zu" : "s%zu*", i), NULL, NULL);
	open_writer();
	ck_assert_int_eq(publish(rules, TABLE_RULES), 0);
	snprintf(last, sizeof(last), "service-%u", TABLE_RULES - 1);
	ck_assert_uint_eq(fired(writer.table, last), 100 + TABLE_RULES - 1);
	snprintf(last, sizeof(last), "service-%u", TABLE_RULES);
	ck_assert_uint_eq(fired(writer.table, last), 0);
	/* All of them replaced by others: each new rule finds a counter. */
	for (size_t i = 0; i < TABLE_RULES; i++)
		rules[i].id += TABLE_RULES;
	for (int round = 0; round < 3; round++)
		ck_assert_int_eq(publish(rules, TABLE_RULES), 0);
}
END_TEST

START_TEST(a_hundred_rules_take_less_than_half_a_megabyte)
{
	struct rule *rules = rules_of_different_names(100, "*");
	static char message[257];
	ino_t inode;

	memset(message, 'm', 256);
	for (int i = 0; i < 100; i++) {
		rules[i].message_kind = TABLE_MESSAGE_TEXT;
		rules[i].message = text_of("%s%d", message, i);
	}
	open_writer();
	inode = stat_of("table").st_ino;
	ck_assert_int_eq(publish(rules, 42), 0);
	ck_assert_uint_eq(stat_of("table").st_ino, inode);
	ck_assert_int_eq(publish(rules, 100), 0);
	ck_assert_uint_le(stat_of("table").st_size, 512 * 1024);
}
END_TEST

START_TEST(rules_that_do_not_fit_take_a_larger_table)
{
	const struct rule first = rule_of(1, "s3", NULL, NULL);
	const struct table *old, *table;

	open_writer();
	ck_assert_int_eq(publish(&first, 1), 0);
	old = shim_table();
	writer.journal->counters[0].fired = 5;
	ck_assert_int_eq(publish(same_rules(129), 129), 0);
	ck_assert_int_eq(access("table.new", F_OK), -1);
	ck_assert_uint_eq(old->file.retired, 1);
	ck_assert_uint_eq(fired(old, "s3"), 1); /* until the reader looks for the new one */
	table = shim_table();
	ck_assert_uint_eq(table->file.retired, 0);
	ck_assert_uint_eq(table->file.generation, 2);
	ck_assert_uint_eq(table->file.capacity.rules, 256);
	ck_assert_uint_eq(table->file.capacity.names, old->file.capacity.names);
	ck_assert_uint_eq(fired(table, "s3"), 100);
	ck_assert_uint_eq(writer_fired(&writer, 1), 5);
	/* And it goes on there. */
	ck_assert_int_eq(publish(&first, 1), 0);
	ck_assert_uint_eq(fired(table, "s3"), 1);
	ck_assert_uint_eq(table->file.retired, 0);
	ck_assert_uint_eq(writer_fired(&writer, 1), 5);
}
END_TEST

START_TEST(a_larger_table_is_taken_over_in_place_by_a_new_daemon)
{
	ino_t inode;

	open_writer();
	ck_assert_int_eq(publish(same_rules(1000), 1000), 0);
	inode = stat_of("table").st_ino;
	writer_close(&writer);
	open_writer();
	ck_assert_uint_eq(stat_of("table").st_ino, inode);
	ck_assert_uint_eq(fired(writer.table, "s3"), 100);
	ck_assert_int_eq(publish(same_rules(1024), 1024), 0);
	ck_assert_uint_eq(stat_of("table").st_ino, inode);
}
END_TEST

START_TEST(a_larger_table_that_cannot_take_its_place_changes_nothing)
{
	const struct rule first = rule_of(1, "s3", NULL, NULL);
	const struct table *old;

	open_writer();
	ck_assert_int_eq(publish(&first, 1), 0);
	old = shim_table();
	writer.journal->counters[0].fired = 5;
	ck_assert_int_eq(unlink("table"), 0);
	if (_i) {
		/* The last step fails. */
		ck_assert_int_eq(mkdir("table", 0700), 0);
	} else {
		/* The first one does. */
		ck_assert_int_eq(mkdir("table.new", 0700), 0);
	}
	ck_assert_int_lt(publish(same_rules(129), 129), 0);
	ck_assert_ptr_nonnull(strstr(reason, "table"));
	ck_assert_uint_eq(old->file.retired, 0);
	ck_assert_uint_eq(old->file.generation, 1);
	ck_assert_uint_eq(fired(old, "s3"), 1);
	ck_assert_uint_eq(writer_fired(&writer, 1), 5);
	ck_assert_uint_eq(writer_fired(&writer, 100), 0);
	remove("table");
	remove("table.new");
	ck_assert_int_eq(publish(same_rules(129), 129), 0);
	ck_assert_uint_eq(fired(shim_table(), "s3"), 100);
}
END_TEST

START_TEST(a_daemon_killed_while_its_table_grows_leaves_old_or_new_rules)
{
	for (int round = 0; round < 50; round++) {
		const struct table *table;
		uint64_t generation;
		pid_t child;

		open_writer();
		ck_assert_int_eq(publish(same_rules(1), 1), 0);
		writer_close(&writer);
		child = fork();
		if (child == 0) {
			open_writer();
			(void)publish(same_rules(200), 200);
			for (;;)
				pause();
		}
		usleep((useconds_t)(round * 37));
		kill(child, SIGKILL);
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
		table = shim_table();
		generation = table->file.generation;
		ck_assert(generation > 0);
		ck_assert_uint_eq(fired(table, "s3"), 100);
		ck_assert_uint_eq(table->file.retired, 0);
		open_writer();
		ck_assert_uint_ge(writer.table->file.generation, generation);
		writer_close(&writer);
		ck_assert_int_eq(unlink("table"), 0);
	}
}
END_TEST

START_TEST(a_text_over_its_limit_is_refused)
{
	static char text[TABLE_MESSAGE_MAX + 2];
	const size_t limits[] = {
		TABLE_NAME_MAX, TABLE_NAME_MAX, TABLE_NAME_MAX, TABLE_CODE_MAX, TABLE_MESSAGE_MAX};
	struct rule rule = rule_of(1, NULL, NULL, NULL);
	char **fields[] = {&rule.service, &rule.region, &rule.operation, &rule.code, &rule.message};

	memset(text, 'x', limits[_i] + 1);
	*fields[_i] = text;
	open_writer();
	ck_assert_int_eq(publish(&rule, 1), -EINVAL);
	ck_assert_ptr_nonnull(strstr(reason, "longer"));
	text[limits[_i]] = '\0';
	ck_assert_int_eq(publish(&rule, 1), 0);
}
END_TEST

/* The journal's counter of a rule that is in force. */
static struct journal_counter *counter_of(uint64_t id)
{
	const struct table_slot *slot = table_look(writer.table).slot;

	for (uint32_t i = 0; i < slot->head->rule_count; i++)
		if (slot->rules[i].id == id)
			return &writer.journal->counters[slot->rules[i].counter];
	ck_abort_msg("no such rule");
	return NULL;
}

START_TEST(a_rule_keeps_its_counter_for_as_long_as_it_is_published)
{
	const struct rule rules[] = {rule_of(5, "s3", NULL, NULL), rule_of(3, "sqs", NULL, NULL),
		rule_of(9, "sns", NULL, NULL)};
	struct journal_counter *counter;

	open_writer();
	ck_assert_int_eq(publish(rules, 2), 0);
	counter = counter_of(3);
	ck_assert_ptr_ne(counter, counter_of(5));
	ck_assert_uint_eq(counter->rule, 3);
	counter->fired = 42;
	ck_assert_int_eq(publish(&rules[1], 2), 0);
	ck_assert_ptr_eq(counter_of(3), counter);
	ck_assert_uint_eq(writer_fired(&writer, 3), 42);
	ck_assert_uint_eq(writer_fired(&writer, 9), 0);
	ck_assert_uint_eq(writer_fired(&writer, 1234), 0);
	/* Also in the hands of a new daemon. */
	writer_close(&writer);
	open_writer();
	ck_assert_uint_eq(writer_fired(&writer, 3), 42);
	ck_assert_int_eq(publish(rules, 3), 0);
	ck_assert_ptr_eq(counter_of(3), counter);
	ck_assert_uint_eq(writer_fired(&writer, 3), 42);
}
END_TEST

START_TEST(the_counter_of_a_gone_rule_is_kept_free_for_one_publication)
{
	const struct rule gone = rule_of(1, "s3", NULL, NULL), next = rule_of(2, "sqs", NULL, NULL);
	const struct rule after[] = {next, rule_of(3, "sns", NULL, NULL)};
	struct journal_counter *counter;

	open_writer();
	ck_assert_int_eq(publish(&gone, 1), 0);
	counter = counter_of(1);
	ck_assert_int_eq(publish(&next, 1), 0);
	ck_assert_ptr_ne(counter_of(2), counter);
	/* A shim that looked before the publication counts once more. */
	counter->fired++;
	counter->taken++;
	ck_assert_uint_eq(writer_fired(&writer, 1), 1);
	ck_assert_int_eq(publish(after, 2), 0);
	ck_assert_ptr_eq(counter_of(3), counter);
	ck_assert_uint_eq(counter->rule, 3);
	ck_assert_uint_eq(counter->fired, 0);
	ck_assert_uint_eq(counter->taken, 0);
	ck_assert_uint_eq(writer_fired(&writer, 1), 0);
	ck_assert_int_eq(publish(&next, 1), 0);
	ck_assert_int_eq(publish(&next, 1), 0);
	ck_assert_uint_eq(counter->rule, 0);
}
END_TEST

START_TEST(a_journal_full_of_garbage_leaves_room_for_every_rule)
{
	const struct rule rules[] = {rule_of(7, "s3", NULL, NULL), rule_of(8, "sqs", NULL, NULL)};

	open_writer();
	for (uint32_t i = 0; i < JOURNAL_COUNTERS; i++)
		writer.journal->counters[i].rule = _i == 0 ? 7 : _i == 1 ? UINT64_MAX : i + 1;
	writer_close(&writer);
	open_writer();
	ck_assert_int_eq(publish(rules, 2), 0);
	ck_assert_uint_eq(counter_of(7)->rule, 7);
	ck_assert_uint_eq(counter_of(8)->rule, 8);
	ck_assert_ptr_ne(counter_of(7), counter_of(8));
}
END_TEST

/* Three configurations that differ in all that a reader copies: with one more than there are slots,
 * each overwrites another. */
enum { CONFIGURATIONS = 3 };
static char codes[CONFIGURATIONS][TABLE_CODE_MAX + 1];
static char texts[CONFIGURATIONS][TABLE_MESSAGE_MAX + 1];
static struct rule alternatives[CONFIGURATIONS];
static atomic_bool stop;

static void *publish_all_in_turn(void *nothing)
{
	for (int i = 0; !stop; i++)
		ck_assert_int_eq(publish(&alternatives[i % CONFIGURATIONS], 1), 0);
	return nothing;
}

/* Is this one of them, whole? No ck_assert() in here: each costs a system call. */
static bool is_whole(const struct rules_verdict *verdict, const struct rules_text *text)
{
	int which = verdict->is_fault ? text->status - 500 : -1;

	return which >= 0 && which < CONFIGURATIONS && verdict->rule == (uint64_t)which + 1 &&
	       text->code_len == TABLE_CODE_MAX && text->message_len == TABLE_MESSAGE_MAX &&
	       memcmp(text->code, codes[which], TABLE_CODE_MAX) == 0 &&
	       memcmp(text->message, texts[which], TABLE_MESSAGE_MAX) == 0;
}

START_TEST(a_reader_that_is_overtaken_twice_knows_it)
{
	const struct rule rules[] = {rule_of(1, "s3", NULL, NULL), rule_of(2, "sqs", NULL, NULL)};
	struct table_view view;

	open_writer();
	ck_assert_int_eq(publish(&rules[0], 1), 0);
	view = table_look(writer.table);
	ck_assert_uint_eq(view.slot->rules[0].id, 1);
	ck_assert_int_eq(publish(NULL, 0), 0);
	ck_assert_int_eq(publish(&rules[1], 1), 0);
	ck_assert_uint_eq(view.slot->rules[0].id, 2);
	ck_assert(!table_still(&view));
}
END_TEST

START_TEST(a_reader_never_sees_configurations_mixed)
{
	const struct aws_call call = {.candidate_count = 1,
		.candidates = {{SPAN("s3"), SPAN("Operation"), -1}},
		.region = SPAN("us-east-1")};
	struct rules_verdict verdict;
	struct rules_text text;
	const struct table *table;
	struct dice dice = {1};
	pthread_t thread;
	int seen[CONFIGURATIONS] = {0};
	bool whole = true;

	for (int i = 0; i < CONFIGURATIONS; i++) {
		memset(codes[i], 'A' + i, TABLE_CODE_MAX);
		memset(texts[i], 'A' + i, TABLE_MESSAGE_MAX);
		alternatives[i] = rule_of((uint64_t)i + 1, i ? "s3" : "s*", NULL, NULL);
		alternatives[i].code = codes[i];
		alternatives[i].message = texts[i];
		alternatives[i].message_kind = TABLE_MESSAGE_TEXT;
		alternatives[i].status = 500 + i;
	}
	open_writer();
	table = writer.table;
	ck_assert_int_eq(publish(&alternatives[1], 1), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, publish_all_in_turn, NULL), 0);
	while (whole && table->file.generation < 5000) {
		rules_decide(table, &call, &dice, &verdict, &text);
		whole = is_whole(&verdict, &text);
		seen[whole ? text.status - 500 : 0]++;
	}
	stop = true;
	pthread_join(thread, NULL);
	ck_assert(whole);
	ck_assert(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("writer");
	TCase *tests = tcase_create("writer");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, make_folder, remove_folder);
	tcase_add_test(tests, new_files_are_private_and_publish_nothing);
	tcase_add_test(tests, what_is_published_is_in_force_at_once);
	tcase_add_test(tests, a_published_rule_says_what_was_configured);
	tcase_add_test(tests, few_rules_use_little_of_the_file);
	tcase_add_test(tests, a_glob_comes_with_its_first_byte_unless_that_may_be_any);
	tcase_add_test(tests, a_new_daemon_takes_the_files_over_in_place);
	tcase_add_test(tests, a_daemon_that_died_while_it_wrote_leaves_the_old_rules_in_force);
	tcase_add_loop_test(
		tests, a_table_of_no_use_is_replaced_and_its_shims_are_told, 0, RETIRED + 1);
	tcase_add_loop_test(tests, a_file_that_is_too_short_is_replaced, 0, 10);
	tcase_add_loop_test(tests, a_new_journal_makes_shims_look_for_a_new_table, 0, 2);
	tcase_add_test(tests, an_unfinished_file_of_a_daemon_that_died_is_no_obstacle);
	tcase_add_test(tests, an_existing_file_is_made_private);
	tcase_add_loop_test(tests, what_is_not_a_file_is_refused_by_name, 0, COUNT(intruders));
	tcase_add_test(tests, a_folder_that_is_not_there_is_named);
	tcase_add_test(tests, too_many_rules_are_refused);
	tcase_add_test(tests, too_many_names_are_refused);
	tcase_add_test(tests, too_many_globs_are_refused);
	tcase_add_test(tests, too_much_text_is_refused);
	tcase_add_test(tests, a_text_that_many_rules_share_is_stored_once);
	tcase_add_test(tests, a_full_table_works_to_its_last_rule);
	tcase_add_test(tests, a_hundred_rules_take_less_than_half_a_megabyte);
	tcase_add_test(tests, rules_that_do_not_fit_take_a_larger_table);
	tcase_add_test(tests, a_larger_table_is_taken_over_in_place_by_a_new_daemon);
	tcase_add_loop_test(tests, a_larger_table_that_cannot_take_its_place_changes_nothing, 0, 2);
	tcase_add_test(tests, a_daemon_killed_while_its_table_grows_leaves_old_or_new_rules);
	tcase_add_loop_test(tests, a_text_over_its_limit_is_refused, 0, 5);
	tcase_add_test(tests, a_rule_keeps_its_counter_for_as_long_as_it_is_published);
	tcase_add_test(tests, the_counter_of_a_gone_rule_is_kept_free_for_one_publication);
	tcase_add_loop_test(tests, a_journal_full_of_garbage_leaves_room_for_every_rule, 0, 3);
	tcase_add_test(tests, a_reader_that_is_overtaken_twice_knows_it);
	tcase_add_test(tests, a_reader_never_sees_configurations_mixed);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
