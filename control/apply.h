/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_APPLY_H
#define CHAOS_CONTROL_APPLY_H

/* Puts configurations in force. The lock is held by the caller of all of these. */

#include "held.h"

/* Has the table room for the rules? Returns 0 or -EINVAL. */
int apply_check(const struct config *config, struct refusal *why);

/* Puts it in force; on an error that is in force that was before. Returns 0 or -EINVAL. */
int apply_publish(struct api *api, const struct config *config, struct refusal *why);

/* Saves and publishes *next, and makes it the configuration; or nothing of that. Takes *next. Returns
 * 0 or -EINVAL. */
int apply_commit(struct api *api, struct config *next, struct refusal *why);

#endif
