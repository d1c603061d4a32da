/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_SCRIPT_H
#define CHAOS_SCRIPT_H

#include <stdbool.h>

#include "shim/base/span.h"

/* Of a `#!` line the kernel reads this much (BINPRM_BUF_SIZE). */
#define SCRIPT_HEAD 256

struct script {
	struct span file;
	bool is_sought; /* along $PATH, if it has no slash; else it is in the working directory */
};

/* What runs the text that begins so: its interpreter, or /bin/sh for one without a `#!` line; and
 * `through_env`, the command of `#!/usr/bin/env NAME` and `env -S`. */
struct script script_follow(struct span head, bool through_env);

#endif
