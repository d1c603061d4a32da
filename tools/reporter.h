/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_REPORTER_H
#define CHAOS_TOOLS_REPORTER_H

/* chaos-report beside a command: told when the command begins and how it has ended. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define REPORTER_PROGRAM   "chaos-report"
#define REPORTER_WORDS_MAX 256

struct reporter {
	const char *words[REPORTER_WORDS_MAX]; /* its command line, NULL-terminated */
	int count;
	bool is_wanted;	 /* there is something for it to do */
	bool is_binding; /* without it the command's own status says nothing: files, expectations */
	uint32_t run;	 /* JOURNAL_RUN, taken by reporter_choose_run() */
	pid_t child;
	int socket;
};

/* Adds a word, which stays the caller's. False: there are too many. */
bool reporter_add(struct reporter *reporter, const char *word);

/* Draws the number of this run. */
void reporter_choose_run(struct reporter *reporter);

/* Starts it, and waits until the command may begin. False: it has said why not. SIGCHLD is not ignored. */
bool reporter_begin(struct reporter *reporter);

/* Tells it what wait() has said of the command, and waits for its end. Returns its exit code, 0 if it was
 * never begun, or -1: it was killed, which has been said. */
int reporter_end(struct reporter *reporter, int status);

#endif
