/* SPDX-License-Identifier: Apache-2.0 */
#include "supervised.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "relay_message.h"
#include "shim/program/elf.h"

/* Where HTTP is, and moto, LocalStack and MinIO are. */
static const uint16_t known_ports[] = {80, 443, 4566, 5000, 9000};

#define ENDPOINT "AWS_ENDPOINT_URL"
#define PORTS	 "CHAOS_PORTS"
#define HOSTS	 "CHAOS_INTERCEPT"
#define FOLDER	 "CHAOS_DIR="

static FILE *open_of(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

pid_t supervised_process_of(pid_t thread)
{
	FILE *file = open_of(thread, "status");
	char line[256];
	int pid = 0;

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Tgid: %d", &pid) == 1)
			break;
	fclose(file);
	return pid;
}

/* ---- its environment ---- */

struct environment {
	char *text; /* variables, each with a NUL behind it; NULL: none */
	size_t size;
};

static struct environment read_environment(pid_t pid)
{
	struct environment environment = {NULL, 0};
	FILE *file = open_of(pid, "environ"), *copy = NULL;
	char part[4096];
	size_t got;

	if (file)
		copy = open_memstream(&environment.text, &environment.size);
	while (copy && (got = fread(part, 1, sizeof(part), file)) > 0)
		fwrite(part, 1, got, copy);
	if (copy)
		fclose(copy); /* puts a NUL behind it */
	if (file)
		fclose(file);
	return environment;
}

/* The variable behind this one, or the first; NULL: there is none. */
static const char *next_variable(const struct environment *environment, const char *variable)
{
	const char *next = variable ? variable + strlen(variable) + 1 : environment->text;

	return next && next < environment->text + environment->size ? next : NULL;
}

static void add_port(struct supervised *program, unsigned long port)
{
	if (port > 0 && port <= UINT16_MAX)
		program->ports[port / 8] |= (uint8_t)(1u << port % 8);
}

static void add_listed_ports(struct supervised *program, const char *list)
{
	while (*list) {
		char *end;

		add_port(program, strtoul(list, &end, 10));
		list = end + strcspn(end, ",") + (end[strcspn(end, ",")] == ',');
	}
}

/* Those of HOST:PORT,…; an IPv6 address is in brackets. */
static void add_ports_of_hosts(struct supervised *program, const char *list)
{
	while (*list) {
		size_t len = strcspn(list, ","), host = len;

		while (host > 0 && list[host - 1] >= '0' && list[host - 1] <= '9')
			host--;
		if (host > 0 && list[host - 1] == ':')
			add_port(program, strtoul(list + host, NULL, 10));
		list += len + (list[len] == ',');
	}
}

/* That of http://HOST:PORT/…; HOST may be an IPv6 address in brackets. */
static void add_port_of(struct supervised *program, const char *url)
{
	const char *scheme = strstr(url, "://"), *host = scheme ? scheme + 3 : url;
	char authority[512];

	snprintf(authority, sizeof(authority), "%.*s", (int)strcspn(host, "/?#,"), host);
	add_ports_of_hosts(program, authority);
}

/* A proxy is asked for whatever server it is. */
static bool names_proxy(const char *variable)
{
	static const char *const names[] = {"http_proxy=", "https_proxy=", "all_proxy="};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strncasecmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void find_ports(struct supervised *program)
{
	struct environment environment = read_environment(program->pid);

	for (size_t i = 0; i < sizeof(known_ports) / sizeof(*known_ports); i++)
		add_port(program, known_ports[i]);
	for (const char *at = NULL; (at = next_variable(&environment, at));) {
		const char *value = strchr(at, '=');

		if (value && (strncmp(at, ENDPOINT, strlen(ENDPOINT)) == 0 || names_proxy(at)))
			add_port_of(program, value + 1);
		if (strncmp(at, PORTS "=", strlen(PORTS) + 1) == 0)
			add_listed_ports(program, at + strlen(PORTS) + 1);
		if (strncmp(at, HOSTS "=", strlen(HOSTS) + 1) == 0)
			add_ports_of_hosts(program, at + strlen(HOSTS) + 1);
	}
	free(environment.text);
}

bool supervised_has_port(const struct supervised *program, uint16_t port)
{
	return program->ports[port / 8] >> port % 8 & 1;
}

/* ---- who it is ---- */

static int open_executed(pid_t pid, struct stat *info)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, info) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void look_at_executed(struct supervised *program)
{
	struct stat info;
	int fd = open_executed(program->pid, &info);
	size_t size;
	void *image;

	if (fd < 0)
		return;
	size = (size_t)info.st_size;
	program->device = info.st_dev;
	program->inode = info.st_ino;
	image = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (image == MAP_FAILED)
		return;
	program->is_static = binary_look_elf(image, size) == BINARY_STATIC;
	munmap(image, size);
}

bool supervised_is_same(const struct supervised *program)
{
	char path[64];
	struct stat info;

	snprintf(path, sizeof(path), "/proc/%d/exe", program->pid);
	return stat(path, &info) == 0 && info.st_dev == program->device &&
	       info.st_ino == program->inode;
}

struct supervised *supervised_new(pid_t pid)
{
	struct supervised *program = calloc(1, sizeof(*program));

	if (!program)
		return NULL;
	program->pid = pid;
	program->relay = -1;
	program->process = (int)syscall(SYS_pidfd_open, pid, 0);
	if (program->process < 0) {
		free(program);
		return NULL;
	}
	look_at_executed(program);
	find_ports(program);
	return program;
}

static bool is_named(const char *line, const char *name)
{
	const char *slash = strrchr(line, '/');

	return slash && strncmp(slash + 1, name, strlen(name)) == 0;
}

/* What goes through the C library is seen where ours is loaded, too. A program in Go makes calls of its
 * own besides. */
bool supervised_is_seen(const struct supervised *program, uint64_t instruction)
{
	bool is_loaded = false, is_of_libc = false;
	FILE *file;
	char line[PATH_MAX + 128];

	if (program->is_static)
		return false;
	file = open_of(program->pid, "maps");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		unsigned long from, to;

		if (is_named(line, "libchaos-shim.so"))
			is_loaded = true;
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && instruction >= from &&
			instruction <= to)
			is_of_libc = is_named(line, "libc.so") || is_named(line, "libc-") ||
				     is_named(line, "libchaos-shim.so");
	}
	fclose(file);
	return is_loaded && is_of_libc;
}

