/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_TRUST_H
#define CHAOS_BRIDGE_TRUST_H

/* Whom the program believes: the system's bundle, and those that it was given. */

#include <openssl/x509.h>

#include "anchors.h"
#include "shim/base/span.h"

#define TRUST_FILES 32u

/* A file that the program has read. */
struct trust_file {
	struct span *_Atomic content; /* NULL: none */
	struct anchors *_Atomic anchors;
};

struct trust {
	char **bundles;			/* NULL at the end */
	char *password;			/* of one of them; NULL: none is known */
	struct anchors *_Atomic system; /* of the system's bundle; NULL: not needed yet */
	struct anchors *_Atomic given;	/* of those files of `bundles` */
	struct trust_file files[TRUST_FILES];
};

/* Copies the names and the password, each of which may be NULL. False: no memory. */
bool trust_begin(struct trust *trust, const char *const *bundles, const char *password);
void trust_free(struct trust *trust);

/* The program believes those in this file, too, whose content stays the caller's. Any thread, at any time; more than
 * TRUST_FILES are not kept. */
void trust_give(struct trust *trust, struct span content);

/* Is this the certificate of a server, with these to build a chain from, by its dates and by who vouches
 * for it? Its name is not looked at. An X509_V_ERR. */
int trust_verify(struct trust *trust, X509 *certificate, STACK_OF(X509) * untrusted);

#endif
