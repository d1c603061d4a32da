/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "compile.h"
#include "memory.h"

/* Tells the shims that have an old table mapped, if a table it is, to look for the new one. */
static void retire(const struct mapped *old)
{
	struct table *table = old->at;

	if (table && table->magic == TABLE_MAGIC)
		atomic_store(&table->retired, 1);
}

static bool is_table(const struct mapped *file)
{
	struct table *table = file->at;

	return table && file->len == file->size && table_valid(table, file->len) &&
	       atomic_load(&table->retired) == 0;
}

static bool is_journal(const struct mapped *file)
{
	return file->at && file->len == file->size && journal_valid(file->at, file->len);
}

static int make_table(struct mapped *file)
{
	int error = mapped_create(file);
	struct table *table = file->at;

	if (!error)
		error = mapped_reserve(file, 0, offsetof(struct table, slots));
	if (error)
		return error;
	table->magic = TABLE_MAGIC;
	table->version = TABLE_VERSION;
	table->header_size = offsetof(struct table, slots);
	table->size = sizeof(*table);
	return mapped_install(file);
}

static int make_journal(struct mapped *file)
{
	int error = mapped_create(file);
	struct journal *journal = file->at;

	if (!error)
		error = mapped_reserve(file, 0, offsetof(struct journal, counters));
	/* Shims take their places in the process list without asking. */
	if (!error)
		error = mapped_reserve(
			file, offsetof(struct journal, processes), sizeof(journal->processes));
	if (error)
		return error;
	journal->magic = JOURNAL_MAGIC;
	journal->version = JOURNAL_VERSION;
	journal->header_size = offsetof(struct journal, counters);
	journal->size = sizeof(*journal);
	return mapped_install(file);
}

static int open_journal(struct mapped *file, bool *is_new)
{
	int error = mapped_open(file);

	*is_new = !error && !is_journal(file);
	if (!*is_new)
		return error;
	mapped_close(file);
	return make_journal(file);
}

static int open_table(struct mapped *file, bool anew)
{
	int error = mapped_open(file);
	struct mapped old = *file;

	if (error || (!anew && is_table(file)))
		return error;
	error = make_table(file);
	if (!error)
		retire(&old);
	mapped_close(&old);
	return error;
}

static int open_files(struct writer *writer)
{
	struct mapped *journal = &writer->journal_file;
	bool new_journal;
	int error = open_journal(journal, &new_journal);

	if (!error)
		error = open_table(&writer->table_file, new_journal);
	if (error)
		return error;
	error = counters_read(&writer->counters, journal->fd);
	if (error)
		snprintf(writer->reason, sizeof(writer->reason), "%s cannot be read (%s)",
			journal->path, strerror(-error));
	return error;
}

static void prepare(struct writer *writer, struct mapped *file, const char *folder,
	const char *name, size_t size)
{
	*file = (struct mapped){.name = name, .size = size, .reason = writer->reason, .fd = -1};
	snprintf(file->path, sizeof(file->path), "%s/%s", folder, name);
}

void writer_close(struct writer *writer)
{
	mapped_close(&writer->table_file);
	mapped_close(&writer->journal_file);
	counters_free(&writer->counters);
}

int writer_open(struct writer *writer, const char *folder, const char **reason)
{
	int folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int error = folder_fd < 0 ? -errno : 0;

	*reason = writer->reason;
	if (error) {
		snprintf(writer->reason, sizeof(writer->reason), "%s cannot be opened (%s)", folder,
			strerror(-error));
		return error;
	}
	writer->counters = (struct counters){NULL, 0};
	prepare(writer, &writer->table_file, folder, "table", sizeof(*writer->table));
	prepare(writer, &writer->journal_file, folder, "journal", sizeof(*writer->journal));
	writer->table_file.folder_fd = writer->journal_file.folder_fd = folder_fd;
	error = open_files(writer);
	if (error)
		writer_close(writer);
	close(folder_fd);
	if (error)
		return error;
	memset(writer->slot_room, 0, sizeof(writer->slot_room));
	writer->counters_room = 0;
	writer->table = writer->table_file.at;
	writer->journal = writer->journal_file.at;
	return 0;
}

