/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_H
#define CHAOS_REPORT_H

/*
 * Tells `chaos-run --strict`, which has left an address in CHAOS_REPORT, that this process has begun
 * without rules: it may be another user's, or live in a place where the runtime folder is not to be seen,
 * and so cannot write it into the journal. Nothing where all is well.
 */
void report_unattached(void);

#endif
