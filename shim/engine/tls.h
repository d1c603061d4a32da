/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_ENGINE_TLS_H
#define CHAOS_ENGINE_TLS_H

/* What can be read of TLS (RFC 8446) without a key: the ClientHello, and the types of records. */

#include <stdbool.h>
#include <stdint.h>

#include "shim/base/span.h"

#define TLS_RANDOM_LEN 32
#define TLS_NAME_MAX   256

struct tls_hello {
	uint8_t random[TLS_RANDOM_LEN];
	struct span
		server_name; /* in `name`; .len 0: not sent, not within the bytes seen, or longer */
	char name[TLS_NAME_MAX];
};

/* May these first bytes of a stream be the beginning of a TLS connection? */
bool tls_sniff(const char *data, size_t len);

/*
 * Reads a ClientHello at the beginning of a stream, in however many records it comes. The random is needed,
 * the server name is taken if it is within the bytes given. False: no ClientHello, or too few bytes.
 */
bool tls_parse_hello(struct tls_hello *hello, const char *data, size_t len);

/* Is this the beginning of a ClientHello whose end is still to come? */
bool tls_may_go_on(const char *data, size_t len);

/* Follows the records of one direction, to see application data go by. */
struct tls_records {
	uint8_t header[5];
	uint8_t header_len;
	uint32_t left;	      /* bytes of the current record still to come */
	uint64_t application; /* bytes of application data records so far, as encrypted */
};
void tls_follow(struct tls_records *records, const char *data, size_t len);

/* The Finished message of a TLS 1.3 client is an application data record, too; it is not longer. */
#define TLS_FINISHED_MAX 128

#endif
