/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors come and go: connect, dup, close and their kin. */

#include "life.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "bridged.h"
#include "bridged_tell.h"
#include "deliver.h"
#include "reply.h"
#include "on.h"
#include "shim/libc/real.h"
#include "shim/process/shim.h"

/* Is a descriptor needed yet: for what is on the line, or to wake who waits at a duplicate? */
static bool is_needed(const struct conn *conn, bool is_last)
{
	return !line_is_empty(&conn->exchange.line) || (conn->look_again && !is_last);
}

/* The program gives up a descriptor of a connection that a rule has made something of. */
static void retire(struct conn *conn, int fd)
{
	bool is_last = atomic_load(&conn->descriptors) == 1;

	if (!conn_verify(conn, fd))
		return;
	if (is_last && !conn->inherited)
		reply_drain(conn, fd);
	if (is_last && !conn->inherited && is_bridged(conn))
		bridged_let_go(conn, fd);
	if (is_needed(conn, is_last) && conn->fd == fd && !conn_adopt_duplicate(conn, fd))
		deliver_at_once(conn);
	if (is_last && !is_needed(conn, is_last))
		conn_close_duplicate(conn);
}

static void forget(int fd)
{
	struct conn *conn = conn_at(fd);

	if (!conn || !conn_enter(conn, fd))
		return;
	if (conn_has_work(conn) || conn->owns_fd)
		retire(conn, fd);
	/* The number may stand for something else soon. */
	if (conn->fd == fd && !conn->owns_fd)
		conn->fd = -1;
	conn_drop(conn, fd);
}

/* The program wants this number: a descriptor of ours has to go elsewhere. */
static void make_way(int fd)
{
	struct conn *conn = conn_private_at(fd);

	if (!conn || conn_is_inside())
		return;
	conn_enter_always(conn);
	if (conn_private_at(fd) == conn && conn_verify(conn, fd) &&
		!conn_adopt_duplicate(conn, fd)) {
		deliver_at_once(conn);
		conn_close_duplicate(conn);
	}
	conn_leave(conn);
}

static bool has_family(const struct sockaddr *addr, socklen_t len, sa_family_t family)
{
	return len >= sizeof(addr->sa_family) && addr->sa_family == family;
}

/* The socket is connected to nothing any more, or to another peer: what was to be done is not. */
static void disconnect(int fd)
{
	struct conn *conn = conn_at(fd);

	if (!conn || !conn_enter(conn, fd))
		return;
	deliver_lose(conn);
	conn_close_duplicate(conn);
	if (conn->fd == fd)
		conn->fd = -1;
	conn_drop(conn, fd);
}

/* Is this but the second look at a connect() that was under way? */
static bool is_same_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	const struct conn *conn = conn_at(fd);

	return conn && conn_attention(conn) & CONN_QUEUED && socket_is_to(&conn->socket, addr, len);
}

int life_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	int result = real.connect(fd, addr, len);
	int error = errno;

	/* The kernel comes first: the address may be no address at all. */
	if ((result < 0 && error != EINPROGRESS && error != EINTR) || conn_is_inside())
		return result;
	if (has_family(addr, len, AF_UNSPEC)) {
		disconnect(fd);
	} else if ((has_family(addr, len, AF_INET) || has_family(addr, len, AF_INET6)) &&
		   !is_same_connect(fd, addr, len)) {
		disconnect(fd);
		conn_track(fd, addr, len);
		shim_look();
		shim_enlist();
	}
	errno = error;
	return result;
}

int on_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	return life_connect(fd, addr, len);
}

/* What stood here was closed behind our back. */
static int made(int fd)
{
	struct conn *conn = fd >= 0 ? conn_at(fd) : NULL;

	if (conn && conn_enter(conn, fd))
		conn_drop(conn, fd);
	return fd;
}

int on_socket(int family, int type, int protocol)
{
	return made(real.socket(family, type, protocol));
}

int on_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	return made(real.accept(fd, addr, len));
}

int on_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	return made(real.accept4(fd, addr, len, flags));
}

