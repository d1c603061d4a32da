/* SPDX-License-Identifier: Apache-2.0 */

/* Runs a command with the library preloaded and a daemon at hand. */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "aws_config.h"
#include "control/check.h"
#include "control/folder.h"
#include "control/leftovers.h"
#include "control/model.h"
#include "doctor.h"
#include "folder.h"
#include "own.h"
#include "reporter.h"
#include "shim/base/span.h"
#include "shim/engine/aws/model.h"
#include "shim/engine/endpoints.h"
#include "shim/memory/journal.h"
#include "shim/memory/runtime.h"
#include "shim/memory/table.h"
#include "shim/program/binary.h"
#include "silence.h"
#include "supervise.h"
#include "table_file.h"
#include "waited.h"

/* As of env(1). */
enum { EXIT_OWN = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

struct options {
	const char *faults, *outages, *latency; /* NULL: not given */
	const char *folder;
	char *intercept;  /* a list of hosts; NULL: none */
	char *configured; /* the same, of the SDKs' configuration */
	bool verbose, strict, no_bridge, no_follow;
	bool doctor;	 /* it is only to be told how the command would be run */
	bool supervised; /* the command makes its own system calls */
	bool no_report;
	struct reporter reporter;
	char **command;
};

static const char help[] =
	"Usage: chaos-run [OPTION]... [--] COMMAND [ARGUMENT]...\n"
	"       chaos-run [OPTION]... doctor COMMAND [ARGUMENT]...\n"
	"Run COMMAND so that its calls to AWS meet the outages of a chaos daemon: the one of the\n"
	"runtime folder if it answers there, else a private one that ends with the command.\n"
	"\n"
	"With `doctor`, say how the calls of COMMAND would be looked at, and what stands in the "
	"way;\n"
	"exit with 1 if something does. (`chaos-run -- doctor` runs a program of that name.)\n"
	"\n"
	"  -f, --faults JSON|@FILE   fault rules, as of POST /_localstack/chaos/faults\n"
	"  -o, --outages JSON|@FILE  outage rules, as of POST /outages\n"
	"  -l, --latency MS          milliseconds that are added to every call\n"
	"                            (each of these asks for a private daemon, unless -d is "
	"given)\n"
	"  -d, --dir DIR             use the daemon of this runtime folder, or start one there\n"
	"  -i, --intercept HOST[:PORT][,...]\n"
	"                            take these hosts for AWS, too, with those below them; may be\n"
	"                            given again (besides those of AWS_ENDPOINT_URL and of\n"
	"                            endpoint_url in AWS_CONFIG_FILE)\n"
	"      --no-bridge           leave TLS alone that is built into a program: it gets no "
	"faults\n"
	"  -s, --strict              exit with 125 if a call to AWS may have gone unseen: there "
	"was a\n"
	"                            connection that could not be looked into, a program that\n"
	"                            cannot be followed (it is setuid, of another C library ...),\n"
	"                            one that could not be given the rules, or no call at all\n"
	"                            beside TLS that was not looked into\n"
	"      --no-follow           leave children alone whose environment COMMAND clears or\n"
	"                            replaces: else they are given LD_PRELOAD and CHAOS_DIR again\n"
	"      --report[=FORM]       say at the end which calls were made, what they met and how "
	"they\n"
	"                            ended: on stderr, or as json FILE, junit FILE or html FILE\n"
	"                            (also =json:FILE; - is stdout); may be given again\n"
	"      --no-report           no report: else there is one with -f, -o or -l on a terminal\n"
	"      --trace               say each attempt of a call on stderr as it ends\n"
	"      --expect EXPRESSION   exit with 124 if the run does not show it; may be given "
	"again:\n"
	"                            'dynamodb.PutItem: faults >= 3', 's3.*: attempts <= 4',\n"
	"                            'rule:NAME: taken == planned', 'lambda.Invoke: p99 < 2s',\n"
	"                            'calls failed == 0'\n"
	"      --expect-file FILE    the same for each line of FILE\n"
	"      --fail-on-unmatched   exit with 124 if a rule has not fired\n"
	"      --fail-on-untaken     exit with 124 if an injected answer was not read to its end\n"
	"      --retry-audit         say how calls were tried again, and what is wrong with that\n"
	"      --baseline FILE       compare with another run, which --report=json has written\n"
	"      --lint                say what is asked too often or not brought to an end\n"
	"      --iam-policy FILE     write the least policy that the run needed; - is stdout\n"
	"      --redact              show hashes in place of the names of resources\n"
	"  -v, --verbose             say on stderr what is done\n"
	"      --help, --version\n"
	"\n"
	"The rules can be changed while COMMAND runs: CHAOS_DIR, in its environment, names the\n"
	"folder of the daemon for chaos-ctl, and for curl --unix-socket $CHAOS_DIR/control.sock.\n"
	"CHAOS_PORTS=PORT[,PORT]... names more ports to look at where COMMAND is written in Go\n"
	"or statically linked; 80, 443, 4566, 5000, 9000 and those of AWS_ENDPOINT_URL are.\n"
	"\n"
	"Exit status: COMMAND's own, or 124 when an expectation is missed, 125 when chaos-run "
	"fails\n"
	"or --strict says so, 126 when COMMAND cannot be executed, 127 when it is not found.\n";

static void vsay(const char *format, va_list arguments)
{
	fputs("chaos-run: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

__attribute__((noreturn, format(printf, 2, 3))) static void die(int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsay(format, arguments);
	va_end(arguments);
	exit(code);
}

__attribute__((format(printf, 2, 3))) static void explain(
	const struct options *options, const char *format, ...)
{
	va_list arguments;

	if (!options->verbose)
		return;
	va_start(arguments, format);
	vsay(format, arguments);
	va_end(arguments);
}

/* Says what the user may not have meant. */
__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
	const char *quiet = getenv("CHAOS_QUIET");
	va_list arguments;

	if (quiet && *quiet && strcmp(quiet, "0"))
		return;
	va_start(arguments, format);
	vsay(format, arguments);
	va_end(arguments);
}

/* The folder was named. */
static void tell_of_absence(const char *folder, int error, bool has_saved)
{
	tell("%s: %s; starting a private one %s", folder, folder_error(error),
		has_saved ? "with the rules that are saved there" : "without rules");
}

static bool has_rules(const struct options *options)
{
	return options->faults || options->outages || options->latency;
}

static void check_latency(const char *text)
{
	if (!*text || text[strspn(text, "0123456789")] || strtoul(text, NULL, 10) > LATENCY_MAX_MS)
		die(EXIT_OWN,
			"--latency: '%s' is not a number of milliseconds from 0 to %d (an hour)",
			text, LATENCY_MAX_MS);
}

/* An option whose JSON was forgotten has taken the command in its place. */
static void check_taken(const char *option, const char *taken)
{
	if (taken && !strchr("[{@", *taken))
		die(EXIT_OWN, "no command is given: %s takes JSON or @FILE, and has taken '%s'",
			option, taken);
}

__attribute__((noreturn)) static void refuse_no_command(const struct options *options)
{
	check_taken("--faults", options->faults);
	check_taken("--outages", options->outages);
	die(EXIT_OWN, "no command is given (see chaos-run --help)");
}

/* Returns the lists as one. What is no host is refused, and told of as what `option` says. */
static char *join_hosts(const char *option, char *list, const char *more)
{
	struct endpoints hosts = {.count = 0};
	struct span wrong;
	const char *reason;
	char *joined;

	if (asprintf(&joined, "%s%s%s", list ?: "", list ? "," : "", more) < 0)
		die(EXIT_OWN, "%s", strerror(ENOMEM));
	free(list);
	reason = endpoints_add(&hosts, joined, &wrong);
	if (reason)
		die(EXIT_OWN, "%s: '%.*s' %s", option, (int)wrong.len, wrong.at, reason);
	return joined;
}

/* The model is the one that a daemon of its own would take. */
static void print_version(void)
{
	char reason[MODEL_REASON_MAX];

	model_load_chosen(NULL, reason);
	if (*reason)
		fprintf(stderr, "chaos-run: %s\n", reason);
	printf("chaos-run " CHAOS_VERSION " (AWS model of botocore %s)\n", aws_model_version());
}

/* What the library of the command, and maybe a chaos-run around this one, would take from there. */
static void take_environment(struct options *options)
{
	const char *hosts = getenv("CHAOS_INTERCEPT"), *bridge = getenv("CHAOS_BRIDGE");
	const char *ports = getenv("CHAOS_PORTS"), *reason;
	struct span wrong;

	if (hosts && *hosts)
		options->intercept = join_hosts("CHAOS_INTERCEPT", options->intercept, hosts);
	if (bridge && strcmp(bridge, "0") == 0)
		options->no_bridge = true;
	options->configured = aws_config_hosts(false);
	reason = ports ? endpoints_check_ports(ports, &wrong) : NULL;
	if (reason)
		die(EXIT_OWN, "CHAOS_PORTS: '%.*s' %s", (int)wrong.len, wrong.at, reason);
}

enum report_option {
	REPORT = 256,
	NO_REPORT,
	TRACE,
	EXPECT,
	EXPECT_FILE,
	UNMATCHED,
	UNTAKEN,
	RETRY_AUDIT,
	BASELINE,
	LINT,
	IAM_POLICY,
	REDACT
};

static void add_word(struct options *options, const char *word)
{
	if (!reporter_add(&options->reporter, word))
		die(EXIT_OWN, "too many options for a report");
}

static void want_report(struct options *options, const char *option, const char *value)
{
	options->reporter.is_wanted = true;
	options->reporter.is_binding = true;
	add_word(options, option);
	if (value)
		add_word(options, value);
}

/* --report=json FILE: the file is the next argument. */
static void take_report(struct options *options, int argc, char **argv)
{
	char *form;

	if (!optarg || strchr(optarg, ':') || strcmp(optarg, "text") == 0) {
		want_report(options, "--report", optarg ?: "text");
		return;
	}
	if (optind == argc || strcmp(argv[optind], "--") == 0)
		die(EXIT_OWN,
			"--report=%s: a file is missing; say --report=%s:FILE, or - for stdout",
			optarg, optarg);
	if (asprintf(&form, "%s:%s", optarg, argv[optind++]) < 0)
		die(EXIT_OWN, "%s", strerror(ENOMEM));
	want_report(options, "--report", form);
}

static void take_report_option(struct options *options, int option, int argc, char **argv)
{
	switch (option) {
	case REPORT:
		take_report(options, argc, argv);
		break;
	case NO_REPORT:
		options->no_report = true;
		break;
	case TRACE:
		want_report(options, "--trace", NULL);
		break;
	case EXPECT:
		want_report(options, "--expect", optarg);
		break;
	case EXPECT_FILE:
		want_report(options, "--expect-file", optarg);
		break;
	case UNMATCHED:
		want_report(options, "--fail-on-unmatched", NULL);
		break;
	case UNTAKEN:
		want_report(options, "--fail-on-untaken", NULL);
		break;
	case RETRY_AUDIT:
		want_report(options, "--retry-audit", NULL);
		break;
	case BASELINE:
		want_report(options, "--baseline", optarg);
		break;
	case LINT:
		want_report(options, "--lint", NULL);
		break;
	case IAM_POLICY:
		want_report(options, "--iam-policy", optarg);
		break;
	default:
		add_word(options, "--redact");
	}
}

/* Whoever makes faults by hand wants to see what came of them. */
static void choose_report(struct options *options)
{
	bool asks = false;

	for (int i = 0; i < options->reporter.count; i++)
		asks |= options->reporter.words[i] &&
			strcmp(options->reporter.words[i], "--report") == 0;
	if (options->no_report && asks)
		die(EXIT_OWN, "--report and --no-report contradict each other");
	if (asks || options->no_report || !has_rules(options) || !isatty(STDERR_FILENO))
		return;
	options->reporter.is_wanted = true;
	add_word(options, "--report");
	add_word(options, "text");
}

static struct options parse(int argc, char **argv)
{
	static const struct option known[] = {
		{"faults", required_argument, NULL, 'f'},
		{"outages", required_argument, NULL, 'o'},
		{"latency", required_argument, NULL, 'l'},
		{"dir", required_argument, NULL, 'd'},
		{"intercept", required_argument, NULL, 'i'},
		{"no-bridge", no_argument, NULL, 'B'},
		{"strict", no_argument, NULL, 's'},
		{"no-follow", no_argument, NULL, 'n'},
		{"report", optional_argument, NULL, REPORT},
		{"no-report", no_argument, NULL, NO_REPORT},
		{"trace", no_argument, NULL, TRACE},
		{"expect", required_argument, NULL, EXPECT},
		{"expect-file", required_argument, NULL, EXPECT_FILE},
		{"fail-on-unmatched", no_argument, NULL, UNMATCHED},
		{"fail-on-untaken", no_argument, NULL, UNTAKEN},
		{"retry-audit", no_argument, NULL, RETRY_AUDIT},
		{"baseline", required_argument, NULL, BASELINE},
		{"lint", no_argument, NULL, LINT},
		{"iam-policy", required_argument, NULL, IAM_POLICY},
		{"redact", no_argument, NULL, REDACT},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	/* The program's own name, as it finds it. */
	struct options options = {.reporter = {.words = {REPORTER_PROGRAM}, .count = 1}};
	int option;

	/* '+': the options end where the command begins. */
	while ((option = getopt_long(argc, argv, "+f:o:l:d:i:sv", known, NULL)) != -1) {
		switch (option) {
		case 'f':
			options.faults = optarg;
			break;
		case 'o':
			options.outages = optarg;
			break;
		case 'l':
			check_latency(optarg);
			options.latency = optarg;
			break;
		case 'd':
			if (!*optarg)
				die(EXIT_OWN, "--dir is empty; give the path of a folder");
			options.folder = optarg;
			break;
		case 'i':
			options.intercept = join_hosts("--intercept", options.intercept, optarg);
			break;
		case 'B':
			options.no_bridge = true;
			break;
		case 's':
			options.strict = true;
			break;
		case 'n':
			options.no_follow = true;
			break;
		case 'v':
			options.verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(EXIT_SUCCESS);
		case 'V':
			print_version();
			exit(EXIT_SUCCESS);
		case REPORT ... REDACT:
			take_report_option(&options, option, argc, argv);
			break;
		default: /* getopt_long has said what is wrong */
			fputs("Try 'chaos-run --help'.\n", stderr);
			exit(EXIT_OWN);
		}
	}
	if (optind < argc && strcmp(argv[optind], "doctor") == 0 &&
		strcmp(argv[optind - 1], "--") != 0) {
		options.doctor = true;
		optind++;
	}
	if (optind == argc)
		refuse_no_command(&options);
	options.command = argv + optind;
	choose_report(&options);
	take_environment(&options);
	return options;
}

/* ---- the command ---- */

/* A `#!` line may end in a carriage return, which would hide what stands before it. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

/* The form of a report is taken for the command where a blank stands before it. */
static const char *find_form(const char *command)
{
	static const char *const remedies[][2] = {
		{"json", "for a report in that form, say --report=json FILE"},
		{"junit", "for a report in that form, say --report=junit FILE"},
		{"html", "for a report in that form, say --report=html FILE"},
		{"text", "for a report as text, say --report or --report=text"},
	};

	for (size_t i = 0; i < sizeof(remedies) / sizeof(*remedies); i++)
		if (strcmp(command, remedies[i][0]) == 0)
			return remedies[i][1];
	return NULL;
}

/* What may be done about it, or NULL. */
static const char *find_remedy(const char *command, const struct binary *found)
{
	struct stat info;

	if (found->obstacle == BINARY_NOT_FOUND && strchr(command, '=') && !strchr(command, '/'))
		return "to set a variable, put env before it";
	if (found->obstacle == BINARY_NOT_FOUND && find_form(command))
		return find_form(command);
	if (found->obstacle == BINARY_NOT_EXECUTABLE && stat(found->path, &info) == 0 &&
		S_ISREG(info.st_mode) && !(info.st_mode & 0111))
		return "chmod +x may help";
	return binary_remedy(found->obstacle);
}

__attribute__((noreturn)) static void refuse_command(
	const char *command, struct binary *found, const char *besides)
{
	const char *remedy = find_remedy(command, found);
	int code = EXIT_OWN;

	if (found->obstacle == BINARY_NOT_FOUND)
		code = EXIT_NOT_FOUND;
	if (found->obstacle == BINARY_NOT_EXECUTABLE)
		code = EXIT_NOT_EXECUTABLE;
	make_printable(found->path);
	die(code, "cannot run %s: %s %s%s%s%s%s", command,
		strcmp(found->path, command) ? found->path : "it", binary_reason(found->obstacle),
		besides ? ", and " : "", besides ? besides : "", remedy ? "; " : "",
		remedy ? remedy : "");
}

static void check_command(struct options *options)
{
	const char *command = options->command[0], *obstacle;
	char path[PATH_MAX];
	struct binary found = {.path = path, .folder = AT_FDCWD, .cap = sizeof(path)};

	binary_look(command, getenv("PATH"), BINARY_SOUGHT | BINARY_THROUGH_ENV, &found);
	if (!found.obstacle) {
		explain(options, "%s is run by %s, which can be reached", command, found.path);
		return;
	}
	if (!binary_can_be_supervised(found.obstacle))
		refuse_command(command, &found, NULL);
	obstacle = supervise_obstacle();
	if (obstacle && (found.obstacle != BINARY_GO || options->strict))
		refuse_command(command, &found, obstacle);
	if (obstacle) {
		tell("%s %s, and %s: it gets no faults", command, binary_reason(found.obstacle),
			obstacle);
		return;
	}
	explain(options, "%s is run by %s, which makes its own system calls: they are supervised",
		command, found.path);
	options->supervised = true;
}

/* ---- our own files ---- */

static void find_library(char path[PATH_MAX])
{
	static const char *const places[] = OWN_LIBRARY_PLACES;

	if (!own_find(OWN_LIBRARY, places, path))
		die(EXIT_OWN, OWN_LIBRARY
			" is neither beside chaos-run nor in its lib/chaos-run; build or "
			"install it anew");
	if (strpbrk(path, ": "))
		die(EXIT_OWN,
			"LD_PRELOAD cannot hold '%s', for its ':' or space; install chaos-run "
			"elsewhere",
			path);
}

/* ---- the daemon ---- */

static void take_prefix(struct span *line, struct span prefix)
{
	if (span_starts(*line, prefix))
		*line = span_from(*line, prefix.len);
}

/* Says the lines of another program of ours as our own: the options that they name are ours, too. */
static void repeat(const char *said, const char *kind)
{
	while (said && *said) {
		struct span line = {said, strcspn(said, "\n")};

		said += line.len + (said[line.len] == '\n');
		take_prefix(&line, SPAN("chaos-control: "));
		take_prefix(&line, SPAN("chaos-ctl: "));
		take_prefix(&line, span_of(kind));
		fprintf(stderr, "chaos-run: %s%.*s\n", kind, (int)line.len, line.at);
	}
}

/* Of a program that has done what it was to do. */
static void repeat_warnings(char *said)
{
	repeat(said, "warning: ");
	free(said);
}

/* Ends with the reason that a program of ours has given, or else with this one. */
__attribute__((noreturn, format(printf, 2, 3))) static void die_of(
	const char *said, const char *format, ...)
{
	va_list arguments;

	repeat(said, "");
	va_start(arguments, format);
	if (!said || !*said)
		vsay(format, arguments);
	va_end(arguments);
	exit(EXIT_OWN);
}

/* Runs chaos-control with the arguments, which have room for those about the rules. */
static int run_control(const struct options *options, const char **argv, size_t count, char **said)
{
	const char *const given[][2] = {
		{"--faults", options->faults},
		{"--outages", options->outages},
		{"--latency", options->latency},
		{"--intercept", options->intercept},
		{"--intercept", options->configured},
	};

	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
		if (!given[i][1])
			continue;
		argv[count++] = given[i][0];
		argv[count++] = given[i][1];
	}
	argv[count] = NULL;
	return own_run(argv, said);
}

/* Returns the daemon's exit code: 0, it runs. */
static int start_daemon(const struct options *options, const char *folder, char **said)
{
	char path[PATH_MAX], pid[16];
	const char *argv[16] = {
		own_program("chaos-control", path), "--daemon", "--private", pid, "--dir", folder};

	snprintf(pid, sizeof(pid), "%d", getpid());
	explain(options, "starting a private daemon (%s) in %s", argv[0], folder);
	return run_control(options, argv, 6, said);
}

/* All is looked at before the daemon takes any of it. */
static void check_rules(const struct options *options)
{
	char path[PATH_MAX], *said;
	const char *argv[16] = {own_program("chaos-control", path), "--check"};

	if (run_control(options, argv, 2, &said))
		die_of(said, "chaos-control --check failed");
	repeat_warnings(said);
}

static void set(const char *folder, const char *what, const char *value)
{
	char path[PATH_MAX], *said;
	const char *argv[] = {own_program("chaos-ctl", path), "--dir", folder, "--json", what,
		"set", value, NULL};

	if (own_run(argv, &said)) {
		repeat(said, "");
		die(EXIT_OWN, "the daemon in %s did not take the %s", folder, what);
	}
	free(said);
}

/* A running daemon is given what has been checked: the file is read twice. */
static void need_file(const char *option, const char *argument)
{
	struct stat info;

	if (argument && *argument == '@' && stat(argument + 1, &info) == 0 &&
		!S_ISREG(info.st_mode))
		die(EXIT_OWN, "%s %s: is no regular file; write the rules to one", option,
			argument);
}

static void configure(const struct options *options, const char *folder)
{
	char latency[64];

	need_file("--faults", options->faults);
	need_file("--outages", options->outages);
	if (has_rules(options))
		check_rules(options);
	if (options->faults)
		set(folder, "faults", options->faults);
	if (options->outages)
		set(folder, "outages", options->outages);
	if (!options->latency)
		return;
	snprintf(latency, sizeof(latency), "latency=%s", options->latency);
	set(folder, "effects", latency);
}

/* The authority of a daemon that is there was made before these hosts were named. */
static void check_authority(const char *hosts, const char *folder)
{
	char path[PATH_MAX], *said;
	const char *argv[] = {own_program("chaos-ctl", path), "--dir", folder, "ca", "--path",
		"--for", hosts, NULL};

	if (own_run(argv, &said))
		repeat(said, "warning: ");
	free(said);
}

/* The hosts whose TLS may have to be bridged; NULL: none. The caller frees it. */
static char *secure_hosts(const struct options *options)
{
	char *list = options->intercept ? strdup(options->intercept) : NULL;
	char *configured = aws_config_hosts(true);
	struct endpoints named = {.count = 0};
	struct span wrong;

	if (configured)
		list = join_hosts("AWS_CONFIG_FILE", list, configured);
	free(configured);
	for (char **entry = environ; *entry; entry++) {
		char *const one[] = {*entry, NULL};
		const char *url = strchr(*entry, '=');

		if (url && strncasecmp(url + 1, "https:", 6) == 0 &&
			strncmp(*entry, "CHAOS_", 6) != 0)
			endpoints_read(&named, one, &wrong);
	}
	for (unsigned i = 0; i < named.count; i++) {
		char *more;

		if (asprintf(&more, "%s%s%s", list ?: "", list ? "," : "", named.all[i].host) < 0)
			break;
		free(list);
		list = more;
	}
	return list;
}

static void join(const struct options *options, const char *folder)
{
	char *hosts = secure_hosts(options);

	explain(options, "joining the daemon in %s", folder);
	if (hosts && !options->no_bridge)
		check_authority(hosts, folder);
	free(hosts);
}

/* It is not seen by the calls: they only go through. */
static void tell_of_pause(const char *folder)
{
	char path[PATH_MAX + 16];
	const struct table *table = NULL;
	struct table_view view;

	snprintf(path, sizeof(path), "%s/" RUNTIME_TABLE, folder);
	if (table_file_map(path, &table) || !table)
		return;
	view = table_look(table);
	if (view.slot && table_load(view.slot->head->flags) & TABLE_PAUSED)
		tell("%s: the rules are paused, and none is tried; "
		     "'chaos-ctl --dir %s resume' ends that",
			folder, folder);
	table_unmap((struct table *)table);
}

static bool has_parent(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	return access(dirname(copy), F_OK) == 0;
}

/* Makes the folder if it is not there. Has it? */
static bool open_folder(const char *given, char folder[PATH_MAX])
{
	int error = mkdir(given, 0700) < 0 ? errno : 0;

	if (error && error != EEXIST)
		die(EXIT_OWN, "--dir: cannot make the folder %s: %s%s", given, strerror(error),
			error == ENOENT && !has_parent(given) ? "; make its parent first" : "");
	if (!realpath(given, folder))
		die(EXIT_OWN, "--dir: %s: %s", given, strerror(errno));
	return !error;
}

static bool is_absent(int error)
{
	return error == -ENOENT || error == -ECONNREFUSED;
}

/* Starts a daemon in the folder, unless another chaos-run is quicker, or has one that is just ending.
 * Returns 0 if it is ours, else what folder_probe() says of theirs. */
static int start_or_join(
	const struct options *options, const char *folder, char **said, bool *is_ours)
{
	const struct timespec pause = {.tv_nsec = 50000000};
	int code, error;

	for (int tries = 0; tries < 60; tries++) {
		free(*said);
		code = start_daemon(options, folder, said);
		*is_ours = code == 0;
		error = *is_ours ? 0 : folder_probe(folder);
		if (code != EX_TEMPFAIL || !is_absent(error))
			break;
		nanosleep(&pause, NULL);
	}
	return error;
}

static bool has_saved_rules(const char *folder)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/" RUNTIME_STATE, folder);
	return access(path, F_OK) == 0;
}

/* A daemon for the folder that was asked for: the one that is there, or our own. */
static void use_folder(const struct options *options, char folder[PATH_MAX])
{
	bool is_new = open_folder(options->folder, folder), is_ours = false;
	int error = folder_probe(folder);
	char *said = NULL;

	if (is_absent(error)) {
		if (!has_rules(options))
			tell_of_absence(folder, error, has_saved_rules(folder));
		error = start_or_join(options, folder, &said, &is_ours);
		if (error && is_new)
			rmdir(folder);
	}
	if (error)
		die_of(said, "--dir: cannot use %s: %s", folder, folder_error(error));
	if (is_ours) {
		repeat_warnings(said);
		return;
	}
	free(said);
	join(options, folder);
	configure(options, folder);
}

static void remove_private_folder(const char *folder)
{
	int fd = open(folder, O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	folder_remove_files(fd);
	close(fd);
	rmdir(folder);
}

/* Returns true: nobody else's programs are under it, whom the command does not bring. */
static bool use_private_daemon(const struct options *options, char folder[PATH_MAX])
{
	int error = leftovers_make_folder(folder);
	char *said;

	if (error)
		die(EXIT_OWN, "cannot make a folder below /tmp: %s", strerror(-error));
	if (start_daemon(options, folder, &said)) {
		remove_private_folder(folder);
		die_of(said, "the private daemon did not start");
	}
	repeat_warnings(said);
	return true;
}

/* Is it a daemon of our own, in a folder that nobody knows? */
static bool find_daemon(const struct options *options, char folder[PATH_MAX])
{
	const char *named = getenv("CHAOS_DIR");
	char shared[PATH_MAX];
	int error;

	if (options->folder) {
		use_folder(options, folder);
		return false;
	}
	if (has_rules(options))
		return use_private_daemon(options, folder);
	error = runtime_folder(shared, sizeof(shared));
	if (!error)
		error = folder_probe(shared);
	if (!error && realpath(shared, folder)) {
		join(options, folder);
		return false;
	}
	if (named && *named)
		tell_of_absence(shared, error, false);
	else
		explain(options, "%s: %s", shared, folder_error(error));
	return use_private_daemon(options, folder);
}

/* ---- the environment ---- */

/* Is the path one of the entries, which spaces or colons separate? */
static bool is_listed(const char *path, const char *list)
{
	size_t size = strlen(path);

	for (const char *at = list; *at; at += strspn(at, ": ")) {
		size_t len = strcspn(at, ": ");

		if (len == size && memcmp(at, path, len) == 0)
			return true;
		at += len;
	}
	return false;
}

static void set_variable(const char *name, const char *value)
{
	if (setenv(name, value, 1) < 0)
		die(EXIT_OWN, "%s", strerror(errno));
}

static void set_preload(const char *library)
{
	const char *before = getenv("LD_PRELOAD");
	char *list;

	if (before && is_listed(library, before))
		return;
	if (asprintf(&list, "%s%s%s", library, before && *before ? ":" : "", before ?: "") < 0)
		die(EXIT_OWN, "%s", strerror(ENOMEM));
	set_variable("LD_PRELOAD", list);
	free(list);
}

/* Runtimes with a store of their own trust the certificate that one of these names besides it. What the
 * user has set stays: the library adds to that file as it is opened. A chaos-run around this one is no
 * user. */
static void set_trust(const struct options *options, const char *folder)
{
	static const char *const names[] = {"NODE_EXTRA_CA_CERTS", "DENO_CERT"};
	const char *outer = getenv("CHAOS_DIR");
	char certificate[PATH_MAX + 16], outer_certificate[PATH_MAX + 16];

	snprintf(certificate, sizeof(certificate), "%s/" RUNTIME_CA, folder);
	snprintf(outer_certificate, sizeof(outer_certificate), "%s/" RUNTIME_CA, outer ?: "");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value && strcmp(value, outer_certificate) != 0)
			continue;
		/* They complain of a file that they cannot read. */
		if (!options->no_bridge && access(certificate, R_OK) == 0)
			set_variable(names[i], certificate);
		else if (value && *value)
			unsetenv(names[i]);
	}
}

