/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL, used in every way: tls_client PORT LIBRARY [WAY...] [crypto=LIBRARY]. The library is opened at run time; with a
 * leading '+' for all to see (RTLD_GLOBAL), and its functions are then found as everywhere visible. With
 * OWN it is linked statically, and LIBRARY tells nothing.
 */

#include <dlfcn.h>
#include <err.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "steered.h"

int SSL_write_ex2(SSL *ssl, const void *buf, size_t len, uint64_t flags, size_t *written);

#ifdef OWN
#define TLS(name)     (name)
#define SSL_write_ex2 own_write_ex2

/* It came later. */
int own_write_ex2(SSL *ssl, const void *buf, size_t len, uint64_t flags, size_t *written)
{
	return flags ? 0 : SSL_write_ex(ssl, buf, len, written);
}
#else
/* Not linked. */
#define TLS(name) ((__typeof__(&name))find(#name))
static void *find(const char *name);
#endif

static const char *path;
static const char *crypto;
static void *library;

static struct {
	bool extended;	   /* the functions on _ex */
	bool flagged;	   /* those on _ex2, too, which came with 3.3 */
	bool files;	   /* sends by SSL_sendfile() */
	bool peeks;	   /* looks before it reads */
	bool polls;	   /* non-blocking, by poll() */
	bool pumps;	   /* memory BIOs: the bytes are carried by hand */
	bool implied;	   /* no SSL_connect(): the first write does the handshake */
	bool is_old;	   /* TLS 1.2 */
	bool renegotiates; /* before each request but the first */
	bool updates;	   /* new keys before each request but the first */
	bool clears;	   /* the same SSL on a new connection for each request */
	bool resumes;	   /* a new connection for each request, by the session of the first */
	bool moves;	   /* to another descriptor of the same connection, before each request */
	bool crosses;	   /* writes in one thread, reads in another */
	bool unloads;	   /* opens and closes the library for each request */
} way;

static const struct {
	const char *name;
	bool *flag;
} ways[] = {
	{"extended", &way.extended},
	{"flagged", &way.flagged},
	{"files", &way.files},
	{"peeks", &way.peeks},
	{"polls", &way.polls},
	{"pumps", &way.pumps},
	{"implied", &way.implied},
	{"old", &way.is_old},
	{"renegotiates", &way.renegotiates},
	{"updates", &way.updates},
	{"clears", &way.clears},
	{"resumes", &way.resumes},
	{"moves", &way.moves},
	{"crosses", &way.crosses},
	{"unloads", &way.unloads},
};

static SSL_CTX *context;
static SSL_SESSION *ticket;
static SSL *ssl;
static BIO *in, *out;
static int fd = -1;

#ifndef OWN
static void *find(const char *name)
{
	void *function = dlsym(*path == '+' ? RTLD_DEFAULT : library, name);

	if (!function)
		errx(2, "%s is missing", name);
	return function;
}
#endif

/* Carries what the library wants to send, and if `wanted` waits for what it wants to read. */
static bool pump(bool wanted)
{
	char data[16384];
	int len;

	while ((len = TLS(BIO_read)(out, data, sizeof(data))) > 0)
		if (send(fd, data, (size_t)len, MSG_NOSIGNAL) != len)
			return false;
	if (!wanted)
		return true;
	len = (int)recv(fd, data, sizeof(data), 0);
	return len > 0 && TLS(BIO_write)(in, data, len) == len;
}

/* After a call that gave `result`: is it to be tried again? */
static bool again(int result)
{
	int error = TLS(SSL_get_error)(ssl, result);
	struct pollfd waiting = {.fd = fd};

	if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
		return false;
	if (way.pumps)
		return pump(error == SSL_ERROR_WANT_READ);
	waiting.events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
	return poll(&waiting, 1, 20000) == 1;
}

static bool put_file(const char *data, size_t len)
{
	int file = memfd_create("request", MFD_CLOEXEC);
	size_t sent = 0;

	if (write(file, data, len) != (ssize_t)len)
		err(1, "a file in memory");
	while (sent < len) {
		ossl_ssize_t more = TLS(SSL_sendfile)(ssl, file, (off_t)sent, len - sent, 0);

		if (more <= 0)
			break;
		sent += (size_t)more;
	}
	close(file);
	return sent == len;
}

bool put(const char *data, size_t len)
{
	if (way.files)
		return put_file(data, len);
	while (len) {
		size_t size = len < 16000 ? len : 16000, written = 0;
		int result = way.flagged    ? TLS(SSL_write_ex2)(ssl, data, size, 0, &written)
			     : way.extended ? TLS(SSL_write_ex)(ssl, data, size, &written)
					    : TLS(SSL_write)(ssl, data, (int)size);

		if (result <= 0) {
			if (!again(result))
				return false;
			continue;
		}
		if (!way.extended && !way.flagged)
			written = (size_t)result;
		data += written;
		len -= written;
		if (way.pumps && !pump(false))
			return false;
	}
	return true;
}