int on_shutdown(struct conn *conn, int fd, int how)
{
	bool is_same;
	int result;

	if (how == SHUT_RD || !(conn_attention(conn) & (CONN_QUEUED | CONN_BRIDGED)) ||
		!conn_enter(conn, fd))
		return real.shutdown(fd, how);
	is_same = conn_verify(conn, fd);
	if (!is_same || !deliver_shutdown(conn))
		result = real.shutdown(fd, how);
	else /* a reader is to wake now, whatever is still to be sent */
		result = how == SHUT_RDWR ? real.shutdown(fd, SHUT_RD) : 0;
	/* The kernel knows no other way. */
	conn->bridge.sends_no_more |= result == 0 && is_same && is_bridged(conn);
	conn_leave(conn);
	return result;
}

/* Copies what is known of fd to its new duplicate. */
static int shared(int fd, int to)
{
	if (to >= 0 && conn_at(to) != conn_at(fd))
		made(to);
	if (to >= 0 && !conn_is_inside())
		conn_share(fd, to);
	return to;
}

int on_dup(struct conn *conn, int fd)
{
	(void)conn;
	return shared(fd, real.dup(fd));
}

/* dup2() and dup3() close `to` first. */
static void before_replacing(int fd, int to)
{
	const struct conn *conn = conn_at(to);

	if (fd == to || conn_is_inside() || !(conn || conn_private_at(to)))
		return;
	/* One that no rule has touched is forgotten when its number has another meaning. */
	if (conn && !conn_has_work(conn) && !conn->owns_fd)
		return;
	if (real.fcntl(fd, F_GETFD) < 0)
		return;
	make_way(to);
	forget(to);
}

int on_dup2(int fd, int to)
{
	before_replacing(fd, to);
	return fd == to ? real.dup2(fd, to) : shared(fd, real.dup2(fd, to));
}

int on_dup3(int fd, int to, int flags)
{
	if (!(flags & ~O_CLOEXEC))
		before_replacing(fd, to);
	return shared(fd, real.dup3(fd, to, flags));
}

int on_fcntl(struct conn *conn, int fd, int command, void *arg)
{
	int result = real.fcntl(fd, command, arg);

	(void)conn;
	return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? shared(fd, result) : result;
}

int on_fcntl64(struct conn *conn, int fd, int command, void *arg)
{
	return on_fcntl(conn, fd, command, arg);
}

int on_close(int fd)
{
	if (conn_at(fd))
		forget(fd);
	if (conn_private_at(fd) && !conn_is_inside()) {
		/* To the program this number is not open. */
		errno = EBADF;
		return -1;
	}
	return real.close(fd);
}

/* A stream reads and writes inside libc, past all hooks: the connection is no longer ours to touch. */
FILE *on_fdopen(int fd, const char *mode)
{
	FILE *file = real.fdopen(fd, mode);
	struct conn *conn = file ? conn_at(fd) : NULL;
	int error = errno;

	if (conn && conn_enter(conn, fd)) {
		conn_count_blind(conn, JOURNAL_BLIND_STREAM);
		exchange_lose_sight(&conn->exchange);
		conn_leave(conn);
		forget(fd);
	}
	errno = error;
	return file;
}

int on_fclose(FILE *file)
{
	int fd = file ? fileno(file) : -1;

	if (conn_at(fd))
		forget(fd);
	return real.fclose(file);
}

#define CLOSE_RANGE_KNOWN (CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)

/* Calls close_range() for the descriptors of the range that are not ours. */
static int close_theirs(unsigned int first, unsigned int last, int flags)
{
	unsigned int end = last < slots_end() ? last : slots_end();

	for (unsigned int fd = first; fd <= end; fd++) {
		if (conn_at((int)fd) && !(flags & CLOSE_RANGE_CLOEXEC))
			forget((int)fd);
		if (!conn_private_at((int)fd))
			continue;
		if (fd > first && real.close_range(first, fd - 1, flags))
			return -1;
		first = fd + 1;
	}
	return first > last ? 0 : real.close_range(first, last, flags);
}

int on_close_range(unsigned int first, unsigned int last, int flags)
{
	if (first > last || flags & ~CLOSE_RANGE_KNOWN || conn_is_inside() || !conn_count())
		return real.close_range(first, last, flags);
	return close_theirs(first, last, flags);
}

void on_closefrom(int first)
{
	int error = errno;

	if (conn_is_inside() || !conn_count() ||
		close_theirs(first < 0 ? 0 : (unsigned int)first, UINT_MAX, 0))
		real.closefrom(first);
	errno = error;
}
