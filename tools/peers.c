/* SPDX-License-Identifier: Apache-2.0 */
#include "peers.h"

#include <stdlib.h>

const struct peer *peers_find(const struct peers *peers, uint64_t cookie)
{
	const struct peer *peer = peers->rows[cookie % PEERS_ROWS];

	while (peer && peer->cookie != cookie)
		peer = peer->next;
	return peer;
}

void peers_forget(struct peers *peers, uint64_t cookie)
{
	struct peer **at = &peers->rows[cookie % PEERS_ROWS], *found;

	while (*at && (*at)->cookie != cookie)
		at = &(*at)->next;
	found = *at;
	if (!found)
		return;
	*at = found->next;
	free(found);
}

void peers_put(struct peers *peers, uint64_t cookie, pid_t pid,
	const struct sockaddr_storage *address, socklen_t len)
{
	struct peer *peer, **row = &peers->rows[cookie % PEERS_ROWS];

	peers_forget(peers, cookie);
	peer = malloc(sizeof(*peer));
	if (!peer)
		return;
	*peer = (struct peer){*row, cookie, pid, len, *address};
	*row = peer;
}

void peers_forget_process(struct peers *peers, pid_t pid)
{
	for (unsigned row = 0; row < PEERS_ROWS; row++) {
		struct peer **at = &peers->rows[row];

		while (*at) {
			struct peer *peer = *at;

			if (peer->pid != pid) {
				at = &peer->next;
				continue;
			}
			*at = peer->next;
			free(peer);
		}
	}
}
