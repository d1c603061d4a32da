/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "pass.h"
#include "relay_message.h"
#include "supervise_message.h"
#include "unled.h"

/* A program that does not wait for its connection is kept for so long, lest the outcome be known at
 * once: nearby servers answer within it. */
#define PATIENCE_MS 2

#define NONE UINT32_MAX

/* ---- what has been asked of relays ---- */

static const char *reason_of(int error)
{
	if (error == -EPERM)
		return "the system lets no other process look into it (see "
		       "kernel.yama.ptrace_scope)";
	if (error == -EXDEV)
		return "it is in a network namespace of its own";
	if (error == -ENODEV)
		return "its socket is bound to a device";
	return strerror(-error);
}

/* On the program's stderr, or if that is not to be had on the one of the run. */
static void say_lost(pid_t thread, int error)
{
	int process = (int)syscall(SYS_pidfd_open, supervised_process_of(thread), 0);
	int messages = process >= 0 ? supervised_stderr(process) : -1;

	dprintf(messages >= 0 ? messages : STDERR_FILENO,
		"chaos: connections of process %d cannot be looked into: %s\n", thread,
		reason_of(error));
	if (messages >= 0)
		close(messages);
	if (process >= 0)
		close(process);
}

/* Once for each reason. */
static void tell_lost(struct supervision *supervision, pid_t thread, int error)
{
	const char *quiet = getenv("CHAOS_QUIET");
	uint64_t reason = 1ull << -error % 64;

	guard_count_lost(&supervision->guard);
	if (supervision->told & reason || (quiet && *quiet && strcmp(quiet, "0")))
		return;
	supervision->told |= reason;
	say_lost(thread, error);
}

static uint32_t find_place(struct supervision *supervision)
{
	for (uint32_t i = 0; i < GUARD_CALLS; i++)
		if (!atomic_load(&supervision->guard.calls[i].notice))
			return i;
	return NONE;
}

/* What is to be counted is, before the program can end. */
static void let_go(struct supervision *supervision, uint32_t number, int error)
{
	struct guard_call *call = &supervision->guard.calls[number];
	int listener = supervision->listeners[atomic_load(&call->listener)];

	if (error)
		tell_lost(supervision,
			supervision->programs[supervision->asked[number].program]->pid, error);
	notice_continue(listener, atomic_load(&call->notice));
	atomic_store(&call->notice, 0);
}

static void let_all_go(struct supervision *supervision, uint32_t program, int error)
{
	for (uint32_t i = 0; i < GUARD_CALLS; i++)
		if (atomic_load(&supervision->guard.calls[i].notice) &&
			supervision->asked[i].program == program)
			let_go(supervision, i, error);
}

static void end_relay(struct supervision *supervision, uint32_t number)
{
	struct supervised *program = supervision->programs[number];

	supervision_close(supervision, program->relay);
	program->relay = -1;
	peers_forget_process(&supervision->peers, program->pid);
	let_all_go(supervision, number, -EPIPE);
}

static void take_answer(struct supervision *supervision, const struct relay_answer *said)
{
	struct guard_call *call = &supervision->guard.calls[said->number];
	const struct asked *asked = &supervision->asked[said->number];
	int listener;

	if (atomic_load(&call->notice) != said->notice)
		return;
	listener = supervision->listeners[atomic_load(&call->listener)];
	if (said->says == RELAY_CONTINUE) {
		let_go(supervision, said->number, said->error);
		return;
	}
	if (said->error == 0 || said->error == -EINPROGRESS)
		peers_put(&supervision->peers, said->cookie,
			supervision->programs[asked->program]->pid, &asked->address, asked->len);
	notice_answer(listener, said->notice, said->error);
	atomic_store(&call->notice, 0);
}

void calls_hear(struct supervision *supervision, uint32_t number)
{
	struct supervised *program = supervision->programs[number];
	struct relay_answer said;
	ssize_t got;
	int none;

	while (program && program->relay >= 0) {
		got = pass_receive(program->relay, &said, sizeof(said), &none, MSG_DONTWAIT);
		if (got == -EAGAIN)
			return;
		if (got != sizeof(said) || said.number >= GUARD_CALLS)
			end_relay(supervision, number);
		else if (said.says == RELAY_CLOSED)
			peers_forget(&supervision->peers, said.cookie);
		else
			take_answer(supervision, &said);
	}
}

/* The relay may have as much to say as we have to it. 0 or -errno. */
static int ask(struct supervision *supervision, uint32_t number,
	const struct relay_request *request, int fd)
{
	struct supervised *program = supervision->programs[number];
	struct pollfd relay = {program->relay, POLLIN | POLLOUT, 0};
	int error;

	for (;;) {
		error = pass_send(program->relay, request, sizeof(*request), fd, MSG_DONTWAIT);
		if (error != -EAGAIN)
			return error;
		poll(&relay, 1, -1);
		calls_hear(supervision, number);
		if (program->relay < 0)
			return -EPIPE;
	}
}

