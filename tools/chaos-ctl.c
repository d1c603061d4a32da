/* SPDX-License-Identifier: Apache-2.0 */

/* The command line over the daemon's control socket. */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "client.h"
#include "control/authority.h"
#include "control/file.h"
#include "control/given.h"
#include "control/model.h"
#include "explain_lines.h"
#include "fired.h"
#include "folder.h"
#include "known.h"
#include "model_build.h"
#include "processes.h"
#include "report/watch.h"
#include "shim/engine/aws/model.h"
#include "shim/memory/runtime.h"
#include "scope.h"
#include "show.h"
#include "stop.h"
#include "table_file.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct session {
	char folder[PATH_MAX];
	bool table; /* for a person, not JSON */
	bool json;  /* asked for by name */

	/* Of explain alone. */
	bool jsonl;
	const char *table_path; /* NULL: that of the folder */

	/* Of model alone. */
	struct model_build build;

	/* Of watch and top alone. */
	const char *pid, *interval;
	bool redact, once;

	/* Of ca alone. */
	bool path;
	const char *hosts; /* NULL: whatever they are */
};

struct command {
	const char *name;
	int (*run)(const struct command *command, const struct session *session, char **arguments);
	const char *path;
	const char *none;  /* what an empty list is shown as; NULL: it is no list */
	const char *empty; /* the body that clears it */
	cJSON *(*arrange)(const cJSON *body); /* for a person; NULL: as it is */
};

static const char help[] =
	"Usage: chaos-ctl [OPTION]... COMMAND\n"
	"Steer the chaos daemon of the runtime folder.\n"
	"\n"
	"  faults   get|set|add|remove|clear [JSON|@FILE|-]   fault rules\n"
	"  outages  get|set|add|remove|clear [JSON|@FILE|-]   outage rules\n"
	"  effects  get|set|clear [JSON|@FILE|-|latency=MS]   what every call meets\n"
	"  status                                             the daemon, in numbers\n"
	"  ps                                                 the processes that use it\n"
	"  watch    [--pid PID] [--redact] [PATTERN]...       each attempt of a call, as it ends\n"
	"  top      [--once] [--interval SECONDS] [PATTERN]...  rates by operation\n"
	"  scope    [JSON|@FILE] -- COMMAND                   fault rules while a command runs; "
	"all\n"
	"                                                     is put back when it ends\n"
	"  pause                                              no rule is tried until resume\n"
	"  resume                                             the rules are tried again\n"
	"  stop                                               end the daemon; its rules are kept\n"
	"  ca       [--path] [--for HOST[,HOST]]              the certificate that its programs "
	"trust\n"
	"  explain  [--jsonl] [--table FILE]                  what is made of the HTTP request on\n"
	"                                                     stdin, and of the rules for it\n"
	"  services [GLOB]                                    the known services\n"
	"  operations SERVICE                                 the known operations of one\n"
	"  model    build [--from PYTHON|DIR] [-o FILE]       know what a newer botocore knows\n"
	"\n"
	"  -d, --dir DIR   the runtime folder; otherwise $CHAOS_DIR, $XDG_RUNTIME_DIR/chaos or\n"
	"                  /tmp/chaos-$UID\n"
	"      --json      print JSON on a terminal, too; for services and operations: anywhere\n"
	"      --jsonl     read lines of {\"raw\": BASE64, \"tls\": true|false}, print one for "
	"each\n"
	"      --table FILE   the rules' table; otherwise that of the runtime folder, if any\n"
	"      --from PYTHON|DIR   the Python or virtual environment that has botocore, or the\n"
	"                          folder that holds it\n"
	"  -o, --output FILE       the model; otherwise $CHAOS_MODEL, or chaos-run/model in\n"
	"                          $XDG_DATA_HOME or ~/.local/share\n"
	"      --path      print the path of the certificate, not the certificate\n"
	"      --for HOST[,HOST]   only if it is good for these hosts\n"
	"      --pid PID   only of this process\n"
	"      --redact    hashes in place of the names of resources\n"
	"      --once      once, and no more; --interval SECONDS: otherwise 1\n"
	"      --help, --version\n"
	"\n"
	"A PATTERN is SERVICE or SERVICE.OPERATION, both may be globs; for watch also rule:NAME.\n"
	"Whoever watches has all programs of the daemon tell of their calls; with --json, watch\n"
	"prints a line of JSON for each.\n"
	"\n"
	"'set' puts the given rules in the place of all, 'add' appends them, 'remove' takes away\n"
	"the rules that are equal to them. Each prints the configuration that is then in force.\n"
	"JSON comes from stdin with '-', or when there is none and stdin is no terminal.\n"
	"\n"
	"Exit status: 0, and for scope the command's; 1 when the daemon refuses or does not "
	"answer,\n"
	"a line can't be read, or a name is not known; 2 for wrong usage.\n";

