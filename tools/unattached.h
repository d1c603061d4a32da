/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_UNATTACHED_H
#define CHAOS_TOOLS_UNATTACHED_H

/* Programs that have begun without rules, and cannot write that into the journal (see report.h). */

struct unattached {
	int socket;
	char token[64];
};

/* Makes the address and puts it into CHAOS_REPORT. Returns 0 or -errno. */
int unattached_listen(struct unattached *unattached);

/* Says on stderr which these were so far. Returns how many were told of: at least 1 if there was one. */
unsigned unattached_tell(const struct unattached *unattached);

#endif
