/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL 1.1 and 3. The numbers are of its public headers, and fixed by its ABI. */

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "shim/libc/real.h"
#include "on.h"
#include "session.h"

enum { SSL_ERROR_WANT_READ = 2, SSL_ERROR_WANT_WRITE = 3, SSL_ERROR_ZERO_RETURN = 6 };
enum { SSL_RECEIVED_SHUTDOWN = 2 };

static void ask(const struct stack *stack, void *key, struct session_facts *facts)
{
	const unsigned char *protocol = NULL;
	unsigned int len = 0;

	facts->fd = stack->SSL_get_fd ? stack->SSL_get_fd(key) : -1;
	facts->is_server = stack->SSL_is_server && stack->SSL_is_server(key);
	facts->has_random = stack->SSL_get_client_random &&
			    stack->SSL_get_client_random(key, facts->random,
				    sizeof(facts->random)) == sizeof(facts->random);
	if (stack->SSL_get0_alpn_selected)
		stack->SSL_get0_alpn_selected(key, &protocol, &len);
	facts->is_http2 = len == 2 && memcmp(protocol, "h2", 2) == 0;
}

/* What passes of an offer of which a part was taken. An error is the session's own: the program meets it
 * next time. */
static void write_all(const struct stack *stack, void *key, int fd, const char *data, size_t len)
{
	struct session_real before = session_enter_real(stack, key);

	while (len) {
		int size = len < INT_MAX ? (int)len : INT_MAX;
		int written = stack->SSL_write(key, data, size);
		struct pollfd waiting = {.fd = fd, .events = POLLOUT};

		if (written > 0) {
			data += written;
			len -= (size_t)written;
			continue;
		}
		switch (stack->SSL_get_error(key, written)) {
		case SSL_ERROR_WANT_READ:
			waiting.events = POLLIN;
			break;
		case SSL_ERROR_WANT_WRITE:
			break;
		default:
			len = 0;
			continue;
		}
		if (real.poll(&waiting, 1, 5000) <= 0)
			break;
	}
	session_leave_real(before);
}

static const struct session_calls calls = {ask, write_all};

typedef int handshake_function(void *session);

static int shake_hands(const struct stack *stack, handshake_function *function, void *session)
{
	struct session_real before = session_enter_real(stack, session);
	int result = function(session);

	session_leave_real(before);
	if (result > 0)
		session_begin(&calls, stack, session);
	else
		session_note_hello(&calls, stack, session);
	return result;
}

int on_SSL_do_handshake(const struct stack *stack, void *session)
{
	return shake_hands(stack, stack->SSL_do_handshake, session);
}

int on_SSL_connect(const struct stack *stack, void *session)
{
	return shake_hands(stack, stack->SSL_connect, session);
}

/* A first write does the handshake, if that has not been done: before it nothing is known. */
static int begin(const struct stack *stack, void *session)
{
	if (session_is_known(session) || !stack->SSL_is_init_finished ||
		stack->SSL_is_init_finished(session))
		return 1;
	return on_SSL_do_handshake(stack, session);
}

int on_SSL_write_ex2(const struct stack *stack, void *session, const void *buf, size_t len,
	uint64_t flags, size_t *written)
{
	struct session_real before;
	ssize_t taken;
	int result;

	if (begin(stack, session) <= 0)
		return 0;
	taken = len ? session_write(&calls, stack, session, buf, len) : SESSION_PASS;
	if (taken != SESSION_PASS) {
		*written = (size_t)taken;
		return 1;
	}
	before = session_enter_real(stack, session);
	/* Without flags it is the function that older versions have, too. */
	result = flags ? stack->SSL_write_ex2(session, buf, len, flags, written)
		       : stack->SSL_write_ex(session, buf, len, written);
	session_leave_real(before);
	session_written(session, len, result > 0 ? *written : 0);
	return result;
}

int on_SSL_write_ex(
	const struct stack *stack, void *session, const void *buf, size_t len, size_t *written)
{
	return on_SSL_write_ex2(stack, session, buf, len, 0, written);
}

int on_SSL_write(const struct stack *stack, void *session, const void *buf, int len)
{
	int result = begin(stack, session);
	struct session_real before;
	ssize_t taken = SESSION_PASS;

	if (result <= 0)
		return -1;
	if (len > 0)
		taken = session_write(&calls, stack, session, buf, (size_t)len);
	if (taken != SESSION_PASS)
		return (int)taken;
	before = session_enter_real(stack, session);
	result = stack->SSL_write(session, buf, len);
	session_leave_real(before);
	if (len > 0)
		session_written(session, (size_t)len, result > 0 ? (size_t)result : 0);
	return result;
}

int on_SSL_write_early_data(
	const struct stack *stack, void *session, const void *buf, size_t len, size_t *written)
{
	struct session_real before = session_enter_real(stack, session);
	int result = stack->SSL_write_early_data(session, buf, len, written);

	session_leave_real(before);
	session_note_early(session);
	return result;
}

/* With the keys in the kernel nobody would see the bytes: they take the way through a buffer. */
ssize_t on_SSL_sendfile(
	const struct stack *stack, void *session, int in_fd, off_t offset, size_t len, int flags)
{
	char buffer[4096]; /* the program's stack may be small */
	ssize_t got = pread(in_fd, buffer, len < sizeof(buffer) ? len : sizeof(buffer), offset);

	(void)flags;
	return got > 0 ? on_SSL_write(stack, session, buffer, (int)got) : got;
}

