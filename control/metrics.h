/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_METRICS_H
#define CHAOS_CONTROL_METRICS_H

#include "held.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* All that was counted, in Prometheus' text format 0.0.4. The caller holds the lock, and frees it. */
char *metrics_text(const struct api *api);

#endif
