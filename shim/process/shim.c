/* SPDX-License-Identifier: Apache-2.0 */
/* The context of the process, and its voice. */

#include "shim.h"

#include <errno.h>
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

#define LINE_MAX_SAID 1024
/* A program names itself as it likes, and as long. */
#define NAME_MAX_SAID 64

static void say(const char *line)
{
	struct stat now;
	int cancel;

	/* A program that has closed its stderr may use the number for something else. */
	if (fstat(STDERR_FILENO, &now) || now.st_dev != shim.stderr_dev ||
		now.st_ino != shim.stderr_ino)
		return;
	cancel = cancel_put_off();
	/* There is nobody to tell that it failed. */
	(void)!real.write(STDERR_FILENO, line, strlen(line));
	cancel_allow(cancel);
}

void shim_say(const char *format, ...)
{
	char line[LINE_MAX_SAID];
	va_list list;

	if (is_quiet())
		return;
	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	say(line);
}

/* The first word of the command, without its folder if its end is there. */
static struct span served_name(const struct journal_process *process)
{
	size_t len = strnlen(process->command, sizeof(process->command));
	struct span word = {process->command, len}, name;
	const char *end = span_find(word, ' '), *slash;

	if (end)
		word.len = (size_t)(end - word.at);
	slash = word.len ? memrchr(word.at, '/', word.len) : NULL;
	name = slash ? span_from(word, (size_t)(slash - word.at) + 1) : word;
	return name.len ? name : word;
}

void shim_say_of_program(const char *format, ...)
{
	const struct journal_process *process = atomic_load(&shim.process);
	struct span name = process && shim.is_relay ? served_name(process)
						    : span_of(program_invocation_short_name);
	uint32_t pid = process ? atomic_load(&process->pid) : (uint32_t)getpid();
	char line[LINE_MAX_SAID];
	va_list list;
	int len;

	if (is_quiet())
		return;
	len = snprintf(line, sizeof(line), "chaos-run: %.*s, pid %u: ",
		(int)(name.len < NAME_MAX_SAID ? name.len : NAME_MAX_SAID), name.at, pid);
	va_start(list, format);
	vsnprintf(line + len, sizeof(line) - (size_t)len, format, list);
	va_end(list);
	say(line);
}
