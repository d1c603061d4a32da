/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_AUDIT_H
#define CHAOS_REPORT_AUDIT_H

/* What is told of a run beside its report: the ledger of retries, lints, the policy. */

#include "wanted.h"

/* Writes what is wanted. False: something could not be, which has been said. */
bool audit_write(const struct report *report, const struct wanted *wanted);

#endif
