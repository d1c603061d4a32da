/* SPDX-License-Identifier: Apache-2.0 */
#include "given_back.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "shim/memory/runtime.h"

static bool starts(const char *entry, const char *with)
{
	return strncmp(entry, with, strlen(with)) == 0;
}

static char **find_given(char **envp)
{
	for (; *envp; envp++)
		if (starts(*envp, RUNTIME_GIVEN))
			return envp;
	return NULL;
}

/* The last entry of that name, up to its '='. */
static char **find(char **envp, const char *name, size_t len)
{
	char **found = NULL;

	for (; *envp; envp++)
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
			found = envp;
	return found;
}

static char **find_was(char **envp, const char *name, size_t len)
{
	for (; *envp; envp++)
		if (starts(*envp, RUNTIME_WAS) &&
			strncmp(*envp + strlen(RUNTIME_WAS), name, len) == 0 &&
			(*envp)[strlen(RUNTIME_WAS) + len] == '=')
			return envp;
	return NULL;
}

static void take_out(char **entry)
{
	do
		*entry = entry[1];
	while (*entry++);
}

static bool is_of_use(const char *given)
{
	const char *path = strchr(given, '=');

	return !path || access(path + 1, R_OK) == 0;
}

/* A variable that has another value by now stays. */
static void give_back(char **envp, const char *given)
{
	const char *name = given + strlen(RUNTIME_GIVEN);
	size_t len = strcspn(name, "=");
	char **now = find(envp, name, len), **was = find_was(envp, name, len);
	bool is_ours = now && strcmp(*now, name) == 0;

	if (is_ours && was)
		*now = *was + strlen(RUNTIME_WAS);
	if (was)
		take_out(was);
	else if (is_ours)
		take_out(now);
}

/* In place: the entries are the program's own, and so is their list. */
static void give_all_back(char **envp)
{
	for (char **given; (given = find_given(envp));) {
		give_back(envp, *given);
		take_out(find_given(envp));
	}
}

void given_back(char **envp)
{
	int error = errno;

	if (envp && find_given(envp) && !is_of_use(*find_given(envp)))
		give_all_back(envp);
	errno = error;
}
