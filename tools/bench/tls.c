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

#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "request.h"

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: "
			     "application/x-amz-json-1.1\r\nContent-Length: 2\r\n\r\n{}";

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

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
			if (SSL_write(ssl, answer, sizeof(answer) - 1) <= 0)
				break;
	close(SSL_get_fd(ssl));
	SSL_free(ssl);
	return NULL;
}

static void listen_forever(const char *certificate, const char *key)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) != 1 ||
		SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		errx(1, "certificate and key");
	if (bind(listener, (struct sockaddr *)&at, len) < 0 || listen(listener, 16) < 0 ||
		getsockname(listener, (struct sockaddr *)&at, &len) < 0)
		err(1, "listen");
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t thread;

		if (fd < 0 || pthread_create(&thread, NULL, serve, session_on(context, fd)) != 0)
			err(1, "accept");
		pthread_detach(thread);
	}
}

static SSL *connect_to(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	SSL *ssl;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		err(1, "connect");
	ssl = session_on(SSL_CTX_new(TLS_client_method()), fd);
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
	SSL *ssl = connect_to(port);
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
