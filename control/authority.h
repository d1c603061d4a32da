/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_AUTHORITY_H
#define CHAOS_CONTROL_AUTHORITY_H

/*
 * The certification authority of a runtime folder, whose leaves the programs of this folder are shown
 * where their TLS cannot be looked into otherwise. It is good for the names of AWS, for loopback and for
 * the hosts that it was made for, and for no other server.
 *
 * It is a root, which programs trust, and an intermediate, which signs the leaves and is shown with
 * them. Both are limited so; the root's own key is forgotten as soon as it has signed the intermediate.
 */

#include <time.h>

#include "refusal.h"
#include "shim/engine/endpoints.h"

/*
 * Makes ca.key (0600) and ca.pem in the folder, unless those that are there will be good for a week at
 * least, and for just these hosts. Each is put there whole or not at all; ca.key has the intermediate's key,
 * its certificate and the root's, which always fit; ca.pem has the root's alone. Returns 0 or -EINVAL; *renew_at is when it is to be
 * called again.
 */
int authority_keep(
	const char *folder, const struct endpoints *hosts, time_t *renew_at, struct refusal *why);

/*
 * Those of the hosts that the certificate (PEM) does not vouch for are put into *missing. Returns 0, or
 * -EINVAL: it is no certificate of an authority of ours.
 */
int authority_missing(const char *pem, const struct endpoints *hosts, struct endpoints *missing);

#endif
