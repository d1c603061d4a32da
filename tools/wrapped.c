/* SPDX-License-Identifier: Apache-2.0 */
#include "wrapped.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The options that take the next word, and those that name a user: "-u" as it is, "--user" also with '='. */
struct kind {
	const char *name;
	const char *taking[16], *users[4];
	bool assigns;  /* NAME=VALUE may stand in front of the command */
	bool is_shell; /* the command is a text behind -c */
};

static const struct kind kinds[] = {
	{"env", {"-u", "-C", "--unset", "--chdir"}, {NULL}, true, false},
	{"sudo",
		{"-u", "-g", "-h", "-p", "-C", "-T", "-R", "-D", "-r", "-t", "--user", "--group",
			"--chdir"},
		{"-u", "--user"}, true, false},
	{"setpriv",
		{"--reuid", "--regid", "--ruid", "--euid", "--rgid", "--egid", "--groups",
			"--inh-caps", "--ambient-caps", "--bounding-set", "--securebits",
			"--pdeathsig"},
		{"--reuid", "--ruid", "--euid"}, false, false},
	{"runuser", {"-u", "-g", "-G", "--user", "--group"}, {"-u", "--user"}, false, true},
	{"su", {"-s", "-g", "-G", "-w", "--shell", "--group"}, {NULL}, false, true},
};

static const struct kind *kind_of(const char *word)
{
	const char *slash = strrchr(word, '/'), *name = slash ? slash + 1 : word;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* Is it one of these, or, for --option=VALUE, its beginning? */
static bool is_one(const char *word, const char *const *list, size_t count)
{
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < count && list[i]; i++)
		if (strlen(list[i]) == len && strncmp(word, list[i], len) == 0)
			return true;
	return false;
}

#define IS_ONE(word, list) is_one(word, list, sizeof(list) / sizeof(*(list)))

static bool is_root(const char *user)
{
	return strcmp(user, "root") == 0 || strcmp(user, "0") == 0;
}

/* The first word of a shell's text; NULL: there is more to it. */
static char *const *first_word(const char *text)
{
	static char word[4096], *command[2];
	size_t len = strcspn(text, " \t");

	if (!len || len >= sizeof(word) || strcspn(text, "\"'`$;&|<>()*?\\\n") < len)
		return NULL;
	snprintf(word, sizeof(word), "%.*s", (int)len, text);
	command[0] = word;
	return command;
}

/* su [OPTION]... [-] [USER] [-c TEXT] */
static char *const *look_at_shell(char *const *command, bool *changes)
{
	char *const *inside = NULL;

	*changes = false;
	for (char *const *next = command + 1; *next; next++) {
		if ((strcmp(*next, "-c") == 0 || strcmp(*next, "--command") == 0) && next[1])
			inside = first_word(*++next);
		else if (**next != '-')
			*changes |= !is_root(*next);
	}
	return inside;
}

/* The command inside; NULL: it cannot be told. */
static char *const *look_at(const struct kind *kind, char *const *command, bool *changes)
{
	*changes = false;
	for (char *const *next = command + 1; *next; next++) {
		const char *value = strchr(*next, '=');
		bool takes = IS_ONE(*next, kind->taking) && !(value && **next == '-');

		if (strcmp(*next, "--") == 0)
			return next[1] ? next + 1 : NULL;
		if (**next != '-' && !(kind->assigns && value))
			return kind->is_shell && !*changes ? NULL : next;
		/* env parts a text into words by rules of its own. */
		if (strncmp(*next, "-S", 2) == 0 || strncmp(*next, "--split", 7) == 0)
			return NULL;
		if (takes && !next[1])
			return NULL;
		if (IS_ONE(*next, kind->users))
			*changes |= !is_root(takes ? next[1] : value + 1);
		next += takes;
	}
	return NULL;
}

struct wrapped wrapped_look(char *const *command)
{
	struct wrapped wrapped = {command, NULL, command};
	const struct kind *kind;

	while ((kind = kind_of(*wrapped.command))) {
		bool changes;
		char *const *inside = look_at(kind, wrapped.command, &changes);

		if (!inside && kind->is_shell)
			inside = look_at_shell(wrapped.command, &changes);
		if (!inside)
			break;
		if (changes && !wrapped.by) {
			wrapped.by = kind->name;
			wrapped.from = wrapped.command;
		}
		wrapped.command = inside;
	}
	return wrapped;
}
