/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_GATHER_H
#define CHAOS_REPORT_GATHER_H

/* Fills a report while a run goes on. */

#include "control/event_reader.h"
#include "observe.h"
#include "report.h"

/* Told of each attempt of the run as it has been read; the event is as the program wrote it. */
typedef void gather_told(void *context, const struct report *report,
	const struct report_attempt *attempt, const struct event *event);

struct gather {
	struct report *report;
	struct observe *observe;
	const struct journal *journal;
	struct event_reader reader;
	uint64_t asked;	   /* when the daemon was last asked what guests tell */
	struct base *base; /* what was counted before */
	struct rules_seen *rules;
	gather_told *told; /* NULL: nobody */
	void *context;
	bool keeps_nothing; /* attempts are told of alone */
};

/* From now on. `report` is set up but for what is gathered; `folder` and `observe` stay the caller's. */
void gather_begin(struct gather *gather, struct report *report, struct observe *observe);

/* Takes what has come. Returns how many attempts of the run. */
uint32_t gather_more(struct gather *gather);

/* Takes what is there once the run is over: waits for calls that are about to end, up to a second, and
 * for as long as a program of the run lives. Then the report is whole. */
void gather_end(struct gather *gather);

/* In place of gather_end(): nobody wants to know more. */
void gather_drop(struct gather *gather);

#endif
