/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_CLIENT_H
#define CHAOS_TOOLS_CLIENT_H

/* One request to the daemon of a runtime folder. */

#include <stddef.h>

struct client_request {
	const char *folder;
	const char *method, *path;
	const char *body; /* NULL: none */
	size_t body_size;
};

struct client_answer {
	long status; /* of HTTP */
	char *body;  /* NUL-terminated */
	size_t body_size;
	char *warnings; /* one to a line; empty: none */
};

/*
 * Returns 0 with an answer, of whatever status, that the caller has to free with client_free(); or
 * an error of folder_probe(); or -EIO with the reason in `reason`, when there was no whole answer.
 */
int client_call(
	const struct client_request *request, struct client_answer *answer, char reason[256]);

void client_free(struct client_answer *answer);

#endif
