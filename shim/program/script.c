/* SPDX-License-Identifier: Apache-2.0 */
#include "script.h"

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static struct span trim(struct span text)
{
	while (text.len && is_blank(text.at[0]))
		text = span_from(text, 1);
	while (text.len && is_blank(text.at[text.len - 1]))
		text.len--;
	return text;
}

/* Takes the first word off `text`. */
static struct span take_word(struct span *text)
{
	struct span word = trim(*text);
	size_t len = 0;

	while (len < word.len && !is_blank(word.at[len]))
		len++;
	*text = trim(span_from(word, len));
	word.len = len;
	return word;
}

/* What follows -S, also in -iS or -vS, or --split-string=; .len 0: it is not there. */
static struct span split_string(struct span argument)
{
	size_t at = 1;

	if (span_starts(argument, SPAN("--split-string=")))
		return trim(span_from(argument, strlen("--split-string=")));
	if (!span_starts(argument, SPAN("-")))
		return (struct span){NULL, 0};
	while (at < argument.len && (argument.at[at] == 'i' || argument.at[at] == 'v'))
		at++;
	if (at == argument.len || argument.at[at] != 'S')
		return (struct span){NULL, 0};
	return trim(span_from(argument, at + 1));
}

/*
 * The command among the arguments of env(1) on a `#!` line; .len 0: none that is plain to see. The
 * kernel hands over the rest of the line as one argument, which only -S splits.
 */
static struct span command_of_env(struct span argument)
{
	struct span words = split_string(argument);

	if (!words.len)
		return span_starts(argument, SPAN("-")) ? (struct span){NULL, 0} : argument;
	while (words.len) {
		struct span word = take_word(&words);

		if (span_find(word, '"') || span_find(word, '\'') || span_find(word, '\\') ||
			span_find(word, '$'))
			break;
		if (span_equal(word, SPAN("-u")) || span_equal(word, SPAN("-C")))
			take_word(&words);
		else if (word.at[0] != '-' && !span_find(word, '='))
			return word;
	}
	return (struct span){NULL, 0};
}

static struct span last_part(struct span path)
{
	for (size_t i = path.len; i > 0; i--)
		if (path.at[i - 1] == '/')
			return span_from(path, i);
	return path;
}

struct script script_follow(struct span head, bool through_env)
{
	const char *newline = span_find(head, '\n');
	struct span line = {head.at, newline ? (size_t)(newline - head.at) : head.len};
	struct span arguments = span_from(line, 2), interpreter = take_word(&arguments);
	struct span command = {NULL, 0};

	/* A text without the line is handed to the shell by execvp(). */
	if (!span_starts(line, SPAN("#!")) || !interpreter.len)
		return (struct script){SPAN("/bin/sh"), false};
	if (through_env && span_equal(last_part(interpreter), SPAN("env")))
		command = command_of_env(arguments);
	return command.len ? (struct script){command, true} : (struct script){interpreter, false};
}