/* As if the server had said goodbye, which it will not: it has not seen the request. Programs ask. */
static void note_goodbye(const struct stack *stack, void *session)
{
	stack->SSL_set_shutdown(session, stack->SSL_get_shutdown(session) | SSL_RECEIVED_SHUTDOWN);
}

/* A first read does the handshake, too. */
static void note_hello(const struct stack *stack, void *session)
{
	if (!session_is_known(session) && stack->SSL_is_init_finished &&
		!stack->SSL_is_init_finished(session))
		session_note_hello(&calls, stack, session);
}

/* The real read gave nothing. Asks nothing that leaves a trace in the program's queue of errors. */
static void note_nothing(const struct stack *stack, void *session)
{
	note_hello(stack, session);
	session_got_nothing(session, stack->SSL_get_shutdown(session) & SSL_RECEIVED_SHUTDOWN);
}

/* Bytes of the reply, 0 at its end, or SESSION_PASS. */
static ssize_t serve(const struct stack *stack, void *session, void *buf, size_t len, bool peek)
{
	ssize_t served = session_read(session, buf, len, peek);

	if (served == 0 && len)
		note_goodbye(stack, session);
	return served;
}

typedef int read_ex_function(void *session, void *buf, size_t len, size_t *got);

static int read_ex(const struct stack *stack, read_ex_function *function, void *session, void *buf,
	size_t len, size_t *got, bool peek)
{
	ssize_t served = serve(stack, session, buf, len, peek);
	struct session_real before;
	int result;

	if (served == SESSION_PASS) {
		before = session_enter_real(stack, session);
		result = function(session, buf, len, got);
		session_leave_real(before);
		if (result > 0 && !peek)
			session_got(session, buf, *got);
		if (result > 0)
			return result;
		note_nothing(stack, session);
		served = serve(stack, session, buf, len, peek);
		if (served == SESSION_PASS)
			return result;
	}
	*got = (size_t)served;
	return served > 0;
}

int on_SSL_read_ex(const struct stack *stack, void *session, void *buf, size_t len, size_t *got)
{
	return read_ex(stack, stack->SSL_read_ex, session, buf, len, got, false);
}

int on_SSL_peek_ex(const struct stack *stack, void *session, void *buf, size_t len, size_t *got)
{
	return read_ex(stack, stack->SSL_peek_ex, session, buf, len, got, true);
}

typedef int read_function(void *session, void *buf, int len);

static int read_int(const struct stack *stack, read_function *function, void *session, void *buf,
	int len, bool peek)
{
	size_t size = len > 0 ? (size_t)len : 0;
	ssize_t served = serve(stack, session, buf, size, peek);
	struct session_real before;
	int result;

	if (served != SESSION_PASS)
		return (int)served;
	before = session_enter_real(stack, session);
	result = function(session, buf, len);
	session_leave_real(before);
	if (result > 0 && !peek)
		session_got(session, buf, (size_t)result);
	if (result > 0)
		return result;
	note_nothing(stack, session);
	served = serve(stack, session, buf, size, peek);
	return served == SESSION_PASS ? result : (int)served;
}

int on_SSL_read(const struct stack *stack, void *session, void *buf, int len)
{
	return read_int(stack, stack->SSL_read, session, buf, len, false);
}

int on_SSL_peek(const struct stack *stack, void *session, void *buf, int len)
{
	return read_int(stack, stack->SSL_peek, session, buf, len, true);
}

int on_SSL_pending(const struct stack *stack, const void *session)
{
	size_t pending = session_pending(session);

	return pending ? (int)pending : stack->SSL_pending(session);
}

int on_SSL_has_pending(const struct stack *stack, const void *session)
{
	return session_pending(session) ? 1 : stack->SSL_has_pending(session);
}

int on_SSL_get_error(const struct stack *stack, const void *session, int result)
{
	if (result <= 0 && session_has_ended(session))
		return SSL_ERROR_ZERO_RETURN;
	return stack->SSL_get_error(session, result);
}

int on_SSL_shutdown(const struct stack *stack, void *session)
{
	struct session_real before;
	int result;

	if (session_is_answered(session))
		note_goodbye(stack, session);
	before = session_enter_real(stack, session);
	result = stack->SSL_shutdown(session);
	session_leave_real(before);
	return result;
}

/* Where another session was that ended without our seeing it. */
void *on_SSL_new(const struct stack *stack, void *context)
{
	void *session = stack->SSL_new(context);

	session_forget(session);
	return session;
}

int on_SSL_clear(const struct stack *stack, void *session)
{
	session_forget(session);
	return stack->SSL_clear(session);
}

void on_SSL_free(const struct stack *stack, void *session)
{
	session_forget(session);
	stack->SSL_free(session);
}

int on_SSL_set_fd(const struct stack *stack, void *session, int fd)
{
	session_forget(session);
	return stack->SSL_set_fd(session, fd);
}

int on_SSL_set_rfd(const struct stack *stack, void *session, int fd)
{
	session_forget(session);
	return stack->SSL_set_rfd(session, fd);
}

int on_SSL_set_wfd(const struct stack *stack, void *session, int fd)
{
	session_forget(session);
	return stack->SSL_set_wfd(session, fd);
}

void on_SSL_set_bio(const struct stack *stack, void *session, void *read_bio, void *write_bio)
{
	session_forget(session);
	stack->SSL_set_bio(session, read_bio, write_bio);
}

void on_SSL_set0_rbio(const struct stack *stack, void *session, void *bio)
{
	session_forget(session);
	stack->SSL_set0_rbio(session, bio);
}

void on_SSL_set0_wbio(const struct stack *stack, void *session, void *bio)
{
	session_forget(session);
	stack->SSL_set0_wbio(session, bio);
}
