/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_ENDPOINTS_H
#define CHAOS_ENDPOINTS_H

#include <stdbool.h>
#include <stdint.h>

#define ENDPOINTS_MAX 16

/* The hosts that AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_SERVICE name: to the program they are AWS. Read
 * once, as the program begins: the environment is its own to change. */
struct endpoints {
	unsigned count;
	struct endpoint {
		uint16_t port;
		char host[254]; /* as it stands there; an IPv6 address without its brackets */
	} all[ENDPOINTS_MAX];
};

/* Fills zeroed endpoints from the environment. */
void endpoints_read(struct endpoints *endpoints);

/* Is this one of them, a name below one, or LocalStack's own? */
bool endpoints_has_name(const struct endpoints *endpoints, const char *name);

/* Is it that of one of them? In figures, as inet_ntop() writes it; the port in the host's order. */
bool endpoints_has_address(const struct endpoints *endpoints, const char *address, uint16_t port);

#endif
