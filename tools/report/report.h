/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_H
#define CHAOS_REPORT_H

/* What is known of one run of a command: all that reports, expectations and lints look at. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "shim/memory/journal.h"
#include "texts.h"

/* So many attempts are kept; what comes after them is counted alone. */
#define REPORT_ATTEMPTS_MAX (1u << 20)

#define REPORT_NONE UINT32_MAX

/* An event, with its texts interned: numbers for texts_get(), 0 is "". */
struct report_attempt {
	uint64_t number;  /* of the event */
	uint64_t started; /* CLOCK_MONOTONIC, nanoseconds */
	uint64_t first, ended, delayed, rule, sent, received, connection; /* as of struct event */
	uint32_t texts[EVENT_TEXTS];
	uint32_t pid;
	uint32_t next;	/* attempt of the same call, an index; REPORT_NONE: this is the last */
	uint32_t token; /* enum event_token, or a hash */
	uint32_t body;	/* as of struct event */
	uint16_t status, attempt;
	uint8_t action, taken, end, lane, is_reused, attempts_max; /* as of struct event */
};

/* The attempts that say the same invocation id; where none is said, each is a call of its own. */
struct report_call {
	uint32_t first, last; /* attempts, indices; `next` leads from one to the other */
	uint32_t attempts;
	uint32_t faults; /* of these, answered by a rule */
	bool has_succeeded;
};

enum report_list { REPORT_OUTAGES, REPORT_FAULTS };

/* A rule that was in force at some time of the run. The texts are owned. */
struct report_rule {
	uint64_t id;
	enum report_list list;
	uint32_t number;		    /* in its list, from 1 */
	char *name;			    /* its name or description, or "faults 1" */
	char *json;			    /* as it was given, or what the table says of it */
	char *service, *region, *operation; /* NULL: any */
	uint32_t counter;
	uint64_t base_matched, base_fired, base_delivered, base_taken; /* before the run */
	uint64_t matched; /* at least; exact unless the daemon was shared */
	uint64_t planned, delivered, taken;
};

/* A connection that could not be looked into: which process, which host, why. */
struct report_blind {
	uint32_t pid;
	uint32_t process, host, reason; /* texts */
};

/* A program that was begun and could not be followed. */
struct report_program {
	uint32_t path, reason; /* texts; `reason` is to be read after the path */
	uint64_t count;
};

struct report {
	const char *folder;
	char *const *command; /* NULL-terminated; NULL: none */
	bool is_private;      /* whatever is in the journal is of this run */
	bool is_redacted;     /* resources are hashed */
	uint32_t run;	      /* JOURNAL_RUN of its programs */

	struct texts texts;
	struct report_attempt *attempts; /* in the order in which they ended */
	uint32_t attempt_count, attempt_room;
	struct report_call *calls; /* in the order of their first attempts */
	uint32_t call_count;
	struct report_rule *rules; /* in the order in which they came */
	uint32_t rule_count;
	uint64_t rules_forgotten; /* that came and went, and of which nobody knows any more */
	struct report_blind *blind;
	uint32_t blind_count;
	struct report_program *programs;
	uint32_t program_count;

	/* What operations have counted, as if this run alone had written it: for stats_read(). */
	struct journal *counted;
	bool is_counted; /* by the journal's own counters, which lose nothing; else from the attempts */

	uint64_t begun, over; /* CLOCK_MONOTONIC, nanoseconds */
	uint64_t lost;	      /* events that nobody could read any more */
	uint64_t unkept;      /* events beyond REPORT_ATTEMPTS_MAX */
	uint64_t foreign;     /* events of others */
	bool is_shared;	      /* others have made calls under the same daemon */
	uint64_t blind_aws;   /* connections to AWS that could not be looked into */
	uint64_t unfollowed, unattached, unnamed;
	uint64_t unobserved; /* attempts while observing was off */
	uint32_t processes;  /* that made calls */
	bool was_paused;     /* for some of the time no rule was tried */
	bool is_alive;	     /* programs of the run were still there when it was made */
	bool has_status;     /* the command has ended, and not chaos-run before it */
	int status;	     /* as of wait() */
};

/* Sums over all operations. */
struct report_totals {
	uint64_t calls, attempts, ended, faults, delayed, failed, recovered, unanswered;
	uint64_t connections;
};
void report_totals(const struct report *report, struct report_totals *totals);

/* The text of an attempt, "" if there is none. */
const char *report_text(
	const struct report *report, const struct report_attempt *attempt, enum event_text which);

/* "dynamodb.PutItem", of at most that size; what is not known is "?". */
#define REPORT_NAME_MAX (2 * EVENT_TEXT_MAX + 4)
const char *report_operation(const struct report *report, const struct report_attempt *attempt,
	char name[REPORT_NAME_MAX]);

/* Did it get an answer that is no error? */
bool report_attempt_succeeded(const struct report_attempt *attempt);

/* The rule of that id, or NULL. */
const struct report_rule *report_rule(const struct report *report, uint64_t id);

/* Has no attempt of the call succeeded? */
static inline bool report_call_failed(const struct report_call *call)
{
	return !call->has_succeeded;
}

void report_free(struct report *report);

#endif