static int have_relay(struct supervision *supervision, uint32_t number)
{
	struct supervised *program = supervision->programs[number];
	int error;

	if (program->relay >= 0)
		return 0;
	error = supervised_start_relay(program, supervision->folder, supervision->library);
	return error < 0 ? error : supervision_watch(supervision, program->relay, RELAY, number);
}

/* ---- programs ---- */

static void forget_program(struct supervision *supervision, uint32_t number)
{
	struct supervised *program = supervision->programs[number];

	if (program->relay >= 0)
		supervision_close(supervision, program->relay);
	peers_forget_process(&supervision->peers, program->pid);
	let_all_go(supervision, number, 0);
	supervision_close(supervision, program->process);
	free(program);
	supervision->programs[number] = NULL;
}

void calls_end_program(struct supervision *supervision, uint32_t number)
{
	if (supervision->programs[number])
		forget_program(supervision, number);
}

static uint32_t find_program(struct supervision *supervision, pid_t pid, uint32_t *unused)
{
	*unused = NONE;
	for (uint32_t i = 0; i < SUPERVISION_PROGRAMS; i++) {
		if (supervision->programs[i] && supervision->programs[i]->pid == pid)
			return i;
		if (!supervision->programs[i] && *unused == NONE)
			*unused = i;
	}
	return NONE;
}

/* The number of the thread's program, NONE if it is gone or cannot be known. */
static uint32_t program_of(struct supervision *supervision, pid_t thread)
{
	pid_t pid = thread > 0 ? supervised_process_of(thread) : 0;
	uint32_t unused, number;

	if (pid <= 0)
		return NONE;
	number = find_program(supervision, pid, &unused);
	if (number != NONE && supervised_is_same(supervision->programs[number]))
		return number;
	if (number != NONE) {
		forget_program(supervision, number);
		unused = number;
	}
	if (unused == NONE)
		return NONE;
	supervision->programs[unused] = supervised_new(pid);
	if (!supervision->programs[unused])
		return NONE;
	if (supervision_watch(
		    supervision, supervision->programs[unused]->process, PROCESS, unused) == 0)
		return unused;
	forget_program(supervision, unused);
	return NONE;
}

/* ---- connect() ---- */

static uint16_t port_of(const struct sockaddr_storage *address, socklen_t len)
{
	if (address->ss_family == AF_INET && len >= sizeof(struct sockaddr_in))
		return ntohs(((const struct sockaddr_in *)address)->sin_port);
	if (address->ss_family == AF_INET6 && len >= offsetof(struct sockaddr_in6, sin6_scope_id))
		return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
	return 0;
}

/* Copies the address out of the program's memory. Returns its length; 0: there is none; -errno. */
static ssize_t read_address(const struct notice *notice, struct sockaddr_storage *address)
{
	size_t len = (uint32_t)notice->arguments[2];
	struct iovec into = {address, len}, from = {(void *)notice->arguments[1], len};
	ssize_t got;

	if (len > sizeof(*address))
		return 0;
	memset(address, 0, sizeof(*address));
	got = process_vm_readv(notice->thread, &into, 1, &from, 1, 0);
	if (got < 0)
		return errno == EFAULT ? 0 : -errno;
	return got;
}

/* Is it a TCP socket that is neither connected nor about to be? */
static bool is_fresh(int fd)
{
	int type = 0, protocol = 0;
	struct tcp_info info;
	socklen_t size = sizeof(type), info_size = sizeof(info);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
	       getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
	       (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP) &&
	       getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_size) == 0 &&
	       info.tcpi_state == TCP_CLOSE;
}

static int patience_of(int fd)
{
	struct timeval limit = {0};
	socklen_t size = sizeof(limit);

	if (fcntl(fd, F_GETFL) & O_NONBLOCK)
		return PATIENCE_MS;
	getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &size);
	if (limit.tv_sec == 0 && limit.tv_usec == 0)
		return -1;
	return limit.tv_sec > 86400 ? -1 : (int)(limit.tv_sec * 1000 + limit.tv_usec / 1000);
}

/* Hands the call to the program's relay. 0, or -errno: it still waits. */
static int redirect(struct supervision *supervision, uint32_t listener, const struct notice *notice,
	uint32_t program, const struct relay_request *request, int fd)
{
	struct guard_call *call = &supervision->guard.calls[request->number];
	int error = have_relay(supervision, program);

	if (error < 0)
		return error;
	supervision->asked[request->number] =
		(struct asked){program, request->address_len, request->address};
	atomic_store(&call->listener, listener);
	atomic_store(&call->notice, notice->id);
	error = ask(supervision, program, request, fd);
	if (error < 0)
		atomic_store(&call->notice, 0);
	return error;
}

