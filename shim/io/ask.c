/* SPDX-License-Identifier: Apache-2.0 */
#include "ask.h"

#include <time.h>

#include "cipher.h"
#include "deliver.h"

void ask_tell_connection(void *user)
{
	(void)user;
	shim_count_connection();
}

void ask_tell_hello(void *user, const char *data, size_t len)
{
	cipher_begin(((struct ask_teller *)user)->conn, data, len);
}

void ask_tell_call(void *user, const struct aws_call *call, const struct rules_verdict *verdict)
{
	shim_count_call(verdict);
	if (aws_call_is_unnamed(call, &((struct ask_teller *)user)->conn->last_operation))
		shim_count_unnamed();
}

void ask_tell_blind(void *user, int reason)
{
	conn_count_blind(((struct ask_teller *)user)->conn, reason);
}

static void *tell_begun(void *user, struct event *event)
{
	const struct conn *conn = ((struct ask_teller *)user)->conn;

	event->connection = conn->serial << 16 | conn->index;
	if (conn->bridge.bridge)
		event->lane = JOURNAL_LANE_BRIDGE + 1;
	else if (conn->tls.is_tls)
		event->lane = JOURNAL_LANE_INSIDE + 1;
	return shim_begin_event(event);
}

_Static_assert(sizeof(struct record) <= SHIM_EVENT_SIZE, "as much is reserved");

const struct record_host ask_record = {
	.wants = shim_records,
	.now = shim_event_time,
	.take = shim_take_for_event,
	.begun = tell_begun,
	.ended = shim_end_event,
	.missed = shim_miss_event,
};

time_t ask_date(void)
{
	return time(NULL);
}

bool ask_take(struct conn *conn, int fd, const struct exchange_env *env, const struct iovec *iov,
	int count, struct exchange_step *step)
{
	if (!conn_verify(conn, fd)) {
		exchange_let_go(&conn->exchange, env, step);
		return false;
	}
	exchange_take(&conn->exchange, env, iov, count, step);
	deliver(conn);
	if (conn->exchange.ended)
		conn_attend(conn, CONN_ENDED, 0);
	return true;
}
