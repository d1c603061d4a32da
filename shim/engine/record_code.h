/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_RECORD_CODE_H
#define CHAOS_RECORD_CODE_H

#include "shim/base/span.h"

/* The error code in an answer, or in as much as has come of it; .len 0: none is found. */
struct span record_code(struct span answer);

#endif
