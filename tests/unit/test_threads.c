/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library's own threads and the program's, in one process. The hooks are called by names of their
 * own here, so that the thread sanitizer keeps its place before libc.
 */

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/writer.h"
#include "shim/io/conn.h"
#include "shim/io/on.h"
#include "shim/libc/real.h"
#include "shim/process/shim.h"
#include "shim/tls/stack.h"
#include "suite.h"

/* TLS libraries are not looked for here. */
void stack_before_fork(bool is_inside)
{
	(void)is_inside;
}

void stack_after_fork_parent(bool is_inside)
{
	(void)is_inside;
}

void stack_after_fork_child(bool is_inside)
{
	(void)is_inside;
}

/* No header declares these. */
ssize_t __read_chk(int fd, void *buf, size_t len, size_t size);
ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags);
ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size, int flags, struct sockaddr *addr,
	socklen_t *addr_len);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	const sigset_t *mask, size_t size);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

struct real real;

void real_resolve(void)
{
#define HOOK_FD(ret, name, parameters, arguments)		 real.name = name;
#define HOOK_FD_VARIADIC(ret, name, parameters, last, arguments) real.name = name;
#define HOOK_ANY(ret, name, parameters, arguments)		 real.name = name;
#define HOOK_PLAIN						 HOOK_ANY
#define HOOK_END						 HOOK_ANY
#define HOOK_PATH						 HOOK_ANY
#define HOOK_PATH_VARIADIC					 HOOK_FD_VARIADIC
#define HOOK_EXEC						 HOOK_ANY
#include "shim/libc/hooks.def"
}

bool real_connects_straight(void)
{
	return true;
}

#define HOOK_FD(ret, name, parameters, arguments)                                                  \
	__attribute__((unused)) static ret hooked_##name parameters                                \
	{                                                                                          \
		struct conn *conn = conn_at(fd);                                                   \
                                                                                                   \
		return conn ? on_##name(conn, HOOK_LIST arguments) : real.name arguments;          \
	}
#define HOOK_ANY(ret, name, parameters, arguments)                                                 \
	__attribute__((unused)) static ret hooked_##name parameters                                \
	{                                                                                          \
		return on_##name arguments;                                                        \
	}
#include "shim/libc/hooks.def"

#define THREADS 8
#define CALLS	25

#define REQUEST_HEAD                                                                               \
	"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\n"       \
	"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/kinesis/aws4_request, "   \
	"SignedHeaders=host, Signature=0\r\nContent-Length: 2\r\n\r\n"
#define RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static char folder[] = "/tmp/chaos-test-XXXXXX";
static bool has_folder;
static struct writer writer;
static int listener;
static struct sockaddr_in address = {.sin_family = AF_INET};

/* Answers each request; a request ends with its body, "{}". */
static void *serve(void *argument)
{
	int fd = *(int *)argument;
	char bytes[1024];
	char last = '\0';
	ssize_t got;

	free(argument);
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < got; last = bytes[i++])
			if (last == '{' && bytes[i] == '}' &&
				write(fd, RESPONSE, strlen(RESPONSE)) < 0)
				break;
	close(fd);
	return NULL;
}

static void *accept_all(void *unused)
{
	(void)unused;
	for (;;) {
		int *fd = malloc(sizeof(*fd));
		pthread_t thread;

		*fd = accept(listener, NULL, NULL);
		if (*fd < 0 || pthread_create(&thread, NULL, serve, fd))
			break;
		pthread_detach(thread);
	}
	return NULL;
}

/* Before the library's own constructor, which goes to the folder of the user's daemon else. */
__attribute__((constructor(101))) static void choose_folder(void)
{
	has_folder = mkdtemp(folder) && setenv("CHAOS_DIR", folder, 1) == 0;
}

