/* SPDX-License-Identifier: Apache-2.0 */
/* The same over OpenSSL. */

#include <fcntl.h>
#include <malloc.h>
#include <openssl/ssl.h>
#include <poll.h>

#include "no_trace.h"

static SSL_CTX *context;

static void must(bool well, const char *what)
{
	if (!well)
		errx(1, "%s", what);
}

static SSL *shake_hands(int fd)
{
	SSL *ssl = SSL_new(context);

	SSL_set_fd(ssl, fd);
	must(SSL_connect(ssl) == 1, "SSL_connect");
	return ssl;
}

static void put(SSL *ssl, size_t from, size_t to)
{
	int len = (int)(to - from);

	must(SSL_write(ssl, request + from, len) == len, "SSL_write");
}

/* Takes `got` bytes of an answer; true at its end. */
static bool take(char *answer, size_t *len, int got)
{
	must(got > 0, "SSL_read");
	*len += (size_t)got;
	answer[*len] = '\0';
	if (strcmp(answer + *len - strlen(ANSWER_END), ANSWER_END) != 0)
		return false;
	tell(answer + strlen("HTTP/1.1 "), 3);
	return true;
}

static void get(SSL *ssl)
{
	char answer[4096];
	size_t len = 0;

	while (!take(answer, &len, SSL_read(ssl, answer + len, (int)(sizeof(answer) - 1 - len))))
		;
}

static void end(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
}

static void keeps_alive(int fd)
{
	SSL *ssl = shake_hands(fd);

	for (int i = 0; i < 3; i++) {
		put(ssl, 0, REQUEST_LEN);
		get(ssl);
	}
	end(ssl);
}

static void sends_pieces(int fd)
{
	SSL *ssl = shake_hands(fd);

	for (int i = 0; i < 2; i++) {
		put(ssl, 0, HALF_LEN);
		put(ssl, HALF_LEN, HEAD_LEN);
		put(ssl, HEAD_LEN, REQUEST_LEN);
		get(ssl);
	}
	end(ssl);
}

static void sends_bytes(int fd)
{
	SSL *ssl = shake_hands(fd);

	for (size_t at = 0; at < REQUEST_LEN; at++)
		put(ssl, at, at + 1);
	get(ssl);
	end(ssl);
}

static void sends_half(int fd)
{
	SSL *ssl = shake_hands(fd);

	put(ssl, 0, HALF_LEN);
	end(ssl);
}

static void ends_with_half(int fd)
{
	put(shake_hands(fd), 0, HALF_LEN);
}

static void peeks(int fd)
{
	SSL *ssl = shake_hands(fd);
	char byte;
	size_t done;

	must(SSL_write_ex(ssl, request, REQUEST_LEN, &done) == 1, "SSL_write_ex");
	must(SSL_peek(ssl, &byte, 1) == 1, "SSL_peek");
	must(SSL_pending(ssl) > 0, "SSL_pending");
	must(SSL_read_ex(ssl, &byte, 1, &done) == 1 && done == 1, "SSL_read_ex");
	tell(&byte, 1);
	end(ssl);
}

static void wait_for(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};

	must(poll(&waiting, 1, -1) == 1, "poll");
}

static void polls(int fd)
{
	SSL *ssl = shake_hands(fd);
	char byte;

	must(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
	for (int i = 0; i < 2; i++) {
		put(ssl, 0, HALF_LEN);
		must(SSL_read(ssl, &byte, 1) < 0, "SSL_read");
		put(ssl, HALF_LEN, REQUEST_LEN);
		wait_for(fd);
		get(ssl);
	}
	end(ssl);
}

static void opens_many(int fd)
{
	SSL *sessions[10] = {shake_hands(fd)};

	for (int i = 1; i < 10; i++)
		sessions[i] = shake_hands(dial());
	for (int i = 0; i < 10; i++) {
		put(sessions[i], 0, REQUEST_LEN);
		get(sessions[i]);
		end(sessions[i]);
	}
}

static void counts_threads(int fd)
{
	SSL *ssl = shake_hands(fd);

	put(ssl, 0, HALF_LEN);
	tell_threads();
	put(ssl, HALF_LEN, REQUEST_LEN);
	get(ssl);
	tell_threads();
	end(ssl);
}

/* ---- memory BIOs: the program carries the bytes ---- */

static void carry_out(SSL *ssl, int fd)
{
	char data[16384];
	int len;

	while ((len = BIO_read(SSL_get_wbio(ssl), data, sizeof(data))) > 0)
		must(send(fd, data, (size_t)len, MSG_NOSIGNAL) == len, "send");
}

static void carry_in(SSL *ssl, int fd)
{
	char data[16384];
	int len = (int)recv(fd, data, sizeof(data), 0);

	must(len > 0 && BIO_write(SSL_get_rbio(ssl), data, len) == len, "recv");
}

static void carries_bytes(int fd)
{
	SSL *ssl = SSL_new(context);
	char answer[4096];
	size_t len = 0;
	int got;

	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(ssl);
	while (SSL_do_handshake(ssl) != 1) {
		carry_out(ssl, fd);
		carry_in(ssl, fd);
	}
	put(ssl, 0, HALF_LEN);
	carry_out(ssl, fd);
	put(ssl, HALF_LEN, REQUEST_LEN);
	carry_out(ssl, fd);
	do {
		carry_in(ssl, fd);
		got = SSL_read(ssl, answer, sizeof(answer) - 1);
	} while (got <= 0);
	must(take(answer, &len, got), "an answer in pieces");
	SSL_free(ssl);
	close(fd);
}

static const struct story stories[] = {
	{"keeps_alive", keeps_alive},
	{"sends_pieces", sends_pieces},
	{"sends_bytes", sends_bytes},
	{"sends_half", sends_half},
	{"ends_with_half", ends_with_half},
	{"peeks", peeks},
	{"polls", polls},
	{"opens_many", opens_many},
	{"counts_threads", counts_threads},
	{"carries_bytes", carries_bytes},
	{NULL, NULL},
};

int main(int argc, char **argv)
{
	if (argc != 3 && argc != 5)
		errx(2, "PORT STORY [POINT NUMBERS]");
	/* That something else uses the heap, too, must not show. */
	mallopt(M_TOP_PAD, 16 << 20);
	context = SSL_CTX_new(TLS_client_method());
	return run_story(stories, argc, argv);
}