int supervised_stderr(int process)
{
	return (int)syscall(SYS_pidfd_getfd, process, STDERR_FILENO, 0);
}

/* ---- its relay ---- */

/* What would change the relay itself is left out. */
static bool is_for_relay(const char *variable)
{
	return strncmp(variable, "LD_", 3) != 0 && strncmp(variable, "GLIBC_", 6) != 0 &&
	       strncmp(variable, "MALLOC_", 7) != 0 && strncmp(variable, "CHAOS_RELAY", 11) != 0;
}

/* The program's variables, and ours in front. Not to be freed before exec. */
static char **make_environment(
	const struct supervised *program, const char *folder, const char *library)
{
	struct environment environment = read_environment(program->pid);
	size_t count = 0, at = 0;
	bool has_folder = false;
	char **made;

	for (const char *next = NULL; (next = next_variable(&environment, next)); count++)
		has_folder |= strncmp(next, FOLDER, strlen(FOLDER)) == 0 && next[strlen(FOLDER)];
	made = calloc(count + 4, sizeof(*made));
	if (!made || asprintf(&made[at++], "LD_PRELOAD=%s", library) < 0 ||
		asprintf(&made[at++], "CHAOS_RELAY_FOR=%d", program->pid) < 0)
		return NULL;
	if (!has_folder && asprintf(&made[at++], FOLDER "%s", folder) < 0)
		return NULL;
	for (const char *next = NULL; (next = next_variable(&environment, next));)
		if (is_for_relay(next))
			made[at++] = (char *)next;
	return made;
}

__attribute__((noreturn)) static void run_relay(
	const struct supervised *program, const char *folder, const char *library, int control)
{
	const char *argv[] = {"chaos-relay", "relay", NULL};
	char **environment = make_environment(program, folder, library), cwd[64];
	int messages = supervised_stderr(program->process);

	/* Paths in its variables may be relative. */
	snprintf(cwd, sizeof(cwd), "/proc/%d/cwd", program->pid);
	if (chdir(cwd) < 0 && chdir("/") < 0)
		_exit(127);
	dup2(messages >= 0 ? messages : STDIN_FILENO, STDERR_FILENO);
	/* Neither is to be in the other's place. */
	control = fcntl(control, F_DUPFD_CLOEXEC, 10);
	if (environment && control >= 0 && dup2(program->process, RELAY_PROGRAM) >= 0 &&
		dup2(control, RELAY_CONTROL) >= 0) {
		close_range(RELAY_PROGRAM + 1, ~0u, CLOSE_RANGE_CLOEXEC);
		execve("/proc/self/exe", (char *const *)argv, environment);
	}
	_exit(127);
}

int supervised_start_relay(struct supervised *program, const char *folder, const char *library)
{
	int ends[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	child = fork();
	if (child == 0)
		run_relay(program, folder, library, ends[1]);
	close(ends[1]);
	if (child < 0) {
		close(ends[0]);
		return -EAGAIN;
	}
	program->relay = ends[0];
	return 0;
}
