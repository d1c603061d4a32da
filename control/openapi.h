/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_OPENAPI_H
#define CHAOS_CONTROL_OPENAPI_H

#include "shim/base/span.h"

/* openapi.json, as it was when this was built. */
struct span openapi_text(void);

#endif