/* The program's own descriptor, or -errno. */
static int take_descriptor(const struct supervised *program, const struct notice *notice)
{
	int fd = (int)syscall(SYS_pidfd_getfd, program->process, (int)notice->arguments[0], 0);

	return fd < 0 ? -errno : fd;
}

/* Somebody wants to know whether a supervisor of ours has the calls. */
static bool is_question(const struct sockaddr_storage *address, size_t len)
{
	const struct sockaddr_un *asked = (const struct sockaddr_un *)address;

	return asked->sun_family == AF_UNIX &&
	       len == offsetof(struct sockaddr_un, sun_path) + sizeof(SUPERVISE_QUESTION) - 1 &&
	       memcmp(asked->sun_path, SUPERVISE_QUESTION, sizeof(SUPERVISE_QUESTION) - 1) == 0;
}

/* Returns 1 if a relay has the call, 0 if it is none of ours, or -errno: it cannot be looked into. */
static int lead(struct supervision *supervision, uint32_t listener, const struct notice *notice)
{
	struct relay_request request = {.notice = notice->id, .number = find_place(supervision)};
	ssize_t len = read_address(notice, &request.address);
	uint32_t number;
	bool is_led;
	int fd, error;

	if (len > 0 && is_question(&request.address, (size_t)len)) {
		notice_answer(supervision->listeners[listener], notice->id, 0);
		return 1;
	}
	if (len <= 0 || !port_of(&request.address, (socklen_t)len))
		return len < 0 ? (int)len : 0;
	number = program_of(supervision, notice->thread);
	if (number == NONE || request.number == NONE)
		return -EAGAIN;
	is_led = supervised_has_port(
		supervision->programs[number], port_of(&request.address, (socklen_t)len));
	if (supervised_is_seen(supervision->programs[number], notice->instruction))
		return 0;
	fd = take_descriptor(supervision->programs[number], notice);
	if (fd < 0)
		return fd == -EBADF || !is_led ? 0 : fd;
	/* Whatever was read belongs to whoever has that pid now. */
	if (!notice_waits(supervision->listeners[listener], notice->id) || !is_fresh(fd)) {
		close(fd);
		return 0;
	}
	if (!is_led) {
		unled_count(supervision->folder, supervision->programs[number], &request.address);
		close(fd);
		return 0;
	}
	request.address_len = (uint32_t)len;
	request.patience_ms = patience_of(fd);
	error = redirect(supervision, listener, notice, number, &request, fd);
	close(fd);
	return error < 0 ? error : 1;
}

static void on_connect(
	struct supervision *supervision, uint32_t listener, const struct notice *notice)
{
	int led = lead(supervision, listener, notice);

	if (led > 0)
		return;
	if (led < 0 && notice_waits(supervision->listeners[listener], notice->id))
		tell_lost(supervision, notice->thread, led);
	notice_continue(supervision->listeners[listener], notice->id);
}

/* ---- getpeername() ---- */

static bool write_memory(pid_t thread, uint64_t at, const void *data, size_t size)
{
	struct iovec from = {(void *)data, size}, into = {(void *)at, size};

	return size == 0 || process_vm_writev(thread, &from, 1, &into, 1, 0) == (ssize_t)size;
}

static bool write_peer(const struct notice *notice, const struct peer *peer)
{
	uint32_t room = 0, len = peer->len;
	struct iovec into = {&room, sizeof(room)},
		     from = {(void *)notice->arguments[2], sizeof(room)};

	return process_vm_readv(notice->thread, &into, 1, &from, 1, 0) == sizeof(room) &&
	       write_memory(notice->thread, notice->arguments[1], &peer->address,
		       room < len ? room : len) &&
	       write_memory(notice->thread, notice->arguments[2], &len, sizeof(len));
}

/* Has the program been told? */
static bool tell_peer(
	struct supervision *supervision, uint32_t listener, const struct notice *notice)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address), size = sizeof(uint64_t);
	uint32_t number = program_of(supervision, notice->thread);
	const struct peer *peer = NULL;
	uint64_t cookie = 0;
	int fd;

	if (number == NONE)
		return false;
	fd = take_descriptor(supervision->programs[number], notice);
	if (fd < 0)
		return false;
	if (getpeername(fd, (struct sockaddr *)&address, &len) == 0 &&
		getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0)
		peer = peers_find(&supervision->peers, cookie);
	close(fd);
	return peer && notice_waits(supervision->listeners[listener], notice->id) &&
	       write_peer(notice, peer);
}

void calls_take(struct supervision *supervision, uint32_t listener, const struct notice *notice)
{
	if (notice->call == SYS_connect)
		on_connect(supervision, listener, notice);
	else if (tell_peer(supervision, listener, notice))
		notice_answer(supervision->listeners[listener], notice->id, 0);
	else
		notice_continue(supervision->listeners[listener], notice->id);
}