/* 0 at the end, which has to be told in every way that there is. */
int get(char *data, size_t cap)
{
	size_t got = 0;
	int result;

	do {
		if (way.peeks && TLS(SSL_peek)(ssl, data, 1) == 1 && !TLS(SSL_pending)(ssl))
			errx(1, "nothing is pending behind what was seen");
		if (way.peeks && way.extended && TLS(SSL_peek_ex)(ssl, data, 1, &got) == 1 &&
			!TLS(SSL_has_pending)(ssl))
			errx(1, "nothing is pending behind what was seen");
		result = way.extended ? TLS(SSL_read_ex)(ssl, data, cap, &got)
				      : TLS(SSL_read)(ssl, data, (int)cap);
		if (result > 0)
			return way.extended ? (int)got : result;
	} while (again(result));
	if (TLS(SSL_get_error)(ssl, result) != SSL_ERROR_ZERO_RETURN)
		return -1;
	if (!(TLS(SSL_get_shutdown)(ssl) & SSL_RECEIVED_SHUTDOWN) || TLS(ERR_peek_error)())
		errx(1, "the end is not told by all");
	return 0;
}

static void make_context(void)
{
	context = TLS(SSL_CTX_new)(TLS(TLS_client_method)());
	if (!TLS(SSL_CTX_load_verify_locations)(context, getenv("SSL_CERT_FILE"), NULL))
		errx(1, "no authority");
	TLS(SSL_CTX_set_verify)(context, SSL_VERIFY_PEER, NULL);
	if (way.is_old)
		TLS(SSL_CTX_ctrl)
	(context, SSL_CTRL_SET_MAX_PROTO_VERSION, TLS1_2_VERSION, NULL);
}

static void carry(void)
{
	if (way.pumps) {
		in = TLS(BIO_new)(TLS(BIO_s_mem)());
		out = TLS(BIO_new)(TLS(BIO_s_mem)());
		TLS(SSL_set_bio)(ssl, in, out);
	} else {
		TLS(SSL_set_fd)(ssl, fd);
	}
}

static void shake_hands(void)
{
	int result;

	while ((result = TLS(SSL_connect)(ssl)) != 1)
		if (!again(result))
			errx(1, "no handshake: %s",
				TLS(ERR_reason_error_string)(TLS(ERR_get_error)()));
	if (way.pumps)
		pump(false);
}

static void open_session(void)
{
	fd = dial();
	if (way.polls)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	if (!ssl)
		ssl = TLS(SSL_new)(context);
	carry();
	TLS(SSL_ctrl)(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, "localhost");
	if (ticket)
		TLS(SSL_set_session)(ssl, ticket);
	if (way.implied)
		TLS(SSL_set_connect_state)(ssl);
	else
		shake_hands();
}

static void close_session(void)
{
	TLS(SSL_shutdown)(ssl);
	if (way.pumps)
		pump(false);
	if (way.resumes && !ticket)
		ticket = TLS(SSL_get1_session)(ssl);
	if (way.clears) {
		TLS(SSL_clear)(ssl);
	} else {
		TLS(SSL_free)(ssl);
		ssl = NULL;
	}
	close(fd);
	fd = -1;
}

static void load(void)
{
	/* Some libraries do not find what they need by themselves. */
	if (crypto && !dlopen(crypto, RTLD_NOW | RTLD_LOCAL))
		errx(2, "%s", dlerror());
	library = *path == '+' ? dlopen(path + 1, RTLD_NOW | RTLD_GLOBAL)
			       : dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		errx(2, "%s", dlerror());
	make_context();
}

static void unload(void)
{
	if (fd >= 0)
		close_session();
	TLS(SSL_CTX_free)(context);
	dlclose(library);
}

/* What happens to an open session before the next request. */
static void disturb(void)
{
	int other;

	if (way.renegotiates) {
		TLS(SSL_renegotiate)(ssl);
		if (TLS(SSL_do_handshake)(ssl) != 1)
			errx(1, "no other handshake");
	}
	if (way.updates)
		TLS(SSL_key_update)(ssl, SSL_KEY_UPDATE_REQUESTED);
	if (way.moves) {
		other = dup(fd);
		TLS(SSL_set_fd)(ssl, other);
		close(fd);
		fd = other;
	}
}

static void *read_in_thread(void)
{
	pthread_t thread;
	void *got;

	pthread_create(&thread, NULL, read_answer, NULL);
	pthread_join(thread, &got);
	return got;
}

static void exchange(const char *operation, long size)
{
	if (way.unloads)
		load();
	if (fd < 0)
		open_session();
	else
		disturb();
	if (!ask(operation, size) || !(way.crosses ? read_in_thread() : read_answer(NULL))) {
		printf("error %s\n", answer.len ? answer.data : "no answer");
		closes = true;
	} else {
		say();
	}
	fflush(stdout);
	/* The reply is whole; behind it is the end. */
	if (closes && get(answer.data, 1) > 0)
		errx(1, "more than the answer");
	if (closes || way.clears || way.resumes)
		close_session();
	if (way.unloads)
		unload();
}

static void choose(const char *word)
{
	if (strncmp(word, "crypto=", 7) == 0)
		crypto = word + 7;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (strcmp(word, ways[i].name) == 0)
			*ways[i].flag = true;
}

int main(int argc, char **argv)
{
	char operation[128];
	long size;

	if (argc < 3)
		errx(2, "PORT LIBRARY [WAY...]");
	port = atoi(argv[1]);
	path = argv[2];
	for (int i = 3; i < argc; i++)
		choose(argv[i]);
	signal(SIGPIPE, SIG_IGN);
	if (!way.unloads)
		load();
	while (scanf("%127s %ld", operation, &size) == 2)
		exchange(operation, size);
	if (fd >= 0 && !way.unloads)
		close_session();
	return 0;
}
