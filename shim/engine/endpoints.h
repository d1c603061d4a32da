/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_ENDPOINTS_H
#define CHAOS_ENDPOINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/base/span.h"

#define ENDPOINTS_MAX 160

/* Hosts that are AWS to the program without being AWS's own: those that AWS_ENDPOINT_URL and
 * AWS_ENDPOINT_URL_SERVICE name, and those of CHAOS_INTERCEPT. Read once, as the program begins: the
 * environment is its own to change. */
struct endpoints {
	unsigned count, listed; /* the first `listed` are those of CHAOS_INTERCEPT */
	bool is_cut;		/* there were more than there is room for */
	struct endpoint {
		uint16_t port;	/* 0: any */
		char host[254]; /* as it stands there; an address as inet_ntop() writes it */
	} all[ENDPOINTS_MAX];
};

/*
 * Adds those of a list: HOST or HOST:PORT, with commas between them; an IPv6 address stands in brackets
 * where a port follows. Returns NULL, or what is wrong with the first entry that had to be left out, a
 * constant that reads on from "'ENTRY'", which is then in *wrong.
 */
const char *endpoints_add(struct endpoints *endpoints, const char *list, struct span *wrong);

/* Adds those of an environment such as environ, first those of CHAOS_INTERCEPT, and returns what
 * endpoints_add() says of these. A URL without a host is left out, and so is what there is no room for. */
const char *endpoints_read(
	struct endpoints *endpoints, char *const *environment, struct span *wrong);

/* Is it a name that a certificate may be for, or an address? Else what is wrong with it, as above. */
const char *endpoints_check_host(struct span host);

/* Is this one of them, a name below one, or LocalStack's own? */
bool endpoints_has_name(const struct endpoints *endpoints, const char *name);

/* Is it where LocalStack is by itself: its port on loopback, under no name but localhost? `name`: what the
 * program calls it, or "". */
bool endpoints_is_localstack(const char *name, const char *address, uint16_t port);

/* Is it that of one of them? In figures, as inet_ntop() writes it; the port in the host's order. */
bool endpoints_has_address(const struct endpoints *endpoints, const char *address, uint16_t port);

/* Is a list of ports, as of CHAOS_PORTS, one? Returns NULL, or what is wrong with the entry that *wrong is. */
const char *endpoints_check_ports(const char *list, struct span *wrong);

#endif
