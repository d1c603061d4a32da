/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_CALLS_H
#define CHAOS_REPORT_CALLS_H

#include "report.h"

/* Puts the attempts of each call together. */
void calls_find(struct report *report);

#endif
