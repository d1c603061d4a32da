/* SPDX-License-Identifier: Apache-2.0 */
/* GnuTLS 3. The numbers are of its public headers, and fixed by its ABI. */

#include <errno.h>
#include <string.h>

#include "shim/libc/real.h"
#include "on.h"
#include "session.h"

enum { GNUTLS_E_AGAIN = -28, GNUTLS_E_INVALID_REQUEST = -50, GNUTLS_E_INTERRUPTED = -52 };
enum { GNUTLS_SHUT_WR = 1 };

/* Nothing tells it as such, but only a server can ask which name it was called by. */
static bool is_server(const struct stack *stack, void *key)
{
	unsigned int type;
	char name[1];
	size_t len = sizeof(name);

	return stack->gnutls_server_name_get(key, name, &len, &type, 0) != GNUTLS_E_INVALID_REQUEST;
}

static void ask(const struct stack *stack, void *key, struct session_facts *facts)
{
	struct gnutls_bytes client = {0}, server = {0}, protocol = {0};
	int in = -1;

	/* The transport may be a pointer of the program's own: then this is no descriptor of a
	 * connection that we know, or the random says better. */
	stack->gnutls_transport_get_int2(key, &in, &facts->fd);
	facts->is_server = is_server(stack, key);
	stack->gnutls_session_get_random(key, &client, &server);
	facts->has_random = client.data && client.size == sizeof(facts->random);
	if (facts->has_random)
		memcpy(facts->random, client.data, sizeof(facts->random));
	if (stack->gnutls_alpn_get_selected_protocol(key, &protocol) == 0)
		facts->is_http2 = protocol.size == 2 && memcmp(protocol.data, "h2", 2) == 0;
}

static void write_all(const struct stack *stack, void *key, int fd, const char *data, size_t len)
{
	struct session_real before = session_enter_real(stack, key);

	while (len) {
		ssize_t written = stack->gnutls_record_send(key, data, len);
		struct pollfd waiting = {.fd = fd, .events = POLLOUT};

		if (written > 0) {
			data += written;
			len -= (size_t)written;
		} else if (written == GNUTLS_E_INTERRUPTED) {
			continue;
		} else if (written != GNUTLS_E_AGAIN || real.poll(&waiting, 1, 5000) <= 0) {
			break;
		}
	}
	session_leave_real(before);
}

static const struct session_calls calls = {ask, write_all};

/* Offers the bytes; a call without any goes on with what the library had taken before. */
static ssize_t offer(const struct stack *stack, void *session, const void *buf, size_t len)
{
	return buf && len ? session_write(&calls, stack, session, buf, len) : SESSION_PASS;
}

static ssize_t written(void *session, size_t len, ssize_t result, struct session_real before)
{
	session_leave_real(before);
	session_written(session, len, result > 0 ? (size_t)result : 0);
	return result;
}

ssize_t on_gnutls_record_send(const struct stack *stack, void *session, const void *buf, size_t len)
{
	ssize_t taken = offer(stack, session, buf, len);
	struct session_real before;

	if (taken != SESSION_PASS)
		return taken;
	before = session_enter_real(stack, session);
	return written(session, len, stack->gnutls_record_send(session, buf, len), before);
}

ssize_t on_gnutls_record_send2(const struct stack *stack, void *session, const void *buf,
	size_t len, size_t pad, unsigned int flags)
{
	ssize_t taken = offer(stack, session, buf, len);
	struct session_real before;

	if (taken != SESSION_PASS)
		return taken;
	before = session_enter_real(stack, session);
	return written(
		session, len, stack->gnutls_record_send2(session, buf, len, pad, flags), before);
}

ssize_t on_gnutls_record_send_early_data(
	const struct stack *stack, void *session, const void *buf, size_t len)
{
	session_note_early(session);
	return stack->gnutls_record_send_early_data(session, buf, len);
}

ssize_t on_gnutls_record_recv_seq(
	const struct stack *stack, void *session, void *buf, size_t len, unsigned char *sequence)
{
	ssize_t got = session_read(session, buf, len, false), served;
	struct session_real before;

	if (got == SESSION_PASS) {
		before = session_enter_real(stack, session);
		got = sequence ? stack->gnutls_record_recv_seq(session, buf, len, sequence)
			       : stack->gnutls_record_recv(session, buf, len);
		session_leave_real(before);
		if (got > 0) {
			session_got(session, buf, (size_t)got);
			return got;
		}
		session_got_nothing(session, got == 0 && len);
		served = session_read(session, buf, len, false);
		return served == SESSION_PASS ? got : served;
	}
	if (sequence)
		memset(sequence, 0, 8);
	return got;
}

ssize_t on_gnutls_record_recv(const struct stack *stack, void *session, void *buf, size_t len)
{
	return on_gnutls_record_recv_seq(stack, session, buf, len, NULL);
}

size_t on_gnutls_record_check_pending(const struct stack *stack, void *session)
{
	size_t pending = session_pending(session);

	return pending ? pending : stack->gnutls_record_check_pending(session);
}

int on_gnutls_record_uncork(const struct stack *stack, void *session, unsigned int flags)
{
	struct session_real before = session_enter_real(stack, session);
	int result;

	result = stack->gnutls_record_uncork(session, flags);
	session_leave_real(before);
	return result;
}

int on_gnutls_handshake(const struct stack *stack, void *session)
{
	struct session_real before = session_enter_real(stack, session);
	int result = stack->gnutls_handshake(session);

	session_leave_real(before);
	if (result == 0)
		session_begin(&calls, stack, session);
	else
		session_note_hello(&calls, stack, session);
	return result;
}

int on_gnutls_bye(const struct stack *stack, void *session, int how)
{
	struct session_real before = session_enter_real(stack, session);
	int result;

	/* The server's goodbye will not come: it has not seen the request. */
	result = stack->gnutls_bye(session, session_is_answered(session) ? GNUTLS_SHUT_WR : how);
	session_leave_real(before);
	return result;
}

void on_gnutls_deinit(const struct stack *stack, void *session)
{
	session_forget(session);
	stack->gnutls_deinit(session);
}

void on_gnutls_transport_set_int2(const struct stack *stack, void *session, int in, int out)
{
	session_forget(session);
	stack->gnutls_transport_set_int2(session, in, out);
}

void on_gnutls_transport_set_ptr(const struct stack *stack, void *session, void *pointer)
{
	session_forget(session);
	stack->gnutls_transport_set_ptr(session, pointer);
}

void on_gnutls_transport_set_ptr2(const struct stack *stack, void *session, void *in, void *out)
{
	session_forget(session);
	stack->gnutls_transport_set_ptr2(session, in, out);
}
