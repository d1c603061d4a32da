/* SPDX-License-Identifier: Apache-2.0 */

/* Runs a command with the library preloaded and a daemon at hand. */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binary.h"
#include "folder.h"
#include "shim/runtime.h"
#include "strict.h"

/* As of env(1). */
enum { EXIT_OWN = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

#define LIBRARY "libchaos-shim.so"

struct options {
	const char *faults, *outages, *latency; /* NULL: not given */
	const char *folder;
	bool verbose, strict;
	char **command;
};

static const char help[] =
	"Usage: chaos-run [OPTION]... [--] COMMAND [ARGUMENT]...\n"
	"Run COMMAND so that its calls to AWS meet the outages of a chaos daemon: the one of the\n"
	"runtime folder if it answers there, else a private one that ends with the command.\n"
	"\n"
	"  -f, --faults JSON|@FILE   fault rules, as of POST /_localstack/chaos/faults\n"
	"  -o, --outages JSON|@FILE  outage rules, as of POST /outages\n"
	"  -l, --latency MS          milliseconds that are added to every call\n"
	"                            (each of these asks for a private daemon, unless -d is "
	"given)\n"
	"  -d, --dir DIR             use the daemon of this runtime folder, or start one there\n"
	"  -s, --strict              exit with 125 if COMMAND had connections to AWS that could "
	"not\n"
	"                            be looked into, and got no faults for that reason\n"
	"  -v, --verbose             say on stderr what is done\n"
	"      --help, --version\n"
	"\n"
	"The rules can be changed while COMMAND runs: CHAOS_DIR, in its environment, names the\n"
	"folder of the daemon for chaos-ctl, and for curl --unix-socket $CHAOS_DIR/control.sock.\n"
	"\n"
	"Exit status: COMMAND's own, or 125 when chaos-run fails or --strict says so, 126 when\n"
	"COMMAND cannot be executed, 127 when it is not found.\n";

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

static void check_latency(const char *text)
{
	if (!*text || text[strspn(text, "0123456789")])
		die(EXIT_OWN, "--latency: '%s' is not a number of milliseconds", text);
}

static struct options parse(int argc, char **argv)
{
	static const struct option known[] = {
		{"faults", required_argument, NULL, 'f'},
		{"outages", required_argument, NULL, 'o'},
		{"latency", required_argument, NULL, 'l'},
		{"dir", required_argument, NULL, 'd'},
		{"strict", no_argument, NULL, 's'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	struct options options = {0};
	int option;

	/* '+': the options end where the command begins. */
	while ((option = getopt_long(argc, argv, "+f:o:l:d:sv", known, NULL)) != -1) {
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
			options.folder = optarg;
			break;
		case 's':
			options.strict = true;
			break;
		case 'v':
			options.verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(EXIT_SUCCESS);
		case 'V':
			puts("chaos-run " CHAOS_VERSION);
			exit(EXIT_SUCCESS);
		default: /* getopt_long has said what is wrong */
			exit(EXIT_OWN);
		}
	}
	if (optind == argc)
		die(EXIT_OWN, "no command is given (see chaos-run --help)");
	options.command = argv + optind;
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

static void check_command(const struct options *options)
{
	const char *command = options->command[0], *remedy;
	struct binary found;
	int code = EXIT_OWN;

	binary_look(command, getenv("PATH"), &found);
	if (!found.obstacle) {
		explain(options, "%s is run by %s, which can be reached", command, found.path);
		return;
	}
	if (found.obstacle == BINARY_NOT_FOUND)
		code = EXIT_NOT_FOUND;
	if (found.obstacle == BINARY_NOT_EXECUTABLE)
		code = EXIT_NOT_EXECUTABLE;
	remedy = binary_remedy(found.obstacle);
	make_printable(found.path);
	die(code, "cannot run %s: %s %s%s%s", command,
		strcmp(found.path, command) ? found.path : "it", binary_reason(found.obstacle),
		remedy ? "; " : "", remedy ? remedy : "");
}

/* ---- our own files ---- */

/* A file of ours: beside this program, or where `make install` puts it. */
static bool find_own(const char *name, const char *const *places, char path[PATH_MAX])
{
	char self[PATH_MAX], candidate[2 * PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[len < 0 ? 0 : len] = '\0';
	*(strrchr(self, '/') ?: self) = '\0';
	for (; *places; places++) {
		bool absolute = **places == '/';

		if (!absolute && !*self)
			continue;
		snprintf(candidate, sizeof(candidate), "%s%s%s/%s", absolute ? "" : self,
			absolute ? "" : "/", *places, name);
		if (realpath(candidate, path) && access(path, R_OK) == 0)
			return true;
	}
	return false;
}

/* Falls back on the bare name, to be sought along $PATH. */
static const char *find_program(const char *name, char path[PATH_MAX])
{
	static const char *const places[] = {
		".", "../sbin", "../bin", CHAOS_PREFIX "/sbin", CHAOS_PREFIX "/bin", NULL};

	return find_own(name, places, path) ? path : name;
}

static void find_library(char path[PATH_MAX])
{
	static const char *const places[] = {
		".", "../lib/chaos-run", CHAOS_PREFIX "/lib/chaos-run", NULL};

	if (!find_own(LIBRARY, places, path))
		die(EXIT_OWN,
			LIBRARY " is neither beside chaos-run nor in its lib/chaos-run; build or "
				"install it anew");
	if (strpbrk(path, ": "))
		die(EXIT_OWN,
			"LD_PRELOAD cannot hold '%s', for its ':' or space; install chaos-run "
			"elsewhere",
			path);
}

/*
 * In the child: nothing of the command's may stay open in a daemon that outlives it, be it a pipe
 * or a lock; and our own programs need no preload. Errors may be said.
 */
static void run_child(const char *const *argv)
{
	int null = open("/dev/null", O_RDWR);

	unsetenv("LD_PRELOAD");
	if (null >= 0 && dup2(null, 0) == 0 && dup2(null, 1) == 1) {
		close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
		execvp(argv[0], (char *const *)argv);
	}
	fprintf(stderr, "chaos-run: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(EXIT_NOT_FOUND);
}

/* Runs one of our own programs to its end. Did it succeed? */
static bool run_own(const char *const *argv)
{
	struct sigaction before, standard = {.sa_handler = SIG_DFL};
	pid_t child;
	int status;

	/* Where SIGCHLD is ignored, wait() learns nothing. */
	sigaction(SIGCHLD, &standard, &before);
	child = fork();
	if (child == 0)
		run_child(argv);
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			child = -1;
	sigaction(SIGCHLD, &before, NULL);
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- the daemon ---- */

static bool start_daemon(const struct options *options, const char *folder)
{
	char path[PATH_MAX], pid[16];
	const char *argv[16] = {
		find_program("chaos-control", path), "--daemon", "--private", pid, "--dir", folder};
	size_t count = 6;

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (options->faults) {
		argv[count++] = "--faults";
		argv[count++] = options->faults;
	}
	if (options->outages) {
		argv[count++] = "--outages";
		argv[count++] = options->outages;
	}
	if (options->latency) {
		argv[count++] = "--latency";
		argv[count++] = options->latency;
	}
	explain(options, "starting a private daemon (%s) in %s", argv[0], folder);
	return run_own(argv);
}

static void set(const char *folder, const char *what, const char *value)
{
	char path[PATH_MAX];
	const char *argv[] = {find_program("chaos-ctl", path), "--dir", folder, "--json", what,
		"set", value, NULL};

	if (value && !run_own(argv))
		die(EXIT_OWN, "the daemon in %s did not take the %s", folder, what);
}

static void configure(const struct options *options, const char *folder)
{
	char latency[64];

	set(folder, "faults", options->faults);
	set(folder, "outages", options->outages);
	snprintf(latency, sizeof(latency), "latency=%s", options->latency ?: "");
	set(folder, "effects", options->latency ? latency : NULL);
}

/* A daemon for the folder that was asked for: the one that is there, or our own. */
static void use_folder(const struct options *options, char folder[PATH_MAX])
{
	int error;

	mkdir(options->folder, 0700);
	if (!realpath(options->folder, folder))
		die(EXIT_OWN, "%s: %s", options->folder, strerror(errno));
	error = folder_probe(folder);
	if (error == -ENOENT || error == -ECONNREFUSED) {
		if (start_daemon(options, folder))
			return;
		error = folder_probe(folder); /* another chaos-run may have been quicker */
	}
	if (error)
		die(EXIT_OWN, "cannot use %s: %s", folder, folder_error(error));
	explain(options, "joining the daemon in %s", folder);
	configure(options, folder);
}

/* The folder's path must leave room for the socket's name. */
static void make_private_folder(char folder[PATH_MAX])
{
	const char *session = getenv("XDG_RUNTIME_DIR");

	if (session && *session == '/' && strlen(session) < 64) {
		snprintf(folder, PATH_MAX, "%s/chaos-run.XXXXXX", session);
		if (mkdtemp(folder))
			return;
	}
	snprintf(folder, PATH_MAX, "/tmp/chaos-run.XXXXXX");
	if (!mkdtemp(folder))
		die(EXIT_OWN, "cannot make a folder below /tmp: %s", strerror(errno));
}

static void remove_private_folder(const char *folder)
{
	static const char *const files[] = {
		RUNTIME_SOCKET, RUNTIME_TABLE, RUNTIME_JOURNAL, RUNTIME_STATE, RUNTIME_LOCK};
	int fd = open(folder, O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlinkat(fd, files[i], 0);
	close(fd);
	rmdir(folder);
}

static void use_private_daemon(const struct options *options, char folder[PATH_MAX])
{
	make_private_folder(folder);
	if (start_daemon(options, folder))
		return;
	remove_private_folder(folder);
	die(EXIT_OWN, "the private daemon did not start");
}

static void find_daemon(const struct options *options, char folder[PATH_MAX])
{
	char shared[PATH_MAX];
	int error;

	if (options->folder) {
		use_folder(options, folder);
		return;
	}
	if (options->faults || options->outages || options->latency) {
		use_private_daemon(options, folder);
		return;
	}
	error = runtime_folder(shared, sizeof(shared));
	if (!error)
		error = folder_probe(shared);
	if (!error && realpath(shared, folder)) {
		explain(options, "joining the daemon in %s", folder);
		return;
	}
	explain(options, "%s: %s", shared, folder_error(error));
	use_private_daemon(options, folder);
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

static void set_environment(const char *library, const char *folder)
{
	const char *before = getenv("LD_PRELOAD");
	char *list;

	if (setenv("CHAOS_DIR", folder, 1) < 0)
		die(EXIT_OWN, "%s", strerror(errno));
	if (before && is_listed(library, before))
		return;
	if (asprintf(&list, "%s%s%s", library, before && *before ? ":" : "", before ?: "") < 0 ||
		setenv("LD_PRELOAD", list, 1) < 0)
		die(EXIT_OWN, "%s", strerror(ENOMEM));
	free(list);
}

int main(int argc, char **argv)
{
	char library[PATH_MAX], folder[PATH_MAX];
	struct options options = parse(argc, argv);

	check_command(&options);
	find_library(library);
	find_daemon(&options, folder);
	set_environment(library, folder);
	explain(&options, "preloading %s", library);
	if (options.strict)
		return strict_run(folder, options.command, EXIT_OWN);
	execvp(options.command[0], options.command);
	die(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE, "cannot run %s: %s",
		options.command[0], strerror(errno));
}
