/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_RETRY_H
#define CHAOS_REPORT_RETRY_H

/* What an attempt's end means for the next one, and what the pauses between attempts look like. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum retry_outcome {
	RETRY_SUCCEEDED,
	RETRY_THROTTLED,
	RETRY_SERVER_ERROR, /* 500, 502, 503, 504, and what says as much */
	RETRY_NO_ANSWER,    /* none came, or not all of it */
	RETRY_REPAIRABLE, /* by another clock, new credentials, another region; or a conflict that passes */
	RETRY_CLIENT_ERROR, /* will fail again */
	RETRY_OUTCOMES
};

/* `status` 0: none came. `code` may be "". */
enum retry_outcome retry_outcome(int status, const char *code, bool is_cut);
const char *retry_outcome_name(enum retry_outcome outcome);

/* Do SDKs try again after it? */
static inline bool retry_is_retryable(enum retry_outcome outcome)
{
	return outcome >= RETRY_THROTTLED && outcome <= RETRY_NO_ANSWER;
}

/* May the service have done what it was asked for? */
bool retry_is_ambiguous(enum retry_outcome outcome, int status);

/* Pauses before the n-th retry, over any number of calls. */
#define RETRY_STEPS 16
struct retry_step {
	uint32_t count;
	uint64_t least, most, sum; /* nanoseconds */
};

void retry_step_add(struct retry_step *step, uint64_t pause);

enum retry_pattern {
	RETRY_NONE,    /* no second attempt */
	RETRY_AT_ONCE, /* no pauses */
	RETRY_ONCE,    /* one pause tells no pattern */
	RETRY_FIXED,
	RETRY_EXPONENTIAL,
	RETRY_JITTERED, /* no pause is like another, and they do not grow */
	RETRY_EXPONENTIAL_JITTERED,
};

enum retry_pattern retry_pattern(const struct retry_step *steps, size_t count);
const char *retry_pattern_name(enum retry_pattern pattern);

/* How an SDK documents that it retries. */
struct retry_mode {
	const char *name;
	const char *sdks[4]; /* how the first product of its User-Agent begins */
	const char *mode;
	int attempts, dynamodb_attempts;
	uint32_t base, dynamodb_base, throttled_base; /* milliseconds, of the first pause at most */
	uint32_t cap;
	int quota, cost; /* 0: none */
};

/*
 * The newest mode of that SDK and mode, as the User-Agent says them, that pauses and attempts agree with;
 * else the newest one there is, with the reason why they do not. NULL: nothing is documented here.
 * `attempts_max`: as the SDK itself says, or 0; `most`: attempts of one call.
 */
struct retry_seen {
	const char *sdk, *mode, *service;
	enum retry_outcome outcome;
	int attempts_max, most;
	const struct retry_step *steps;
	size_t count;
};
#define RETRY_WHY_MAX 160
const struct retry_mode *retry_documented(const struct retry_seen *seen, char why[RETRY_WHY_MAX]);

/* Milliseconds before retry `number`, from 1, at most. */
uint32_t retry_pause_max(const struct retry_mode *mode, const char *service,
	enum retry_outcome outcome, unsigned number);
int retry_attempts(const struct retry_mode *mode, const char *service);

#endif