static void setup(void)
{
	socklen_t len = sizeof(address);
	const char *reason;
	pthread_t thread;

	ck_assert(has_folder);
	ck_assert_str_eq(shim.folder, folder);
	ck_assert_int_eq(writer_open(&writer, folder, &reason), 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 64), 0);
	getsockname(listener, (struct sockaddr *)&address, &len);
	ck_assert_int_eq(pthread_create(&thread, NULL, accept_all, NULL), 0);
	pthread_detach(thread);
}

static void remove_files(void)
{
	char path[64];

	for (const char *const *name = (const char *const[]){"table", "journal", NULL}; *name;
		name++) {
		snprintf(path, sizeof(path), "%s/%s", folder, *name);
		unlink(path);
	}
}

static void teardown(void)
{
	remove_files();
	writer_close(&writer);
}

static void publish(double probability, uint64_t latency_ns)
{
	struct rule rule = {.id = 1,
		.list = TABLE_FAULTS,
		.probability = probability,
		.status = 503,
		.code = (char *)"ServiceUnavailable"};
	const struct rule *rules[] = {&rule};
	const char *reason;

	ck_assert_int_eq(writer_publish(&writer, rules, 1, latency_ns, 0, &reason), 0);
}

/* One call on a connection of its own: head and body in two pieces. Returns the status. */
static int call(bool blocking)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), status = -1;
	struct pollfd waiting = {.fd = fd, .events = POLLIN};
	char answer[1024] = "";

	if (hooked_connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	if (!blocking)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	if (hooked_send(fd, REQUEST_HEAD, strlen(REQUEST_HEAD), 0) < 0 ||
		hooked_send(fd, "{}", 2, 0) < 0)
		return -1;
	if (blocking || hooked_poll(&waiting, 1, 5000) == 1)
		if (hooked_recv(fd, answer, sizeof(answer) - 1, 0) > 0)
			sscanf(answer, "HTTP/1.1 %d", &status);
	hooked_close(fd);
	return status;
}

struct result {
	bool blocking;
	int passed, failed;
};

static void *client(void *argument)
{
	struct result *result = argument;

	for (int i = 0; i < CALLS; i++) {
		int status = call(result->blocking);

		result->passed += status == 200;
		result->failed += status == 503;
	}
	return NULL;
}

static void run(int *passed, int *failed)
{
	struct result results[THREADS] = {0};
	pthread_t threads[THREADS];

	*passed = *failed = 0;
	for (int i = 0; i < THREADS; i++) {
		results[i].blocking = i % 2;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, client, &results[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		*passed += results[i].passed;
		*failed += results[i].failed;
	}
}

START_TEST(threads_get_as_many_faults_as_were_counted)
{
	uint64_t before = atomic_load(&writer.journal->faults);
	int passed, failed;

	publish(0.5, 0);
	run(&passed, &failed);
	ck_assert_int_eq(passed + failed, THREADS * CALLS);
	ck_assert_int_eq(failed, (int)(atomic_load(&writer.journal->faults) - before));
	ck_assert_int_gt(failed, 0);
	ck_assert_int_gt(passed, 0);
}
END_TEST

START_TEST(threads_wait_on_one_delay_line)
{
	int passed, failed;

	publish(0.5, 5000000);
	run(&passed, &failed);
	ck_assert_int_eq(passed + failed, THREADS * CALLS);
}
END_TEST

START_TEST(rules_may_change_while_threads_call)
{
	struct result result = {.blocking = true};
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, client, &result), 0);
	for (int i = 0; i < 20; i++)
		publish(i % 2, 0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(result.passed + result.failed, CALLS);
}
END_TEST

/* So many rules that the table has to grow, all about the one call. */
static void publish_many(size_t count)
{
	struct rule *rules = calloc(count, sizeof(*rules));
	const struct rule **list = calloc(count, sizeof(*list));
	const char *reason;

	ck_assert(rules && list);
	for (size_t i = 0; i < count; i++) {
		rules[i] = (struct rule){.id = i + 1,
			.list = TABLE_FAULTS,
			.probability = 1,
			.status = 503,
			.code = (char *)"ServiceUnavailable"};
		list[i] = &rules[i];
	}
	ck_assert_int_eq(writer_publish(&writer, list, count, 0, 0, &reason), 0);
	free(rules);
	free(list);
}

