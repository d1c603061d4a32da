/* SPDX-License-Identifier: Apache-2.0 */
/* The context of the process, and its voice. */

#include "shim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cancel.h"
#include "inside.h"
#include "shim/libc/real.h"

struct shim shim;

_Thread_local volatile sig_atomic_t inside __attribute__((tls_model("initial-exec")));

bool shim_is_own(void)
{
	return getpid() == atomic_load_explicit(&shim.pid, memory_order_relaxed);
}

uint64_t shim_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

static bool is_quiet(void)
{
	const char *quiet = getenv("CHAOS_QUIET");

	return quiet && *quiet && strcmp(quiet, "0") != 0;
}

void shim_say(const char *format, ...)
{
	struct stat now;
	char line[1024];
	va_list list;
	int len, cancel;

	if (is_quiet())
		return;
	va_start(list, format);
	len = vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	/* A program that has closed its stderr may use the number for something else. */
	if (fstat(STDERR_FILENO, &now) || now.st_dev != shim.stderr_dev ||
		now.st_ino != shim.stderr_ino)
		return;
	cancel = cancel_put_off();
	if (real.write(STDERR_FILENO, line, (size_t)len) < 0)
		line[0] = '\0';
	cancel_allow(cancel);
}