__attribute__((format(printf, 2, 3))) static int fail(int code, const char *format, ...)
{
	va_list arguments;

	fputs("chaos-ctl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return code;
}

/* ---- input ---- */

/* {"latency": 1000} from latency=1000; a value that is no JSON is a string. */
static char *object_of(char **assignments, size_t *size)
{
	cJSON *object = cJSON_CreateObject();
	char *text;

	for (; *assignments; assignments++) {
		const char *value = strchr(*assignments, '=');
		cJSON *parsed;
		char *name;

		if (!value) {
			fail(EXIT_USAGE, "'%s' is not NAME=VALUE, such as latency=250",
				*assignments);
			cJSON_Delete(object);
			return NULL;
		}
		parsed =
			cJSON_ParseWithOpts(value + 1, NULL, true) ?: cJSON_CreateString(value + 1);
		name = strndup(*assignments, (size_t)(value - *assignments));
		cJSON_AddItemToObject(object, name, parsed);
		free(name);
	}
	text = cJSON_PrintUnformatted(object);
	cJSON_Delete(object);
	*size = text ? strlen(text) : 0;
	return text;
}

static char *read_stdin(const struct command *command, const char *what, size_t *size)
{
	char *text = file_read_all(STDIN_FILENO, size);

	if (!text)
		fail(EXIT_USAGE, "%s: stdin: %s", command->name, strerror(errno));
	else if (!*size)
		fail(EXIT_USAGE, "%s: stdin is empty; %s", command->name, what);
	else
		return text;
	free(text);
	return NULL;
}

static char *read_argument(const struct command *command, const char *argument, size_t *size)
{
	struct refusal why = {0};
	char *text = given_read(argument, size, &why);
	char reason[REFUSAL_TEXT_MAX];

	if (text)
		return text;
	refusal_of_option(&why, command->name, argument);
	refusal_text(&why, reason, sizeof(reason));
	fail(EXIT_USAGE, "%s", reason);
	return NULL;
}

static int refuse_more(const struct command *command, const char *argument, const char *remedy)
{
	return fail(EXIT_USAGE, "%s: '%s' is too much; %s", command->name, argument, remedy);
}

/* What is to be sent; NULL: it has been said why not. The caller frees it. */
static char *read_input(const struct command *command, char **arguments, size_t *size)
{
	const char *argument = *arguments;

	if (!argument && isatty(STDIN_FILENO)) {
		fail(EXIT_USAGE, "%s: JSON, @FILE or - is missing", command->name);
		return NULL;
	}
	if (!command->none && argument && *argument && !strchr("{[@-", *argument))
		return object_of(arguments, size);
	if (argument && arguments[1]) {
		refuse_more(command, arguments[1], "put single quotes around JSON");
		return NULL;
	}
	if (!argument || !strcmp(argument, "-"))
		return read_stdin(command, "JSON is expected", size);
	return read_argument(command, argument, size);
}

/* ---- output ---- */

static void print_warnings(const char *warnings)
{
	for (const char *at = warnings; *at; at += strcspn(at, "\n") + 1)
		fail(0, "warning: %.*s", (int)strcspn(at, "\n"), at);
}

/* `file`: "@FILE" that it is about, or "". */
static int print_refusal(const struct client_answer *answer, const char *file)
{
	cJSON *body = cJSON_Parse(answer->body);
	const char *message = cJSON_GetStringValue(cJSON_GetObjectItem(body, "message"));

	if (message)
		fail(EXIT_REFUSED, "%s%s%s", file, *file ? ": " : "", message);
	else
		fail(EXIT_REFUSED, "the daemon answers with HTTP status %ld", answer->status);
	cJSON_Delete(body);
	return EXIT_REFUSED;
}

static int print_body(const struct command *command, const struct session *session,
	const struct client_answer *answer)
{
	cJSON *body = session->table ? cJSON_Parse(answer->body) : NULL;

	if (body && command->arrange) {
		cJSON *arranged = command->arrange(body);

		cJSON_Delete(body);
		body = arranged;
	}
	if (body)
		show(stdout, body, command->none);
	else
		printf("%s%s", answer->body,
			answer->body_size && answer->body[answer->body_size - 1] == '\n' ? ""
											 : "\n");
	cJSON_Delete(body);
	if (fflush(stdout) == EOF)
		return fail(EXIT_REFUSED, "stdout: %s", strerror(errno));
	return EXIT_SUCCESS;
}

static int explain_error(const struct session *session, int error, const char *reason)
{
	const char *folder = session->folder;

	if (error == -ENOENT || error == -ECONNREFUSED)
		return fail(EXIT_REFUSED,
			"no daemon answers on %s/" RUNTIME_SOCKET
			"; start one with 'chaos-control --daemon --dir %s', or name its folder "
			"with --dir",
			folder, folder);
	return fail(EXIT_REFUSED, "%s: %s", folder, error == -EIO ? reason : folder_error(error));
}

static int call(const struct command *command, const struct session *session,
	struct client_request request, const char *file)
{
	struct client_answer answer;
	char reason[256];
	int code, error;

	request.folder = session->folder;
	request.path = command->path;
	error = client_call(&request, &answer, reason);
	if (error)
		return explain_error(session, error, reason);
	print_warnings(answer.warnings);
	if (answer.status >= 200 && answer.status < 300)
		code = print_body(command, session, &answer);
	else
		code = print_refusal(&answer, file);
	client_free(&answer);
	return code;
}

static int end_output(int code)
{
	if (fflush(stdout) == EOF)
		return fail(EXIT_REFUSED, "stdout: %s", strerror(errno));
	return code;
}

/* ---- commands ---- */

static int run_report(
	const struct command *command, const struct session *session, char **arguments)
{
	if (*arguments)
		return refuse_more(command, *arguments, "it takes no argument");
	return call(command, session, (struct client_request){.method = "GET"}, "");
}

/* What stands there; NULL: it has been said why not. The caller deletes it. */
static cJSON *fetch(const struct session *session, const char *path)
{
	struct client_request request = {.folder = session->folder, .path = path, .method = "GET"};
	struct client_answer answer;
	char reason[256];
	cJSON *body;
	int error = client_call(&request, &answer, reason);

	if (error) {
		explain_error(session, error, reason);
		return NULL;
	}
	body = cJSON_Parse(answer.body);
	if (!body)
		print_refusal(&answer, "");
	client_free(&answer);
	return body;
}

/* For a person: the programs that none of the processes could take along. */
static int show_unfollowed(const struct session *session)
{
	cJSON *status = fetch(session, "/_chaos/status");

	if (!status)
		return EXIT_REFUSED;
	processes_show_unfollowed(stdout, status);
	cJSON_Delete(status);
	return end_output(EXIT_SUCCESS);
}

/* For a person: how often each rule has fired. */
static int show_fired(const struct session *session)
{
	cJSON *status = fetch(session, "/_chaos/status");
	cJSON *outages = status ? fetch(session, "/outages") : NULL;
	cJSON *faults = outages ? fetch(session, "/_localstack/chaos/faults") : NULL;

	if (faults) {
		fired_show(stdout, status, "outages", outages);
		fired_show(stdout, status, "faults", faults);
	}
	cJSON_Delete(status);
	cJSON_Delete(outages);
	cJSON_Delete(faults);
	return end_output(faults ? EXIT_SUCCESS : EXIT_REFUSED);
}

static int run_status(
	const struct command *command, const struct session *session, char **arguments)
{
	int code = run_report(command, session, arguments);

	return code || !session->table ? code : show_fired(session);
}

static int run_ps(const struct command *command, const struct session *session, char **arguments)
{
	int code = run_report(command, session, arguments);

	return code || !session->table ? code : show_unfollowed(session);
}

/* 0: it has said why not. */
static pid_t ask_pid(const struct command *command, const struct session *session)
{
	cJSON *status = fetch(session, command->path);
	const cJSON *pid = cJSON_GetObjectItem(status, "pid");
	pid_t number = cJSON_IsNumber(pid) && pid->valuedouble > 0 ? pid->valueint : 0;

	if (status && !number)
		fail(EXIT_REFUSED, "%s: the daemon does not tell its pid", session->folder);
	cJSON_Delete(status);
	return number;
}

static int run_stop(const struct command *command, const struct session *session, char **arguments)
{
	pid_t pid;
	int error;

	if (*arguments)
		return refuse_more(command, *arguments, "it takes no argument");
	pid = ask_pid(command, session);
	if (!pid)
		return EXIT_REFUSED;
	error = stop_daemon(pid);
	if (error && error != -ESRCH)
		return fail(EXIT_REFUSED, "%s: the daemon, pid %d, has not ended: %s",
			session->folder, pid, strerror(-error));
	printf("%s: the daemon, pid %d, has ended; no rule is in force\n", session->folder, pid);
	return end_output(EXIT_SUCCESS);
}

static int run_switch(
	const struct command *command, const struct session *session, char **arguments)
{
	if (*arguments)
		return refuse_more(command, *arguments, "it takes no argument");
	return call(command, session, (struct client_request){.method = "POST"}, "");
}

enum body { NO_BODY, EMPTY_BODY, GIVEN_BODY };

static const struct verb {
	const char *name, *method;
	enum body body;
	bool lists_only;
} verbs[] = {
	{"get", "GET", NO_BODY, false},
	{"set", "POST", GIVEN_BODY, false},
	{"add", "PATCH", GIVEN_BODY, true},
	{"remove", "DELETE", GIVEN_BODY, true},
	{"clear", "POST", EMPTY_BODY, false},
};

static const struct verb *find_verb(const struct command *command, const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (name && !strcmp(verbs[i].name, name) && (command->none || !verbs[i].lists_only))
			return &verbs[i];
	return NULL;
}

static int refuse_action(const struct command *command, const char *given)
{
	const char *actions =
		command->none ? "get, set, add, remove or clear" : "get, set or clear";

	if (!given)
		return fail(EXIT_USAGE, "%s: an action is missing; say %s", command->name, actions);
	return fail(EXIT_USAGE, "%s: '%s' is no action; say %s", command->name, given, actions);
}

static int run_configuration(
	const struct command *command, const struct session *session, char **arguments)
{
	const struct verb *verb = find_verb(command, *arguments);
	struct client_request request = {0};
	char *given;
	int code;

	if (!verb)
		return refuse_action(command, *arguments);
	arguments++;
	request.method = verb->method;
	if (verb->body != GIVEN_BODY) {
		if (*arguments)
			return refuse_more(command, *arguments, "this action takes no argument");
		request.body = verb->body == EMPTY_BODY ? command->empty : NULL;
		request.body_size = request.body ? strlen(request.body) : 0;
		return call(command, session, request, "");
	}
	request.body = given = read_input(command, arguments, &request.body_size);
	if (!given)
		return EXIT_USAGE;
	code = call(command, session, request, *arguments && **arguments == '@' ? *arguments : "");
	free(given);
	return code;
}

/* No daemon and no table: no rules. */
static int map_table(const struct session *session, const struct table **table)
{
	const char *path = session->table_path;
	char in_folder[PATH_MAX + 16];
	int error;

	if (!path) {
		snprintf(in_folder, sizeof(in_folder), "%s/" RUNTIME_TABLE, session->folder);
		path = in_folder;
	}
	error = table_file_map(path, table);
	if (!error || (error == -ENOENT && !session->table_path))
		return 0;
	return fail(EXIT_REFUSED, "%s%s: %s", session->table_path ? "--table " : "", path,
		table_file_error(error));
}

static bool has_rules(const struct table *table)
{
	const struct table_slot *slot = table_look(table).slot;

	return slot && table_load(slot->head->rule_count);
}

/* Else it would look as if the rules did not match. */
static void warn_of_no_rules(const struct session *session, const struct table *table)
{
	int error = session->table_path ? 0 : folder_probe(session->folder);

	if (error != -ENOENT && error != -ECONNREFUSED)
		return;
	if (!table)
		fail(0, "warning: no rules: no daemon has been in %s", session->folder);
	else if (!has_rules(table))
		fail(0, "warning: no rules: the daemon in %s has ended", session->folder);
}

static int explain_many(const struct table *table)
{
	long bad = explain_lines(STDIN_FILENO, stdout, table);

	if (bad < 0)
		return fail(EXIT_REFUSED, "%s", strerror((int)-bad));
	return bad ? EXIT_REFUSED : EXIT_SUCCESS;
}

/* Another request, or a body that the head does not announce. */
static void warn_of_rest(struct span raw)
{
	size_t size = explain_request_size(raw);
	struct span rest = span_from(raw, size);

	if (rest.len > strspn(rest.at, "\r\n"))
		fail(0,
			"warning: the request ends after %zu bytes; the %zu behind it are not "
			"looked at",
			size, rest.len);
}

static int explain_stdin(
	const struct command *command, const struct session *session, const struct table *table)
{
	static const char remedy[] = "an HTTP request is expected, as it goes out";
	size_t size;
	char *raw;
	int error;

	if (isatty(STDIN_FILENO))
		return fail(EXIT_USAGE, "%s: stdin is a terminal; %s", command->name, remedy);
	raw = read_stdin(command, remedy, &size);
	if (!raw)
		return EXIT_USAGE;
	warn_of_rest((struct span){raw, size});
	error = explain_write(stdout, session->table ? EXPLAIN_TEXT : EXPLAIN_JSON, table,
		(struct span){raw, size});
	free(raw);
	if (!error && !session->table)
		putchar('\n');
	return error ? fail(EXIT_REFUSED, "stdout: %s", strerror(-error)) : EXIT_SUCCESS;
}

/* That of the daemon, so that its programs and this one give the same names; without one the user's. */
static void choose_model(const struct session *session)
{
	char path[PATH_MAX + 16], reason[MODEL_REASON_MAX] = "";

	snprintf(path, sizeof(path), "%s/" RUNTIME_TABLE, session->folder);
	if (access(path, F_OK) < 0) {
		model_load_chosen(NULL, reason);
	} else {
		snprintf(path, sizeof(path), "%s/" RUNTIME_MODEL, session->folder);
		if (access(path, F_OK) == 0)
			model_load(path, reason);
	}
	if (*reason)
		fail(0, "warning: %s", reason);
}

static int run_explain(
	const struct command *command, const struct session *session, char **arguments)
{
	const struct table *table = NULL;

	if (*arguments)
		return refuse_more(command, *arguments,
			"the request comes from stdin, as in 'chaos-ctl explain < request'");
	if (map_table(session, &table))
		return EXIT_REFUSED;
	choose_model(session);
	warn_of_no_rules(session, table);
	return end_output(
		session->jsonl ? explain_many(table) : explain_stdin(command, session, table));
}

static int refuse_service(const char *name)
{
	struct span nearest = known_nearest_service(name);

	if (nearest.len)
		return fail(EXIT_REFUSED, "no service is called '%s'; did you mean '%.*s'?", name,
			(int)nearest.len, nearest.at);
	return fail(EXIT_REFUSED, "no service is called '%s'; see 'chaos-ctl services'", name);
}

static int run_services(
	const struct command *command, const struct session *session, char **arguments)
{
	if (*arguments && arguments[1])
		return refuse_more(command, arguments[1], "put single quotes around a glob");
	choose_model(session);
	if (!known_services(stdout, *arguments, session->json))
		return end_output(refuse_service(*arguments));
	return end_output(EXIT_SUCCESS);
}

static int run_operations(
	const struct command *command, const struct session *session, char **arguments)
{
	if (!*arguments)
		return fail(EXIT_USAGE, "%s: the name of a service is missing", command->name);
	if (arguments[1])
		return refuse_more(command, arguments[1], "it takes one service");
	choose_model(session);
	if (known_operations(stdout, *arguments, session->json) < 0)
		return refuse_service(*arguments);
	return end_output(EXIT_SUCCESS);
}

static int run_model(const struct command *command, const struct session *session, char **arguments)
{
	struct model_build build = session->build;
	char path[PATH_MAX], said[MODEL_BUILD_REASON];
	int error = build.path ? 0 : runtime_model(path, sizeof(path));

	if (!*arguments || strcmp(*arguments, "build") != 0)
		return fail(EXIT_USAGE, "%s: say 'build'", command->name);
	if (arguments[1])
		return refuse_more(command, arguments[1], "it takes --from and --output");
	if (error)
		return fail(EXIT_REFUSED, "%s: no place for it: %s; give one with --output",
			command->name, strerror(-error));
	if (!build.path)
		build.path = path;
	if (!strcmp(build.path, MODEL_BUILT_IN))
		return fail(EXIT_REFUSED, "%s: '" MODEL_BUILT_IN "' is no file; give --output",
			command->name);
	if (model_build(&build, said))
		return fail(EXIT_REFUSED, "%s: %s", command->name, said);
	printf("%s: %s\n", build.path, said);
	return end_output(EXIT_SUCCESS);
}

static int read_hosts(const struct command *command, const char *list, struct endpoints *hosts)
{
	struct span wrong;
	const char *reason = list ? endpoints_add(hosts, list, &wrong) : NULL;

	return reason ? fail(EXIT_USAGE, "%s: --for: '%.*s' %s", command->name, (int)wrong.len,
				wrong.at, reason)
		      : 0;
}

static int refuse_certificate(const struct session *session, int error)
{
	const char *folder = session->folder;

	if (error == -ENOENT)
		return fail(EXIT_REFUSED,
			"no authority in %s; start a daemon with 'chaos-control --daemon --dir "
			"%s', or name its folder with --dir",
			folder, folder);
	return fail(EXIT_REFUSED, "%s: %s", folder, folder_error(error));
}

static int check_hosts(
	const struct session *session, const char *pem, const struct endpoints *hosts)
{
	struct endpoints missing;
	char list[sizeof(missing.all)] = "";
	size_t len = 0;

	if (authority_missing(pem, hosts, &missing))
		return fail(EXIT_REFUSED,
			"%s/" RUNTIME_CA " is no certificate of an authority; start the daemon "
			"again",
			session->folder);
	for (unsigned i = 0; i < missing.count; i++)
		len += (size_t)snprintf(
			list + len, sizeof(list) - len, "%s%s", i ? "," : "", missing.all[i].host);
	return len ? fail(EXIT_REFUSED,
			     "the authority in %s is not good for %s; start the daemon again with "
			     "'--intercept %s', too",
			     session->folder, list, list)
		   : 0;
}

/* From the file, which outlives a daemon as the rules do. */
static int run_ca(const struct command *command, const struct session *session, char **arguments)
{
	char folder[PATH_MAX], path[PATH_MAX + 16];
	struct endpoints hosts = {.count = 0};
	char *pem;
	size_t size;
	int error, code;

	if (*arguments)
		return refuse_more(command, *arguments, "it takes --path and --for");
	code = read_hosts(command, session->hosts, &hosts);
	if (code)
		return code;
	error = folder_check(session->folder);
	if (error || !realpath(session->folder, folder))
		return refuse_certificate(session, error ?: -errno);
	snprintf(path, sizeof(path), "%s/" RUNTIME_CA, folder);
	pem = file_read(path, &size);
	if (!pem)
		return refuse_certificate(session, -errno);
	code = check_hosts(session, pem, &hosts);
	if (!code)
		printf("%s%s", session->path ? path : pem, session->path ? "\n" : "");
	free(pem);
	return end_output(code);
}

static int read_number(const struct command *command, const char *option, const char *text,
	double least, double most, double *number)
{
	char *end;

	if (!text)
		return 0;
	*number = strtod(text, &end);
	if (end == text || *end || !(*number >= least && *number <= most))
		return fail(EXIT_USAGE, "%s: %s: '%s' is not a number from %.15g to %.15g",
			command->name, option, text, least, most);
	return 0;
}

static int run_watch(const struct command *command, const struct session *session, char **arguments)
{
	double pid = 0, seconds = 1;
	struct watch watch = {.folder = session->folder,
		.patterns = arguments,
		.json = session->json,
		.redact = session->redact,
		.once = session->once};
	bool is_top = strcmp(command->name, "top") == 0;
	char reason[OBSERVE_REASON_MAX];
	int error = folder_probe(session->folder),
	    code = read_number(command, "--pid", session->pid, 1, INT_MAX, &pid)
			   ?: read_number(command, "--interval", session->interval, 0.1, 3600,
				      &seconds);

	if (code)
		return code;
	if (error)
		return explain_error(session, error, "");
	watch.pid = (uint32_t)pid;
	watch.interval_ms = (unsigned)(seconds * 1000);
	error = is_top ? watch_rates(&watch, reason) : watch_calls(&watch, reason);
	return error ? fail(EXIT_REFUSED, "%s: %s", command->name, reason) : EXIT_SUCCESS;
}

/* Rules begin like JSON or like the name of a file; a command does not. */
static int run_scope(const struct command *command, const struct session *session, char **arguments)
{
	bool has_rules = *arguments && **arguments && strchr("{[@", **arguments);
	struct scope scope = {.folder = session->folder, .command = arguments + has_rules};
	struct scope_failure failure;
	char *rules = NULL;
	int code;

	if (!*scope.command)
		return fail(EXIT_USAGE, "scope: a command is missing; as in: chaos-ctl scope "
					"'[{\"service\": \"s3\"}]' -- chaos-run pytest");
	if (has_rules) {
		rules = read_argument(command, *arguments, &scope.size);
		if (!rules)
			return EXIT_USAGE;
	}
	scope.rules = rules;
	code = scope_run(&scope, &failure);
	free(rules);
	if (code >= 0)
		return code;
	if (failure.status)
		return fail(EXIT_REFUSED, "scope: %s", failure.reason);
	return explain_error(session, code, failure.reason);
}

static int print_version(void)
{
	char reason[MODEL_REASON_MAX];

	model_load_chosen(NULL, reason);
	if (*reason)
		fail(0, "warning: %s", reason);
	printf("chaos-ctl " CHAOS_VERSION " (AWS model of botocore %s)\n", aws_model_version());
	return end_output(EXIT_SUCCESS);
}

static const struct command commands[] = {
	{"faults", run_configuration, "/_localstack/chaos/faults", "no fault rules", "[]", NULL},
	{"outages", run_configuration, "/outages", "no outages", "[]", NULL},
	{"effects", run_configuration, "/_localstack/chaos/effects", NULL, "{\"latency\":0}", NULL},
	{"status", run_status, "/_chaos/status", NULL, NULL, fired_leave_out},
	{"ps", run_ps, "/_chaos/processes", "no processes", NULL, processes_arrange},
	{"watch", run_watch, NULL, NULL, NULL, NULL},
	{"top", run_watch, NULL, NULL, NULL, NULL},
	{"scope", run_scope, NULL, NULL, NULL, NULL},
	{"pause", run_switch, "/_chaos/pause", NULL, NULL, NULL},
	{"resume", run_switch, "/_chaos/resume", NULL, NULL, NULL},
	{"stop", run_stop, "/_chaos/status", NULL, NULL, NULL},
	{"ca", run_ca, NULL, NULL, NULL, NULL},
	{"explain", run_explain, NULL, NULL, NULL, NULL},
	{"services", run_services, NULL, NULL, NULL, NULL},
	{"operations", run_operations, NULL, NULL, NULL, NULL},
	{"model", run_model, NULL, NULL, NULL, NULL},
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int refuse_command(const char *given)
{
	char names[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		len += (size_t)snprintf(
			names + len, sizeof(names) - len, "%s%s", i ? ", " : "", commands[i].name);
	if (!given)
		return fail(EXIT_USAGE,
			"no command is given; commands are %s (see chaos-ctl --help)", names);
	return fail(EXIT_USAGE, "'%s' is no command; commands are %s", given, names);
}

static int choose_folder(struct session *session, const char *given)
{
	int error;

	if (!given)
		error = runtime_folder(session->folder, sizeof(session->folder));
	else if (strlen(given) >= sizeof(session->folder))
		error = -ENAMETOOLONG;
	else
		error = 0, strcpy(session->folder, given);
	return error ? fail(EXIT_REFUSED, "the runtime folder: %s", folder_error(error)) : 0;
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{"dir", required_argument, NULL, 'd'},
		{"json", no_argument, NULL, 'j'},
		{"jsonl", no_argument, NULL, 'l'},
		{"table", required_argument, NULL, 't'},
		{"from", required_argument, NULL, 'f'},
		{"output", required_argument, NULL, 'o'},
		{"path", no_argument, NULL, 'p'},
		{"for", required_argument, NULL, 'F'},
		{"pid", required_argument, NULL, 'P'},
		{"interval", required_argument, NULL, 'i'},
		{"redact", no_argument, NULL, 'r'},
		{"once", no_argument, NULL, 'O'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	struct session session = {.table = isatty(STDOUT_FILENO)};
	const struct command *command;
	const char *folder = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "d:o:", known, NULL)) != -1) {
		switch (option) {
		case 'd':
			if (!*optarg)
				return fail(
					EXIT_USAGE, "--dir is empty; give the path of a folder");
			folder = optarg;
			break;
		case 'j':
			session.table = false;
			session.json = true;
			break;
		case 'l':
			session.jsonl = true;
			break;
		case 't':
			session.table_path = optarg;
			break;
		case 'f':
			session.build.from = optarg;
			break;
		case 'o':
			session.build.path = optarg;
			break;
		case 'p':
			session.path = true;
			break;
		case 'F':
			session.hosts = optarg;
			break;
		case 'P':
			session.pid = optarg;
			break;
		case 'i':
			session.interval = optarg;
			break;
		case 'r':
			session.redact = true;
			break;
		case 'O':
			session.once = true;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_SUCCESS;
		case 'V':
			return print_version();
		default: /* getopt_long has said what is wrong */
			fputs("Try 'chaos-ctl --help'.\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return refuse_command(NULL);
	command = find_command(argv[optind]);
	if (!command)
		return refuse_command(argv[optind]);
	if (command->run != run_explain && (session.jsonl || session.table_path))
		return fail(EXIT_USAGE, "--jsonl and --table are for explain alone");
	if (command->run != run_model && (session.build.from || session.build.path))
		return fail(EXIT_USAGE, "--from and --output are for model alone");
	if (command->run != run_ca && (session.path || session.hosts))
		return fail(EXIT_USAGE, "--path and --for are for ca alone");
	if (command->run != run_watch &&
		(session.pid || session.interval || session.redact || session.once))
		return fail(EXIT_USAGE,
			"--pid, --interval, --redact and --once are for watch and top alone");
	if (choose_folder(&session, folder))
		return EXIT_REFUSED;
	return command->run(command, &session, argv + optind + 1);
}
