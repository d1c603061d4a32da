/* SPDX-License-Identifier: Apache-2.0 */
/* system() and popen(): libc gives the shell the program's own environment, which may lack what is needed
 * to follow it. */

#include <alloca.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "exec.h"
#include "shim/memory/blocks.h"
#include "shim/process/child.h"
#include "shim/process/shim.h"

/* The kernel takes no longer argument (MAX_ARG_STRLEN). */
#define ARGUMENT_MAX (32u * 4096)

#define SHELL "/bin/sh"

static char *put(char *out, const char *text)
{
	return stpcpy(out, text);
}

/* In single quotes, for the shell. */
static char *put_quoted(char *out, const char *text)
{
	*out++ = '\'';
	for (; *text; text++) {
		if (*text == '\'')
			out = put(out, "'\\'");
		*out++ = *text;
	}
	*out++ = '\'';
	*out = '\0';
	return out;
}

/* NAME='value' and a space. */
static char *put_entry(char *out, const char *entry)
{
	const char *value = strchr(entry, '=') + 1;

	out = mempcpy(out, entry, (size_t)(value - entry));
	return put(put_quoted(out, value), " ");
}

/* The shell in the place of itself: with what is wanting, and to messages as `sh`. */
static void put_command(
	char *out, const char *command, char *const envp[], const struct follow_plan *plan)
{
	for (int i = 0; i < FOLLOW_ENTRIES; i++)
		if (plan->places[i] != FOLLOW_LEFT)
			out = put_entry(out, envp[plan->places[i]]);
	out = put(out, "exec " SHELL " -c ");
	out = put_quoted(out, command);
	put(out, " sh");
}

/* At most: each byte may need three more. */
static size_t room_for(const char *command, char *const envp[], const struct follow_plan *plan)
{
	size_t bytes = strlen(command);

	for (int i = 0; i < FOLLOW_ENTRIES; i++)
		if (plan->places[i] != FOLLOW_LEFT)
			bytes += strlen(envp[plan->places[i]]);
	return 64 + 4 * bytes;
}

/* The command that does the same in a shell that is followed; NULL if it is followed as it is, or cannot
 * be. The caller gives the block back. */
static char *follow_command(const char *command)
{
	char *const *envp = environ;
	struct child child;
	char *made;

	if (!command)
		return NULL;
	child_begin(&child, SHELL, 0, NULL, envp);
	/* Anybody may look at a command. */
	if (!child.is_given || !follow_plan_openly(&child.plan))
		return NULL;
	// cppcheck-suppress allocaCalled
	envp = follow_fill(&shim.follow, envp, &child.plan, alloca(child.plan.room));
	made = blocks_take(room_for(command, envp, &child.plan));
	if (!made)
		return NULL;
	put_command(made, command, envp, &child.plan);
	if (strlen(made) < ARGUMENT_MAX)
		return made;
	blocks_give(made);
	return NULL;
}

int exec_system(const char *command)
{
	char *made = follow_command(command);
	int result = real.system(made ? made : command), error = errno;

	blocks_give(made);
	errno = error;
	return result;
}

FILE *exec_popen(const char *command, const char *mode)
{
	char *made = follow_command(command);
	FILE *file = real.popen(made ? made : command, mode);
	int error = errno;

	blocks_give(made);
	errno = error;
	return file;
}
