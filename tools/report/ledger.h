/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_LEDGER_H
#define CHAOS_REPORT_LEDGER_H

/* How the programs of a run tried again. */

#include "report.h"
#include "retry.h"

/* What is said of a call, as a set of bits. */
enum ledger_finding {
	LEDGER_GAVE_UP,	 /* at once, after what SDKs try again */
	LEDGER_QUOTA,	 /* fewer attempts than the SDK says, after many retries of others */
	LEDGER_MUST_NOT, /* tried again what will fail again */
	LEDGER_STORM,	 /* very many attempts, or several without a pause */
	LEDGER_LAYERS,	 /* somebody tries again what has been tried again */
	LEDGER_NO_TOKEN, /* sent again what may have been done, without the idempotency token that it has */
	LEDGER_OTHER_TOKEN, /* and with another one */
	LEDGER_FINDINGS
};

/*
 * A call: the attempts of one invocation id. Attempts that say none are one call where one process (by
 * its command) sends the same size and beginning of a body to the same operation and resource within
 * 30 s after the one before has failed by what SDKs try again.
 */
struct ledger_call {
	uint32_t first, last; /* attempts; ledger.next leads from one to the other */
	uint32_t count;
	uint32_t before; /* the call, likewise, that this one repeats; REPORT_NONE: none */
	uint32_t group;	 /* REPORT_NONE: it had no trouble */
	uint32_t layers, layered_attempts; /* of the calls that repeat each other up to this one */
	bool is_repeated;		   /* by another one */
	bool has_failed_once;
	enum retry_outcome trouble; /* how it first failed */
	enum retry_outcome end;
	enum retry_pattern pattern;
	uint32_t findings; /* 1 << enum ledger_finding */
};

/* Calls of one SDK, mode and service that first failed in the same way. */
struct ledger_group {
	uint32_t sample; /* an attempt */
	enum retry_outcome trouble;
	uint32_t calls, attempts, most, failed; /* `most`: attempts of one call */
	int attempts_max;			/* as the SDK says; 0: it does not */
	uint64_t waited;			/* nanoseconds, all pauses */
	struct retry_step steps[RETRY_STEPS];
	enum retry_pattern pattern;
	const struct retry_mode *documented; /* NULL: nothing is */
	char why[RETRY_WHY_MAX];	     /* it differs from that; "": it does not */
};

/* What is said of calls to one operation. */
struct ledger_said {
	enum ledger_finding finding;
	uint32_t sample; /* a call: the one with the most attempts */
	uint32_t calls;
};

struct ledger {
	const struct report *report;
	uint32_t *next;		   /* of each attempt; REPORT_NONE: the last */
	struct ledger_call *calls; /* in the order in which they began */
	uint32_t call_count;
	struct ledger_group *groups;
	uint32_t group_count;
	struct ledger_said *said;
	uint32_t said_count;
};

/* The report is to outlive it. ledger_free() frees what it holds. */
void ledger_make(struct ledger *ledger, const struct report *report);
void ledger_free(struct ledger *ledger);

const struct report_attempt *ledger_attempt(const struct ledger *ledger, uint32_t number);
enum retry_outcome ledger_outcome(
	const struct ledger *ledger, const struct report_attempt *attempt);

/* Nanoseconds from the end of one to the beginning of the next. */
uint64_t ledger_pause(const struct report_attempt *before, const struct report_attempt *after);

/* "retry storm"; what it is, in a sentence; what to do about it. */
const char *ledger_finding_name(enum ledger_finding finding);
const char *ledger_remedy(enum ledger_finding finding);
#define LEDGER_TEXT_MAX 512
void ledger_explain(
	const struct ledger *ledger, const struct ledger_said *said, char text[LEDGER_TEXT_MAX]);

/* ledger_judge.c, of use to ledger_make() alone. */
void ledger_judge(struct ledger *ledger);
void ledger_group_calls(struct ledger *ledger);

#endif
