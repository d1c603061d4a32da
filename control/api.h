/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_API_H
#define CHAOS_CONTROL_API_H

/* What the daemon can be asked: a request in, a body or a feed of events out. Knows nothing of
 * sockets. */

#include "turn.h"

#define API_BODY_MAX (8u << 20)

/* Saves the configuration and puts it in force. Returns 0; or -EINVAL, and then those rules are in
 * force that were before. The lock is held by the caller, who may have begun to listen. */
int api_start(struct api *api, struct refusal *why);

/* Lifts the rules that it has put in force, since nobody could once the daemon has gone, and frees
 * what the API holds. What is saved stays. Returns 0 or -EINVAL. */
int api_stop(struct api *api, struct refusal *why);

/* Answers one request; may be called by several threads. */
void api_answer(struct api *api, const struct api_request *request, struct api_answer *answer);

/* Closes it: nobody reads it any more. */
void api_end_feed(struct api *api, struct feed *feed);

/* Answers a request that is turned away before it is looked at. */
void api_refuse(const struct refusal *why, struct api_answer *answer);

#endif
