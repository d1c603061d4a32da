/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_HANDLERS_H
#define CHAOS_CONTROL_HANDLERS_H

/* What is done for each path and method of the API. */

#include "turn.h"

handler handle_get_list, handle_change_list;
handler handle_get_effects, handle_set_effects;
handler handle_get_status, handle_get_processes, handle_get_certificate, handle_get_openapi;
handler handle_get_events, handle_get_stats, handle_get_metrics, handle_get_snapshot;
handler handle_get_observe, handle_keep_observing, handle_stop_observing;
handler handle_get_pause, handle_pause, handle_resume;

#endif
