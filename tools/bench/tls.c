/* SPDX-License-Identifier: Apache-2.0 */

/*
 * As client.c and server.c, over TLS:
 *
 *   tls server CERTIFICATE KEY  answers every SSL_read() with a 200; prints its port
 *   tls plain COUNT PORT        keep-alive HTTPS requests that are not AWS
 *   tls aws COUNT PORT          keep-alive Kinesis calls
 *
 * The clients print nanoseconds for one.
 */

#include <err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"
#include "request.h"

static SSL *session_on(SSL_CTX *context, int fd)
{
	SSL *ssl = SSL_new(context);
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	SSL_set_fd(ssl, fd);
	return ssl;
}

static void *serve(void *argument)
{
	SSL *ssl = argument;
	char in[65536];

	if (SSL_accept(ssl) == 1)
		while (SSL_read(ssl, in, sizeof(in)) > 0)
			if (SSL_write(ssl, ANSWER, sizeof(ANSWER) - 1) <= 0)
				break;
	close(SSL_get_fd(ssl));
	SSL_free(ssl);
	return NULL;
}

static void listen_forever(const char *certificate, const char *key)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	int listener;

	if (SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) != 1 ||
		SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		errx(1, "certificate and key");
	listener = listen_and_tell();
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t thread;

		if (fd < 0 || pthread_create(&thread, NULL, serve, session_on(context, fd)) != 0)
			err(1, "accept");
		pthread_detach(thread);
	}
}

static SSL *session_to(int port)
{
	SSL *ssl = session_on(SSL_CTX_new(TLS_client_method()), connect_to(port));

	if (SSL_connect(ssl) != 1)
		errx(1, "no handshake");
	return ssl;
}

static void https(long count, int port, const char *fields)
{
	char out[2048], in[4096];
	int len = snprintf(out, sizeof(out),
		"POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %zu\r\n%s\r\n" BODY, port,
		strlen(BODY), fields);
	SSL *ssl = session_to(port);
	double begin = now();

	for (long i = 0; i < count; i++) {
		if (SSL_write(ssl, out, len) != len)
			errx(1, "SSL_write");
		if (SSL_read(ssl, in, sizeof(in)) <= 0 || memcmp(in, "HTTP/1.1 200", 12) != 0)
			errx(1, "no answer, or another one");
	}
	printf("%.1f\n", (now() - begin) / count);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		errx(2, "server CERTIFICATE KEY | plain|aws COUNT PORT");
	if (strcmp(argv[1], "server") == 0)
		listen_forever(argv[2], argv[3]);
	https(atol(argv[2]), atoi(argv[3]),
		strcmp(argv[1], "aws") == 0 ? AWS_FIELDS : PLAIN_FIELDS);
	return 0;
}