START_TEST(the_table_may_grow_while_threads_call)
{
	struct result results[THREADS] = {0};
	pthread_t threads[THREADS];

	publish_many(1);
	for (int i = 0; i < THREADS; i++) {
		results[i].blocking = true;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, client, &results[i]), 0);
	}
	for (size_t count = 200; count < 20000; count *= 2) {
		publish_many(count);
		usleep(2000);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(results[i].failed, CALLS);
	}
}
END_TEST

START_TEST(in_a_sandbox_nothing_is_looked_for)
{
	shim.sandboxed = true;
	ck_assert_ptr_null(shim_table());
	shim_look();
	ck_assert_ptr_null(shim_table());
	shim.sandboxed = false;
	ck_assert_ptr_nonnull(shim_table());
}
END_TEST

/* Without a word to those who have the old file. */
static void replace_files(void)
{
	const char *reason;

	remove_files();
	writer_close(&writer);
	ck_assert_int_eq(writer_open(&writer, folder, &reason), 0);
}

START_TEST(a_file_that_was_replaced_is_found_by_a_look)
{
	const struct table *old = shim_table(), *table;

	publish(1, 0);
	replace_files();
	publish(1, 0);
	ck_assert_ptr_eq(shim_table(), old);
	/* As if a second had gone by since the table was mapped. */
	atomic_store(&shim.looked, 0);
	shim_look();
	table = shim_table();
	ck_assert_ptr_ne(table, old);
	/* Once a second is enough. */
	replace_files();
	shim_look();
	ck_assert_ptr_eq(shim_table(), table);
	shim.looked = 0;
	shim_look();
	ck_assert_ptr_ne(shim_table(), table);
	ck_assert_int_eq(old->file.retired, 0);
}
END_TEST

START_TEST(a_file_that_has_gone_leaves_its_rules_in_force)
{
	const struct table *table = shim_table();

	publish(1, 0);
	remove_files();
	shim_look();
	ck_assert_ptr_eq(shim_table(), table);
}
END_TEST

START_TEST(a_retired_file_without_a_successor_is_given_up)
{
	ck_assert_ptr_nonnull(shim_table());
	publish(1, 0);
	writer.table->file.retired = 1;
	ck_assert_ptr_null(shim_table());
	replace_files();
	ck_assert_ptr_nonnull(shim_table());
}
END_TEST

START_TEST(the_child_of_a_fork_waits_for_no_loader_of_its_parent)
{
	pid_t child;
	int status;

	atomic_store(&shim.bridge.state, BRIDGE_BEING_LOADED);
	child = fork();
	if (child == 0) {
		alarm(5);
		shim_after_fork();
		_exit(shim_has_bridge());
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("threads");
	TCase *tests = tcase_create("threads");
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, threads_get_as_many_faults_as_were_counted);
	tcase_add_test(tests, threads_wait_on_one_delay_line);
	tcase_add_test(tests, rules_may_change_while_threads_call);
	tcase_add_test(tests, the_table_may_grow_while_threads_call);
	tcase_add_test(tests, in_a_sandbox_nothing_is_looked_for);
	tcase_add_test(tests, a_file_that_was_replaced_is_found_by_a_look);
	tcase_add_test(tests, a_file_that_has_gone_leaves_its_rules_in_force);
	tcase_add_test(tests, a_retired_file_without_a_successor_is_given_up);
	tcase_add_test(tests, the_child_of_a_fork_waits_for_no_loader_of_its_parent);
	suite_add_tcase(suite, tests);
	failed = run_suite(suite);
	/* A test that fails does not come to its end. */
	remove_files();
	rmdir(folder);
	return failed;
}