/*
 * Copies `len` bytes (a multiple of 8) into a slot. With release order each, for the sake of a
 * reader that still goes by the generation that this slot held before: by then the generation after
 * it has been stored. So when one of these words has been loaded (with acquire order), that newer
 * generation is seen as well, and the reader knows that its slot has been overwritten.
 */
static void store_words(void *to, const void *from, size_t len)
{
	uint64_t *words = to;

	for (size_t i = 0; i < len / sizeof(*words); i++) {
		uint64_t word;

		memcpy(&word, (const char *)from + i * sizeof(word), sizeof(word));
		__atomic_store_n(&words[i], word, __ATOMIC_RELEASE);
	}
}

/* Gives the first `len` bytes of a part of a file, which begins at `at`, room if they have none. */
static int reserve_part(struct mapped *file, size_t at, size_t len, size_t *room)
{
	int error;

	if (len <= *room)
		return 0;
	error = mapped_reserve(file, at, len);
	if (!error)
		*room = len;
	return error;
}

/* Room for all that a publication will write, so that it cannot fail half-way. */
static int reserve(struct writer *writer, size_t slot,
	const struct compiled_part parts[COMPILED_PARTS], const struct counters *counters)
{
	size_t start = offsetof(struct table, slots) + slot * sizeof(struct table_slot);
	size_t used = 0;

	for (int i = 0; i < COMPILED_PARTS; i++) {
		int error = reserve_part(&writer->table_file, start + parts[i].at, parts[i].len,
			&writer->slot_room[slot][i]);

		if (error)
			return error;
	}
	for (size_t i = 0; i < counters->count; i++)
		if (counters->leases[i].counter >= used)
			used = (size_t)counters->leases[i].counter + 1;
	return reserve_part(&writer->journal_file, offsetof(struct journal, counters),
		used * sizeof(struct journal_counter), &writer->counters_room);
}

/* Gives every rule its counter, also in the compiled slot. */
static void plan_counters(
	const struct writer *writer, const struct compiled *compiled, struct counters *next)
{
	struct table_slot *slot = compiled->slot;
	uint64_t *ids = sure(calloc(slot->rule_count + 1, sizeof(*ids)));

	for (uint32_t i = 0; i < slot->rule_count; i++)
		ids[i] = slot->rules[i].id;
	counters_plan(&writer->counters, ids, slot->rule_count, next);
	for (uint32_t i = 0; i < slot->rule_count; i++)
		slot->rules[i].counter = counters_find(next, ids[i])->counter;
	free(ids);
}

static int publish(struct writer *writer, const struct compiled *compiled)
{
	uint64_t generation =
		atomic_load_explicit(&writer->table->generation, memory_order_relaxed) + 1;
	char *slot = (char *)&writer->table->slots[generation % 2];
	struct compiled_part parts[COMPILED_PARTS];
	struct counters next;
	int error;

	compiled_parts(compiled, parts);
	plan_counters(writer, compiled, &next);
	error = reserve(writer, generation % 2, parts, &next);
	if (error) {
		counters_free(&next);
		return error;
	}
	counters_write(&writer->counters, &next, writer->journal);
	counters_free(&writer->counters);
	writer->counters = next;
	for (int i = 0; i < COMPILED_PARTS; i++)
		store_words(slot + parts[i].at, (const char *)compiled->slot + parts[i].at,
			parts[i].len);
	atomic_store_explicit(&writer->table->generation, generation, memory_order_release);
	return 0;
}

int writer_publish(struct writer *writer, const struct rule *const *rules, size_t count,
	uint64_t latency_ns, const char **reason)
{
	struct compiled compiled;
	int error = compile_rules(&compiled, rules, count, latency_ns, reason);

	if (error)
		return error;
	error = publish(writer, &compiled);
	if (error)
		*reason = writer->reason;
	compiled_free(&compiled);
	return error;
}

uint64_t writer_fired(const struct writer *writer, uint64_t rule_id)
{
	const struct lease *lease = counters_find(&writer->counters, rule_id);

	return lease ? atomic_load(&writer->journal->counters[lease->counter].fired) : 0;
}