static void set_environment(const struct options *options, const char *library, const char *folder)
{
	char *hosts = options->intercept ? strdup(options->intercept) : NULL;

	set_trust(options, folder);
	set_variable("CHAOS_DIR", folder);
	if (options->configured)
		hosts = join_hosts("AWS_CONFIG_FILE", hosts, options->configured);
	if (hosts)
		set_variable("CHAOS_INTERCEPT", hosts);
	free(hosts);
	if (options->no_bridge)
		set_variable("CHAOS_BRIDGE", "0");
	if (options->no_follow)
		set_variable("CHAOS_FOLLOW", "0");
	set_preload(library);
}

/* ---- what would be done ---- */

static int run_doctor(const struct options *options)
{
	struct doctor doctor = {.command = options->command,
		.intercept = options->intercept,
		.configured = options->configured,
		.no_bridge = options->no_bridge,
		.no_follow = options->no_follow};
	char folder[PATH_MAX], path[PATH_MAX];
	int error = 0;

	if (options->folder)
		snprintf(folder, sizeof(folder), "%s", options->folder);
	else
		error = runtime_folder(folder, sizeof(folder));
	if (!error && (options->folder || !has_rules(options)) && folder_probe(folder) == 0 &&
		realpath(folder, path))
		doctor.folder = path;
	return doctor_tell(&doctor) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* What it is told beside what the user wants. */
static void prepare_report(struct options *options, const char *folder, bool is_private)
{
	static char number[16];

	reporter_choose_run(&options->reporter);
	snprintf(number, sizeof(number), "%" PRIu32, options->reporter.run);
	set_variable(JOURNAL_RUN, number);
	add_word(options, "--run");
	add_word(options, number);
	add_word(options, "--dir");
	add_word(options, folder);
	if (is_private)
		add_word(options, "--private");
	add_word(options, "--");
	for (char **word = options->command; *word; word++)
		if (!reporter_add(&options->reporter, *word))
			break;
}

/* Returns the exit code, when the command has ended. */
static int run_waited(struct options *options, const char *folder, bool is_private)
{
	struct waited waited = {.folder = folder,
		.command = options->command,
		.is_supervised = options->supervised,
		.silence = silence_begin(folder),
		.has_rules = has_rules(options),
		.own = EXIT_OWN};

	if (options->strict) {
		waited.strict = strict_begin(folder);
		if (!waited.strict)
			return EXIT_OWN;
	}
	if (options->reporter.is_wanted) {
		prepare_report(options, folder, is_private);
		waited.reporter = &options->reporter;
	}
	return waited_run(&waited);
}

int main(int argc, char **argv)
{
	char library[PATH_MAX], folder[PATH_MAX], reason[SUPERVISE_REASON_MAX];
	struct options options = parse(argc, argv);
	bool is_private;

	if (options.doctor)
		return run_doctor(&options);
	check_command(&options);
	find_library(library);
	is_private = find_daemon(&options, folder);
	tell_of_pause(folder);
	set_environment(&options, library, folder);
	explain(&options, "preloading %s", library);
	if (options.strict || options.reporter.is_wanted)
		return run_waited(&options, folder, is_private);
	if (has_rules(&options))
		silence_watch(silence_begin(folder));
	if (options.supervised && supervise_self(folder, STDERR_FILENO, reason) < 0)
		die(EXIT_OWN, "cannot run %s: %s", options.command[0], reason);
	execvp(options.command[0], options.command);
	die(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE, "cannot run %s: %s",
		options.command[0], strerror(errno));
}
