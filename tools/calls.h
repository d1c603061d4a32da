/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_CALLS_H
#define CHAOS_TOOLS_CALLS_H

/* The calls of supervised programs, from the notice to the answer. */

#include "notice.h"
#include "supervision.h"

/* A notice of a listener. It is answered, or handed to a relay. */
void calls_take(struct supervision *supervision, uint32_t listener, const struct notice *notice);

/* The program's relay has said something, or has ended. */
void calls_hear(struct supervision *supervision, uint32_t program);

/* The program has ended. */
void calls_end_program(struct supervision *supervision, uint32_t program);

#endif
