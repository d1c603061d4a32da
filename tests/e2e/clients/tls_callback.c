/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tls_callback PORT: an HTTPS client that writes its request from a callback of OpenSSL's, as soon as that
 * says that the handshake is done, as Node does. Says the first line of the answer.
 */

#include <err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dial.h"

static const char request[] =
	"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\n"
	"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/kinesis/aws4_request, "
	"SignedHeaders=host, Signature=0\r\nContent-Length: 2\r\n\r\n{}";

static void on_info(const SSL *session, int where, int result)
{
	(void)result;
	if (where & SSL_CB_HANDSHAKE_DONE &&
		SSL_write((SSL *)session, request, sizeof(request) - 1) <= 0)
		errx(1, "SSL_write");
}

int main(int argc, char **argv)
{
	SSL *session = SSL_new(SSL_CTX_new(TLS_client_method()));
	char answer[4096] = "";

	if (argc != 2)
		errx(2, "usage: tls_callback PORT");
	port = atoi(argv[1]);
	SSL_set_max_proto_version(session, TLS1_3_VERSION);
	SSL_set_fd(session, dial());
	SSL_set_info_callback(session, on_info);
	if (SSL_connect(session) != 1)
		errx(1, "SSL_connect");
	SSL_set_info_callback(session, NULL);
	if (SSL_read(session, answer, sizeof(answer) - 1) <= 0)
		errx(1, "SSL_read");
	printf("%.*s\n", (int)strcspn(answer, "\r"), answer);
	SSL_free(session);
	return 0;
}
