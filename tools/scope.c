/* SPDX-License-Identifier: Apache-2.0 */
#include "scope.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "client.h"
#include "passing.h"

#define FAULTS "/_localstack/chaos/faults"

static const char *const parts[] = {FAULTS, "/outages", "/_localstack/chaos/effects"};
#define PARTS (sizeof(parts) / sizeof(*parts))

static int refused(const struct client_answer *answer, struct scope_failure *failure)
{
	cJSON *body = cJSON_Parse(answer->body);
	const char *message = cJSON_GetStringValue(cJSON_GetObjectItem(body, "message"));

	failure->status = answer->status;
	snprintf(failure->reason, sizeof(failure->reason), "%s", message ? message : answer->body);
	cJSON_Delete(body);
	return -EPROTO;
}

/* *body, if wanted, is the answer's, for the caller to free. */
static int ask(const struct scope *scope, const char *method, const char *path, const char *sent,
	size_t size, char **body, struct scope_failure *failure)
{
	struct client_request request = {.folder = scope->folder,
		.method = method,
		.path = path,
		.body = sent,
		.body_size = size};
	struct client_answer answer;
	char reason[256] = "";
	int error = client_call(&request, &answer, reason);

	*failure = (struct scope_failure){0};
	snprintf(failure->reason, sizeof(failure->reason), "%s", reason);
	if (error)
		return error;
	if (answer.status < 200 || answer.status >= 300)
		error = refused(&answer, failure);
	else if (body)
		*body = strdup(answer.body);
	client_free(&answer);
	if (!error && body && !*body)
		error = -ENOMEM;
	return error;
}

static int read_all(const struct scope *scope, char *before[PARTS], struct scope_failure *failure)
{
	int error = 0;

	for (size_t i = 0; i < PARTS && !error; i++)
		error = ask(scope, "GET", parts[i], NULL, 0, &before[i], failure);
	return error;
}

/* Those of the rules that are in force already stay when the command has ended. NULL: the rules are no JSON. */
static char *without_known(const struct scope *scope, const char *before)
{
	cJSON *rules = cJSON_ParseWithLength(scope->rules, scope->size);
	cJSON *known = cJSON_Parse(before), *added = cJSON_CreateArray(), *rule, *other;
	char *text = NULL;

	cJSON_ArrayForEach(rule, rules)
	{
		bool is_known = false;

		cJSON_ArrayForEach(other, known) is_known |= cJSON_Compare(rule, other, true);
		if (!is_known)
			cJSON_AddItemToArray(added, cJSON_Duplicate(rule, true));
	}
	if (rules)
		text = cJSON_PrintUnformatted(added);
	cJSON_Delete(rules);
	cJSON_Delete(known);
	cJSON_Delete(added);
	return text;
}

/* Others may have changed the list in the meantime: what is theirs stays. */
static int take_away(const struct scope *scope, char *before[PARTS], struct scope_failure *failure)
{
	char *added = without_known(scope, before[0]);
	int error =
		added ? ask(scope, "DELETE", FAULTS, added, strlen(added), NULL, failure) : -ENOMEM;

	free(added);
	return error;
}

/* What is as it was keeps its counts. */
static int put_back(const struct scope *scope, char *before[PARTS], struct scope_failure *failure)
{
	int error = 0;

	for (size_t i = 0; i < PARTS && !error; i++) {
		char *now = NULL;

		error = ask(scope, "GET", parts[i], NULL, 0, &now, failure);
		if (!error && strcmp(now, before[i]) != 0)
			error = ask(scope, "POST", parts[i], before[i], strlen(before[i]), NULL,
				failure);
		free(now);
	}
	return error;
}

__attribute__((noreturn)) static void run_child(
	const struct scope *scope, const struct passing *before)
{
	int error;

	passing_leave(before);
	setenv("CHAOS_DIR", scope->folder, 1);
	execvp(scope->command[0], scope->command);
	error = errno;
	fprintf(stderr, "chaos-ctl: scope: cannot run %s: %s\n", scope->command[0],
		strerror(error));
	_exit(error == ENOENT ? 127 : 126);
}

/* Returns the exit code. */
static int run(const struct scope *scope, const struct passing *before)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		run_child(scope, before);
	status = child < 0 ? -errno : passing_wait(child);
	if (status < 0) {
		fprintf(stderr, "chaos-ctl: scope: cannot run %s: %s\n", scope->command[0],
			strerror(-status));
		return 126;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void note_rest(struct scope_failure *failure)
{
	size_t len = strlen(failure->reason);

	snprintf(failure->reason + len, sizeof(failure->reason) - len,
		"%sthe rules could not be put back", len ? "; " : "");
}

int scope_run(const struct scope *scope, struct scope_failure *failure)
{
	char *before[PARTS] = {NULL};
	struct passing signals;
	int error = read_all(scope, before, failure), code = 0;

	/* A signal must not end us while the rules are in force. */
	passing_begin(&signals);
	if (!error && scope->rules)
		error = ask(scope, "PATCH", FAULTS, scope->rules, scope->size, NULL, failure);
	if (!error) {
		code = run(scope, &signals);
		error = scope->rules ? take_away(scope, before, failure)
				     : put_back(scope, before, failure);
		if (error)
			note_rest(failure);
	}
	passing_leave(&signals);
	for (size_t i = 0; i < PARTS; i++)
		free(before[i]);
	return error ? error : code;
}
