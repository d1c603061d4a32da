/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "compile.h"
#include "memory.h"

/* What a new table has room for: a hundred rules, which is more than most configurations hold. */
static const struct table_capacity first_capacity = {
	.rules = 128,
	.names = 512,
	.globs = 128,
	.buckets = 1024,
	.keys = 256,
	.text = 65536,
};

/* A mapped table begins with a page of our own. */
static struct table *table_in(const struct mapped *file)
{
	return file->at ? (void *)((char *)file->at - offsetof(struct table, file)) : NULL;
}

/* Tells the shims that have an old table mapped, if a table it is, to look for the new one. */
static void retire(const struct mapped *old)
{
	struct table_file *file = old->at;

	if (file && file->magic == TABLE_MAGIC)
		atomic_store(&file->retired, 1);
}

static bool is_table(const struct mapped *file)
{
	struct table *table = table_in(file);

	return table && file->len <= file->size && table_attach(table, file->len) &&
	       atomic_load(&table->file.retired) == 0;
}

static bool is_journal(const struct mapped *file)
{
	return file->at && file->len == file->size && journal_valid(file->at, file->len);
}

/* An empty table of that capacity, not in its place yet. */
static int make_table(struct mapped *file, const struct table_capacity *capacity)
{
	struct table_layout layout;
	int error;

	if (!table_lay_out(capacity, &layout))
		return -EINVAL;
	file->size = table_file_size(&layout);
	error = mapped_create(file);
	if (!error)
		error = mapped_reserve(file, 0, sizeof(struct table_file));
	if (error)
		return error;
	if (!compile_header(file->at, capacity) || !table_attach(table_in(file), file->len))
		return -EINVAL;
	return 0;
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
	error = make_table(file, &first_capacity);
	if (!error)
		error = mapped_install(file);
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
	const char *name, size_t ahead, size_t size)
{
	*file = (struct mapped){.name = name,
		.folder_fd = writer->folder_fd,
		.ahead = ahead,
		.size = size,
		.reason = writer->reason,
		.fd = -1};
	snprintf(file->path, sizeof(file->path), "%s/%s", folder, name);
}

void writer_close(struct writer *writer)
{
	guests_close(&writer->guests);
	mapped_close(&writer->table_file);
	mapped_close(&writer->journal_file);
	counters_free(&writer->counters);
	close(writer->folder_fd);
}

