/* SPDX-License-Identifier: Apache-2.0 */

/* chaos-control: the daemon that holds the rules. */

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model.h"
#include "serve.h"
#include "shim/engine/aws/model.h"

struct options {
	struct serve_options serve;
	bool background, check;
};

static void print_version(FILE *out, __attribute__((unused)) struct argp_state *state)
{
	char reason[MODEL_REASON_MAX];

	model_load_chosen(NULL, reason);
	if (*reason)
		fprintf(stderr, "chaos-control: %s\n", reason);
	fprintf(out, "chaos-control " CHAOS_VERSION " (AWS model of botocore %s)\n",
		aws_model_version());
}

static const struct argp_option option_table[] = {
	{"dir", 'd', "DIR", 0,
		"The runtime folder (else $CHAOS_DIR, $XDG_RUNTIME_DIR/chaos or /tmp/chaos-UID)",
		0},
	{"listen", 'l', "ADDRESS:PORT", 0,
		"Listen on a loopback address as well, such as 127.0.0.1:4566; port 0 takes a free "
		"one",
		0},
	{"state", 's', "FILE", 0, "Keep the configuration there (else state.json in the folder)",
		0},
	{"daemon", 'D', NULL, 0, "Go to the background; the command ends when the socket answers",
		0},
	{"model", 'm', "FILE", 0,
		"Recognise calls by this model, made by 'chaos-ctl model build', or by the one "
		"that is built-in (else $CHAOS_MODEL, or ~/.local/share/chaos-run/model)",
		0},
	{"faults", 'f', "JSON|@FILE", 0, "Start with these fault rules instead of the saved ones",
		0},
	{"outages", 'o', "JSON|@FILE", 0, "Start with these outage rules instead of the saved ones",
		0},
	{"latency", 'L', "MS", 0, "Start with this latency instead of the saved one", 0},
	{"intercept", 'i', "HOST[,HOST]", 0,
		"Make the authority good for these hosts, too, with those below them (besides AWS, "
		"localhost, and what $AWS_ENDPOINT_URL and $CHAOS_INTERCEPT name); may be given "
		"again",
		0},
	{"observe", 'O', NULL, 0,
		"Have programs tell of every call from the beginning, not just while somebody "
		"reads events or counts",
		0},
	{"check", 'c', NULL, 0,
		"Say what is wrong with these fault rules, outage rules and latency; "
		"start nothing",
		0},
	{"private", 'p', "PID", 0,
		"Serve this process and those it starts: save nothing, end with the last of them, "
		"and "
		"remove the folder",
		0},
	{0},
};

/* Files are read at once: one of them may be a descriptor that the background does not keep. */
static void read_list(struct initial_list *list, const char *option, const char *argument,
	struct argp_state *state)
{
	struct refusal why = {0};
	char text[REFUSAL_TEXT_MAX];

	if (!initial_read(list, option, argument, &why))
		return;
	refusal_text(&why, text, sizeof(text));
	argp_failure(state, 1, 0, "%s", text);
}

static void read_environment(struct endpoints *hosts)
{
	struct span wrong;
	const char *reason = endpoints_read(hosts, environ, &wrong);

	if (!reason)
		return;
	fprintf(stderr, "chaos-control: CHAOS_INTERCEPT: '%.*s' %s\n", (int)wrong.len, wrong.at,
		reason);
	exit(EXIT_FAILURE);
}

static void read_hosts(struct endpoints *hosts, const char *list, struct argp_state *state)
{
	struct span wrong;
	const char *reason = endpoints_add(hosts, list, &wrong);

	if (reason)
		argp_failure(
			state, 1, 0, "--intercept: '%.*s' %s", (int)wrong.len, wrong.at, reason);
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;
	char *rest;
	long pid;

	switch (key) {
	case 'd':
		options->serve.dir = text;
		return 0;
	case 'l':
		options->serve.listen = text;
		return 0;
	case 's':
		options->serve.state = text;
		return 0;
	case 'D':
		options->background = true;
		return 0;
	case 'm':
		if (!*text)
			argp_error(state, "--model is empty; give the path of a file");
		options->serve.model = text;
		return 0;
	case 'f':
		read_list(&options->serve.initial.faults, "--faults", text, state);
		return 0;
	case 'o':
		read_list(&options->serve.initial.outages, "--outages", text, state);
		return 0;
	case 'L':
		options->serve.initial.latency = text;
		return 0;
	case 'i':
		read_hosts(&options->serve.intercept, text, state);
		return 0;
	case 'O':
		options->serve.observe = true;
		return 0;
	case 'c':
		options->check = true;
		return 0;
	case 'p':
		pid = strtol(text, &rest, 10);
		if (!*text || *rest || pid < 1 || pid > INT32_MAX)
			argp_error(state, "--private: '%s' is no process id", text);
		options->serve.owner = (pid_t)pid;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is too much; there are options alone", text);
		return 0;
	case ARGP_KEY_END:
		if (options->serve.owner && options->serve.state)
			argp_error(state, "--private saves nothing: leave --state out");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = option_table,
	.parser = parse_option,
	.doc = "Holds the rules by which chaos-run fails and delays calls to AWS, and serves the "
	       "Chaos API on control.sock in the runtime folder.",
};

/* One that is closed would else be the number of a file or pipe of ours, until leave() takes it. */
static void open_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void stay(__attribute__((unused)) void *context)
{
}

/* The starter waits for a byte; before it is sent, stderr is still the starter's. */
static void leave(void *context)
{
	const int *starter = context;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || chdir("/") < 0)
		perror("chaos-control");
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	close(null);
	if (write(*starter, "", 1) == 1)
		close(*starter);
}

/* Returns the starter's exit code. Without a byte the daemon has ended, and has said why. */
static int wait_until_ready(int ready, pid_t child)
{
	int status = 0;
	char byte;
	ssize_t got;

	do
		got = read(ready, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got == 1)
		return EXIT_SUCCESS;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILURE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

static int serve_in_background(const struct serve_options *options)
{
	int ends[2];
	pid_t child;

	/* Whoever waits for the end of a pipe that the starter has inherited does not wait for the
	 * daemon. */
	close_range(STDERR_FILENO + 1, ~0u, 0);
	if (pipe2(ends, O_CLOEXEC) < 0 || (child = fork()) < 0) {
		perror("chaos-control: cannot go to the background");
		return 1;
	}
	if (child > 0) {
		close(ends[1]);
		return wait_until_ready(ends[0], child);
	}
	close(ends[0]);
	setsid();
	return serve(options, leave, &ends[1]);
}

static int run(const struct options *options)
{
	if (options->check)
		return serve_check(&options->serve);
	if (options->background)
		return serve_in_background(&options->serve);
	return serve(&options->serve, stay, NULL);
}

int main(int argc, char **argv)
{
	struct options options = {0};
	int code;

	open_standard_descriptors();
	argp_program_version_hook = print_version;
	argp_err_exit_status = 1;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	read_environment(&options.serve.intercept);
	/* In the foreground the line is one of a log. */
	options.serve.out = options.background ? stdout : stderr;
	code = run(&options);
	initial_free(&options.serve.initial);
	return code;
}
