/* SPDX-License-Identifier: Apache-2.0 */
#include "counters.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int compare_leases(const void *a, const void *b)
{
	const struct lease *x = a, *y = b;

	return (x->rule > y->rule) - (x->rule < y->rule);
}

/* By read() and not through the mapping: there a look at what was never written takes up memory, or
 * kills the process when there is none. */
static int read_all(int fd, void *to, size_t len, size_t at)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(fd, (char *)to + done, len - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += (size_t)n;
	}
	return 0;
}

/* The leases of the journal, ascending, each rule once. All of them count as dropped, so that those
 * of the first publication's rules alone are kept. */
static size_t leases_of(const struct journal_counter *journal, struct lease *leases)
{
	size_t found = 0, count = 0;

	for (uint32_t i = 0; i < JOURNAL_COUNTERS; i++) {
		uint64_t rule = atomic_load(&journal[i].rule);

		if (rule)
			leases[found++] = (struct lease){rule, i, true};
	}
	qsort(leases, found, sizeof(*leases), compare_leases);
	for (size_t i = 0; i < found; i++)
		if (count == 0 || leases[i].rule != leases[count - 1].rule)
			leases[count++] = leases[i];
	return count;
}

int counters_read(struct counters *counters, int journal_fd)
{
	const size_t size = JOURNAL_COUNTERS * sizeof(struct journal_counter);
	struct journal_counter *journal = sure(malloc(size));
	int error = read_all(journal_fd, journal, size, offsetof(struct journal, counters));

	counters->leases = sure(calloc(JOURNAL_COUNTERS, sizeof(*counters->leases)));
	counters->count = error ? 0 : leases_of(journal, counters->leases);
	free(journal);
	return error;
}

const struct lease *counters_find(const struct counters *counters, uint64_t rule)
{
	const struct lease key = {.rule = rule};

	return counters->count ? bsearch(&key, counters->leases, counters->count, sizeof(key),
					 compare_leases)
			       : NULL;
}

/* Keeps what is still needed of the leases. New rules get one without a counter yet. Both lists are
 * ascending, and so is the result. */
static size_t merge(
	const struct counters *now, const uint64_t *rules, size_t count, struct lease *next)
{
	size_t i = 0, r = 0, n = 0;

	while (i < now->count || r < count) {
		const struct lease *lease = &now->leases[i];

		if (i == now->count || (r < count && rules[r] < lease->rule)) {
			next[n++] = (struct lease){rules[r++], JOURNAL_COUNTERS, false};
		} else if (r < count && rules[r] == lease->rule) {
			next[n++] = (struct lease){rules[r++], lease->counter, false};
			i++;
		} else {
			if (!lease->dropped)
				next[n++] = (struct lease){lease->rule, lease->counter, true};
			i++;
		}
	}
	return n;
}

void counters_plan(
	const struct counters *now, const uint64_t *rules, size_t count, struct counters *next)
{
	uint64_t *ascending = sure(calloc(count + 1, sizeof(*ascending)));
	struct lease *leases = sure(calloc(now->count + count + 1, sizeof(*leases)));
	bool *taken = sure(calloc(JOURNAL_COUNTERS + 1, sizeof(*taken)));
	uint32_t counter = 0;
	size_t n;

	if (count)
		memcpy(ascending, rules, count * sizeof(*ascending));
	qsort(ascending, count, sizeof(*ascending), compare_ids);
	n = merge(now, ascending, count, leases);
	for (size_t i = 0; i < n; i++)
		taken[leases[i].counter] = true;
	/* The lowest free ones, so that the part of the journal in use stays small. There are
	 * enough: twice as many as rules, and nothing stays dropped for two publications. */
	for (size_t i = 0; i < n; i++) {
		if (leases[i].counter != JOURNAL_COUNTERS)
			continue;
		while (taken[counter])
			counter++;
		leases[i].counter = counter++;
	}
	free(ascending);
	free(taken);
	*next = (struct counters){leases, n};
}

size_t counters_used(const struct counters *counters)
{
	size_t used = 0;

	for (size_t i = 0; i < counters->count; i++)
		if (counters->leases[i].counter >= used)
			used = (size_t)counters->leases[i].counter + 1;
	return used;
}

void counters_write(
	const struct counters *now, const struct counters *next, struct journal *journal)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct lease *old = &now->leases[i];

		if (!counters_find(next, old->rule))
			atomic_store(&journal->counters[old->counter].rule, 0);
	}
	for (size_t i = 0; i < next->count; i++) {
		const struct lease *lease = &next->leases[i];
		struct journal_counter *counter = &journal->counters[lease->counter];

		if (!counters_find(now, lease->rule)) {
			atomic_store(&counter->fired, 0);
			atomic_store(&counter->limit, 0);
			atomic_store(&counter->matched, 0);
			atomic_store(&counter->delivered, 0);
			atomic_store(&counter->taken, 0);
		}
		atomic_store(&counter->rule, lease->rule);
	}
	atomic_store(&journal->counters_used, counters_used(next));
}

void counters_free(struct counters *counters)
{
	free(counters->leases);
	*counters = (struct counters){NULL, 0};
}