int writer_open(struct writer *writer, const char *folder, const char **reason)
{
	int error;

	*reason = writer->reason;
	writer->folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (writer->folder_fd < 0) {
		error = -errno;
		snprintf(writer->reason, sizeof(writer->reason), "%s cannot be opened (%s)", folder,
			strerror(-error));
		return error;
	}
	writer->counters = (struct counters){NULL, 0};
	writer->guests = (struct guests){.listener = -1};
	prepare(writer, &writer->table_file, folder, "table", offsetof(struct table, file),
		table_file_size_max());
	prepare(writer, &writer->journal_file, folder, "journal", 0, sizeof(*writer->journal));
	error = open_files(writer);
	if (error) {
		writer_close(writer);
		return error;
	}
	memset(writer->slot_room, 0, sizeof(writer->slot_room));
	writer->counters_room = 0;
	writer->table = table_in(&writer->table_file);
	writer->journal = writer->journal_file.at;
	guests_open(&writer->guests, writer->journal, writer->folder_fd);
	return 0;
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

/* Room for a slot, so that its writing cannot fail half-way. */
static int reserve_slot(struct mapped *file, const struct compiled_part parts[COMPILED_PARTS],
	size_t room[COMPILED_PARTS])
{
	for (int i = 0; i < COMPILED_PARTS; i++) {
		size_t at = (size_t)((char *)parts[i].to - (char *)file->at);
		int error = reserve_part(file, at, parts[i].len, &room[i]);

		if (error)
			return error;
	}
	return 0;
}

static int reserve_counters(struct writer *writer, const struct counters *counters)
{
	return reserve_part(&writer->journal_file, offsetof(struct journal, counters),
		counters_used(counters) * sizeof(struct journal_counter), &writer->counters_room);
}

/* Gives every rule its counter, also in the compiled slot. */
static void plan_counters(
	const struct writer *writer, const struct compiled *compiled, struct counters *next)
{
	const struct table_slot *slot = &compiled->slot;
	uint32_t count = slot->head->rule_count;
	uint64_t *ids = sure(calloc(count + 1, sizeof(*ids)));

	for (uint32_t i = 0; i < count; i++)
		ids[i] = slot->rules[i].id;
	counters_plan(&writer->counters, ids, count, next);
	for (uint32_t i = 0; i < count; i++)
		slot->rules[i].counter = counters_find(next, ids[i])->counter;
	free(ids);
}

static void grow(uint32_t *have, uint32_t need)
{
	if (need > *have)
		*have = compile_round(need);
}

/* Makes *capacity large enough. Returns whether it was not. */
static bool grow_for(struct table_capacity *capacity, const struct table_capacity *need)
{
	const struct table_capacity before = *capacity;

	grow(&capacity->rules, need->rules);
	grow(&capacity->names, need->names);
	grow(&capacity->globs, need->globs);
	grow(&capacity->buckets, need->buckets);
	grow(&capacity->keys, need->keys);
	grow(&capacity->text, need->text);
	return memcmp(capacity, &before, sizeof(before)) != 0;
}

/* Stores the rules as that generation: from here on they are in force for whoever has the file. */
static void fill(struct table *table, const struct compiled *compiled, uint64_t generation)
{
	compiled_store(compiled, &table->slots[generation % 2]);
	atomic_store_explicit(&table->file.generation, generation, memory_order_release);
}

/* Guests count by the same counters, in a journal of their own. */
static void write_counters(struct writer *writer, const struct counters *next)
{
	counters_write(&writer->counters, next, writer->journal);
	if (writer->guests.journal)
		counters_write(&writer->counters, next, writer->guests.journal);
}

static void take_counters(struct writer *writer, struct counters *next)
{
	counters_free(&writer->counters);
	writer->counters = *next;
	*next = (struct counters){NULL, 0};
}

/* Into the idle slot. */
static int publish_here(
	struct writer *writer, const struct compiled *compiled, struct counters *next)
{
	uint64_t generation =
		atomic_load_explicit(&writer->table->file.generation, memory_order_relaxed) + 1;
	size_t slot = generation % 2;
	struct compiled_part parts[COMPILED_PARTS];
	int error;

	compiled_parts(compiled, &writer->table->slots[slot], parts);
	error = reserve_slot(&writer->table_file, parts, writer->slot_room[slot]);
	if (!error)
		error = reserve_counters(writer, next);
	if (error)
		return error;
	write_counters(writer, next);
	take_counters(writer, next);
	fill(writer->table, compiled, generation);
	return 0;
}

/*
 * Into a new file, which is whole before it takes the old one's place. Whoever dies on the way leaves
 * one or the other. The old one is retired last: until then its readers go on with the rules that it
 * holds, and from then on they find the new one.
 */
static int publish_anew(struct writer *writer, const struct compiled *compiled,
	const struct table_capacity *capacity, struct counters *next)
{
	struct mapped file = writer->table_file;
	uint64_t generation = atomic_load(&writer->table->file.generation) + 1;
	size_t slot = generation % 2, room[2][COMPILED_PARTS] = {0};
	struct compiled_part parts[COMPILED_PARTS];
	int error;

	file.at = NULL;
	file.fd = -1;
	error = make_table(&file, capacity);
	if (!error) {
		compiled_parts(compiled, &table_in(&file)->slots[slot], parts);
		error = reserve_slot(&file, parts, room[slot]);
	}
	if (!error)
		error = reserve_counters(writer, next);
	if (!error) {
		atomic_store(
			&table_in(&file)->file.guests, atomic_load(&writer->table->file.guests));
		fill(table_in(&file), compiled, generation);
		write_counters(writer, next);
		error = mapped_install(&file);
	}
	if (error) {
		mapped_close(&file);
		return error;
	}
	take_counters(writer, next);
	retire(&writer->table_file);
	mapped_close(&writer->table_file);
	writer->table_file = file;
	writer->table = table_in(&file);
	memcpy(writer->slot_room, room, sizeof(room));
	return 0;
}

static int publish(struct writer *writer, const struct compiled *compiled)
{
	struct table_capacity capacity = writer->table->slots[0].capacity;
	struct counters next;
	int error;

	plan_counters(writer, compiled, &next);
	if (grow_for(&capacity, &compiled->need))
		error = publish_anew(writer, compiled, &capacity, &next);
	else
		error = publish_here(writer, compiled, &next);
	counters_free(&next);
	return error;
}

/* Shims write them without asking. */
static int reserve_events(struct writer *writer)
{
	int error;

	if (writer->has_events)
		return 0;
	error = mapped_reserve(&writer->journal_file, offsetof(struct journal, operations),
		sizeof(struct journal) - offsetof(struct journal, operations));
	writer->has_events = !error;
	return error;
}

int writer_publish(struct writer *writer, const struct rule *const *rules, size_t count,
	uint64_t latency_ns, uint32_t flags, const char **reason)
{
	struct compiled compiled;
	int error = compile_rules(&compiled, rules, count, latency_ns, reason);

	if (error)
		return error;
	compiled.slot.head->flags = flags;
	error = flags & TABLE_OBSERVED ? reserve_events(writer) : 0;
	if (!error)
		error = publish(writer, &compiled);
	if (error)
		*reason = writer->reason;
	compiled_free(&compiled);
	return error;
}

uint64_t writer_total(const struct writer *writer, size_t at)
{
	const _Atomic uint64_t *own = (const void *)((const char *)writer->journal + at);
	const char *guests = (const void *)writer->guests.journal;

	if (!guests)
		return atomic_load(own);
	return counters_sum(atomic_load(own), atomic_load((const _Atomic uint64_t *)(guests + at)));
}

bool writer_count(const struct writer *writer, uint64_t rule_id, struct journal_counter *counter)
{
	const struct lease *lease = counters_find(&writer->counters, rule_id);
	uint32_t place = lease ? lease->counter : 0;

	memset(counter, 0, sizeof(*counter));
	counter->rule = rule_id;
	if (!lease)
		return false;
	counter->matched = WRITER_TOTAL(writer, counters[place].matched);
	counter->fired = WRITER_TOTAL(writer, counters[place].fired);
	counter->delivered = WRITER_TOTAL(writer, counters[place].delivered);
	counter->taken = WRITER_TOTAL(writer, counters[place].taken);
	return true;
}

uint64_t writer_fired(const struct writer *writer, uint64_t rule_id)
{
	struct journal_counter counter;

	writer_count(writer, rule_id, &counter);
	return counter.fired;
}

void writer_serve_guests(struct writer *writer)
{
	guests_start(&writer->guests, writer->journal, &writer->table->file);
}
