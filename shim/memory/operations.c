/* SPDX-License-Identifier: Apache-2.0 */
#include "operations.h"

/* So many lines are looked at for one of its own. */
#define PROBES 64u

/* Eight buckets for each doubling, of units of 1,024 ns. */
#define UNIT_BITS 10
#define STEP_BITS 3
#define STEPS	  (1u << STEP_BITS)

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 32;
}

/* By words: it is done at each call. */
static uint64_t hash_more(uint64_t hash, struct span text)
{
	size_t at = 0;
	uint64_t word = text.len;

	for (; text.len - at >= 8; at += 8) {
		hash = mix(hash, word);
		memcpy(&word, text.at + at, 8);
	}
	hash = mix(hash, word);
	for (word = 0; at < text.len; at++)
		word = word << 8 | (uint8_t)text.at[at];
	return mix(hash, word);
}

static struct span kept(struct span name, size_t room)
{
	return (struct span){name.at, name.len < room ? name.len : room};
}

/* Of what is kept of the names: no two lines look the same. */
static uint64_t key_of(struct span service, struct span operation)
{
	service = kept(service, OPERATION_FAMILY_MAX);
	operation = kept(operation, OPERATION_NAME_MAX);

	uint64_t key = hash_more(hash_more(0xcbf29ce484222325ull, service), operation);

	return key ? key : 1;
}

static uint8_t copy_name(char *to, size_t room, struct span name)
{
	size_t len = name.len < room ? name.len : room;

	memcpy(to, name.at, len);
	return (uint8_t)len;
}

static void take(struct operation *line, struct span service, struct span operation)
{
	line->service_len = copy_name(line->service, sizeof(line->service), service);
	line->operation_len = copy_name(line->operation, sizeof(line->operation), operation);
	atomic_store_explicit(&line->named, 1, memory_order_release);
}

uint32_t operations_find(struct operation *lines, struct span service, struct span operation)
{
	uint64_t key = key_of(service, operation);

	for (uint32_t i = 0; i < PROBES; i++) {
		uint32_t place = (uint32_t)((key + i) % OPERATION_OTHERS);
		struct operation *line = &lines[place];
		uint64_t there = atomic_load_explicit(&line->key, memory_order_relaxed);

		if (!there && atomic_compare_exchange_strong(&line->key, &there, key)) {
			take(line, service, operation);
			return place;
		}
		if (there == key)
			return place;
	}
	return OPERATION_OTHERS;
}

static void count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void operations_begin(struct operation *line, const struct event *event)
{
	count(&line->attempts);
	if (event->attempt <= 1)
		count(&line->calls);
}

static void count_status(struct operation *line, uint32_t status)
{
	int i = 0;

	for (; i < OPERATION_STATUSES - 1; i++) {
		uint32_t there =
			atomic_load_explicit(&line->statuses[i].status, memory_order_relaxed);

		if (there == status ||
			(!there && (atomic_compare_exchange_strong(
					    &line->statuses[i].status, &there, status) ||
					   there == status)))
			break;
	}
	atomic_fetch_add_explicit(&line->statuses[i].count, 1, memory_order_relaxed);
}

void operations_end(struct operation *line, const struct event *event)
{
	if (event->action & EVENT_ERROR)
		count(&line->faults);
	if (event->action & EVENT_DELAY)
		count(&line->delayed);
	if (!event->status || event->end == EVENT_CUT)
		count(&line->unanswered);
	if (event->status)
		count_status(line, event->status);
	/* A sandbox may have left no clock to be read. */
	if (event->status && event->started) {
		atomic_fetch_add_explicit(&line->duration, event->ended, memory_order_relaxed);
		atomic_fetch_add_explicit(
			&line->durations[operations_bucket(event->ended)], 1, memory_order_relaxed);
	}
	if (event->status && event->status < 400 && event->end == EVENT_WHOLE) {
		count(&line->succeeded);
		if (event->attempt > 1)
			count(&line->recovered);
	}
	count(&line->ended);
}

uint32_t operations_bucket(uint64_t duration)
{
	uint64_t units = duration >> UNIT_BITS;
	uint32_t top, bucket;

	if (units < STEPS)
		return (uint32_t)units;
	top = 63u - (uint32_t)__builtin_clzll(units);
	bucket = (top - STEP_BITS + 1) * STEPS +
		 (uint32_t)(units >> (top - STEP_BITS) & (STEPS - 1));
	return bucket < OPERATION_BUCKETS ? bucket : OPERATION_BUCKETS - 1;
}

static uint64_t width_of(uint32_t bucket)
{
	return bucket < STEPS ? 1 : 1ull << (bucket / STEPS - 1);
}

/* Where a bucket begins. */
static uint64_t first_of(uint32_t bucket)
{
	uint64_t units = bucket < STEPS ? bucket : (STEPS + bucket % STEPS) * width_of(bucket);

	return units << UNIT_BITS;
}

uint64_t operations_middle(uint32_t bucket)
{
	return first_of(bucket) + (width_of(bucket) << UNIT_BITS) / 2;
}

/* In which bucket it lies; OPERATION_BUCKETS: there are no durations. */
static uint32_t quantile_bucket(const struct operation *line, double share)
{
	uint64_t total = 0, seen = 0;
	double wanted;

	for (int i = 0; i < OPERATION_BUCKETS; i++)
		total += atomic_load_explicit(&line->durations[i], memory_order_relaxed);
	wanted = share * (double)total;
	for (uint32_t i = 0; total && i < OPERATION_BUCKETS; i++) {
		seen += atomic_load_explicit(&line->durations[i], memory_order_relaxed);
		if (seen && (double)seen >= wanted)
			return i;
	}
	return OPERATION_BUCKETS;
}

uint64_t operations_quantile(const struct operation *line, double share)
{
	uint32_t bucket = quantile_bucket(line, share);

	return bucket < OPERATION_BUCKETS ? operations_middle(bucket) : 0;
}

uint64_t operations_quantile_least(const struct operation *line, double share)
{
	uint32_t bucket = quantile_bucket(line, share);

	return bucket < OPERATION_BUCKETS ? first_of(bucket) : 0;
}

/* The last bucket has no end. */
uint64_t operations_quantile_most(const struct operation *line, double share)
{
	uint32_t bucket = quantile_bucket(line, share);

	if (bucket + 1 == OPERATION_BUCKETS)
		return UINT64_MAX / 2;
	return bucket < OPERATION_BUCKETS ? first_of(bucket + 1) - 1 : 0;
}
