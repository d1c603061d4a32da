/* SPDX-License-Identifier: Apache-2.0 */
#include "relay_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* So many parts, before others have their turn. */
enum { TURN = 4 };

enum progress { WAITS, GOES_ON, BROKEN };

static bool is_later(int error)
{
	return error == EAGAIN || error == EINTR;
}

static enum progress keep(struct relayed_end *to, const char *data, size_t len)
{
	to->kept = malloc(len);
	if (!to->kept)
		return BROKEN;
	memcpy(to->kept, data, len);
	to->kept_at = 0;
	to->kept_len = len;
	return WAITS;
}

static enum progress write_kept(struct relayed_end *to)
{
	while (to->kept) {
		ssize_t sent = send(
			to->fd, to->kept + to->kept_at, to->kept_len - to->kept_at, MSG_NOSIGNAL);

		if (sent < 0)
			return is_later(errno) ? WAITS : BROKEN;
		to->kept_at += (size_t)sent;
		if (to->kept_at < to->kept_len)
			continue;
		free(to->kept);
		to->kept = NULL;
	}
	return GOES_ON;
}

static enum progress write_part(struct relayed_end *to, const char *data, size_t len)
{
	ssize_t sent = send(to->fd, data, len, MSG_NOSIGNAL);

	if (sent < 0 && !is_later(errno))
		return BROKEN;
	if (sent < 0)
		sent = 0;
	return (size_t)sent == len ? GOES_ON : keep(to, data + sent, len - (size_t)sent);
}

static enum progress pass_end(struct relayed_end *to)
{
	if (to->is_shut)
		return WAITS;
	to->is_shut = true;
	/* It may have gone; then reading tells how. */
	shutdown(to->fd, SHUT_WR);
	return WAITS;
}

static enum progress copy_part(
	struct relay *relay, struct relayed_end *from, struct relayed_end *to)
{
	ssize_t got;
	enum progress progress = write_kept(to);

	if (progress != GOES_ON)
		return progress;
	if (from->is_read)
		return pass_end(to);
	got = recv(from->fd, relay->part, sizeof(relay->part), 0);
	if (got < 0)
		return is_later(errno) ? WAITS : BROKEN;
	if (got > 0) {
		progress = write_part(to, relay->part, (size_t)got);
		/* There will hardly be more. */
		return progress == GOES_ON && got < RELAYED_PART ? WAITS : progress;
	}
	from->is_read = true;
	return pass_end(to);
}

static bool copy(struct relay *relay, struct relayed_end *from, struct relayed_end *to)
{
	enum progress progress = GOES_ON;

	for (int turn = 0; turn < TURN && progress == GOES_ON; turn++)
		progress = copy_part(relay, from, to);
	return progress != BROKEN;
}

static uint32_t wanted(const struct relayed_end *end, const struct relayed_end *other)
{
	uint32_t events = 0;

	if (!end->is_read && !other->kept)
		events |= EPOLLIN;
	if (end->kept)
		events |= EPOLLOUT;
	/* A reset is to be noticed also while nothing can be read; both ends' being shut, but once. */
	if (!events && !(end->is_read && end->is_shut))
		events = EPOLLERR | EPOLLET;
	return events;
}

/* The program is gone, and has no use for what the server may say. */
static bool is_done(const struct relay *relay, const struct relayed *relayed)
{
	const struct relayed_end *program = &relayed->program, *server = &relayed->server;

	if (program->is_shut && server->is_shut)
		return true;
	return relay->is_program_ended && program->is_read && server->is_shut;
}

void relayed_copy(struct relay *relay, struct relayed_end *end, uint32_t events)
{
	struct relayed *relayed = end->of;
	struct relayed_end *other = end == &relayed->program ? &relayed->server : &relayed->program;
	bool is_whole = true;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		is_whole = copy(relay, end, other);
	/* What a server has said before it hung up is heard, too. */
	if (is_whole && events & EPOLLOUT)
		is_whole = copy(relay, other, end);
	else if (!is_whole)
		copy(relay, other, end);
	if (!is_whole) {
		relayed_end(relay, relayed, true);
		return;
	}
	if (is_done(relay, relayed)) {
		relayed_end(relay, relayed, false);
		return;
	}
	relayed_watch(relay, end, wanted(end, other));
	relayed_watch(relay, other, wanted(other, end));
}
