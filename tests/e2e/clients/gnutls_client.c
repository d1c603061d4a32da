/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GnuTLS, used in every way: gnutls_client PORT WAY..., or `gnutls_client serve CERTIFICATE KEY`: then
 * client and server are in this one process, and what the server says looks like a call.
 */

#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "steered.h"

static struct {
	bool polls;	/* non-blocking, by poll() */
	bool corks;	/* collects what it writes, then lets it go */
	bool pushes;	/* carries the bytes by functions of its own, on a pointer of its own */
	bool sequences; /* reads by gnutls_record_recv_seq(), writes by gnutls_record_send2() */
	bool is_old;	/* TLS 1.2 */
	bool updates;	/* new keys before each request but the first */
} way;

static const struct {
	const char *name;
	bool *flag;
} ways[] = {
	{"polls", &way.polls},
	{"corks", &way.corks},
	{"pushes", &way.pushes},
	{"sequences", &way.sequences},
	{"old", &way.is_old},
	{"updates", &way.updates},
};

static gnutls_certificate_credentials_t credentials;
static gnutls_session_t session;
static int fd = -1;

static bool again(ssize_t error)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};

	if (error != GNUTLS_E_AGAIN && error != GNUTLS_E_INTERRUPTED)
		return false;
	if (gnutls_record_get_direction(session))
		waiting.events = POLLOUT;
	return poll(&waiting, 1, 20000) == 1;
}

bool put(const char *data, size_t len)
{
	if (way.corks)
		gnutls_record_cork(session);
	while (len) {
		ssize_t sent = way.sequences ? gnutls_record_send2(session, data, len, 0, 0)
					     : gnutls_record_send(session, data, len);

		if (sent < 0 && !again(sent))
			return false;
		if (sent > 0) {
			data += sent;
			len -= (size_t)sent;
		}
	}
	return !way.corks || gnutls_record_uncork(session, GNUTLS_RECORD_WAIT) >= 0;
}

int get(char *data, size_t cap)
{
	unsigned char sequence[8];
	ssize_t got;

	do {
		got = way.sequences ? gnutls_record_recv_seq(session, data, cap, sequence)
				    : gnutls_record_recv(session, data, cap);
	} while (got < 0 && again(got));
	return (int)got;
}

static ssize_t push(gnutls_transport_ptr_t pointer, const void *data, size_t len)
{
	return send(*(int *)pointer, data, len, MSG_NOSIGNAL);
}

static ssize_t pull(gnutls_transport_ptr_t pointer, void *data, size_t len)
{
	return recv(*(int *)pointer, data, len, 0);
}

static int pull_timeout(gnutls_transport_ptr_t pointer, unsigned int milliseconds)
{
	struct pollfd waiting = {.fd = *(int *)pointer, .events = POLLIN};

	return poll(&waiting, 1, (int)milliseconds);
}

static void carry(void)
{
	if (!way.pushes) {
		gnutls_transport_set_int(session, fd);
		return;
	}
	gnutls_transport_set_ptr(session, &fd);
	gnutls_transport_set_push_function(session, push);
	gnutls_transport_set_pull_function(session, pull);
	gnutls_transport_set_pull_timeout_function(session, pull_timeout);
}

static void shake_hands(gnutls_session_t with)
{
	int error;

	do {
		error = gnutls_handshake(with);
	} while (error < 0 && !gnutls_error_is_fatal(error));
	if (error < 0)
		errx(1, "no handshake: %s", gnutls_strerror(error));
}

static void open_session(void)
{
	const char *versions = way.is_old ? "NORMAL:-VERS-ALL:+VERS-TLS1.2" : "NORMAL";

	fd = dial();
	if (way.polls)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	gnutls_init(&session, GNUTLS_CLIENT);
	gnutls_priority_set_direct(session, versions, NULL);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_server_name_set(session, GNUTLS_NAME_DNS, "localhost", strlen("localhost"));
	gnutls_session_set_verify_cert(session, "localhost", 0);
	carry();
	shake_hands(session);
}

static void close_session(void)
{
	gnutls_bye(session, GNUTLS_SHUT_WR);
	gnutls_deinit(session);
	close(fd);
	fd = -1;
}

static void exchange(const char *operation, long size)
{
	if (fd < 0)
		open_session();
	else if (way.updates && gnutls_session_key_update(session, GNUTLS_KU_PEER) < 0)
		errx(1, "no new keys");
	if (!ask(operation, size) || !read_answer(NULL)) {
		printf("error %s\n", answer.len ? answer.data : "no answer");
		closes = true;
	} else {
		say();
	}
	fflush(stdout);
	/* The reply is whole; behind it is the end. */
	if (closes && get(answer.data, 1) > 0)
		errx(1, "more than the answer");
	if (closes)
		close_session();
}

static const char call[] = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
			   "Content-Type: application/x-amz-json-1.1\r\n"
			   "X-Amz-Target: Kinesis_20131202.PutRecord\r\n"
			   "Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/"
			   "kinesis/aws4_request, SignedHeaders=host, Signature=00\r\n\r\n{}";

static void *serve(void *argument)
{
	int accepted = accept(*(int *)argument, NULL, NULL);
	gnutls_session_t server;
	char question[64];

	gnutls_init(&server, GNUTLS_SERVER);
	gnutls_set_default_priority(server);
	gnutls_credentials_set(server, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int2(server, accepted, accepted);
	shake_hands(server);
	while (gnutls_record_recv(server, question, sizeof(question)) > 0)
		if (gnutls_record_send(server, call, strlen(call)) != (ssize_t)strlen(call))
			errx(1, "the server cannot send");
	gnutls_deinit(server);
	close(accepted);
	return NULL;
}

/* Every byte of the server's has to come through. */
static void serve_itself(const char *certificate, const char *key)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	pthread_t thread;

	if (gnutls_certificate_set_x509_key_file(
		    credentials, certificate, key, GNUTLS_X509_FMT_PEM) < 0 ||
		bind(listener, (struct sockaddr *)&at, len) || listen(listener, 1) ||
		getsockname(listener, (struct sockaddr *)&at, &len) ||
		pthread_create(&thread, NULL, serve, &listener))
		errx(1, "no server");
	port = ntohs(at.sin_port);
	open_session();
	for (int i = 0; i < 3; i++) {
		size_t got = 0;

		if (!put("question", 8))
			errx(1, "the client cannot send");
		while (got < strlen(call)) {
			int more = get(answer.data + got, sizeof(answer.data) - got);

			if (more <= 0)
				errx(1, "the server's bytes did not come");
			got += (size_t)more;
		}
		if (memcmp(answer.data, call, strlen(call)) != 0)
			errx(1, "other bytes came");
	}
	close_session();
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	char operation[128];
	long size;

	if (argc < 2)
		errx(2, "PORT [WAY...] | serve CERTIFICATE KEY");
	signal(SIGPIPE, SIG_IGN);
	gnutls_certificate_allocate_credentials(&credentials);
	if (gnutls_certificate_set_x509_trust_file(
		    credentials, getenv("SSL_CERT_FILE"), GNUTLS_X509_FMT_PEM) != 1)
		errx(1, "no authority");
	if (strcmp(argv[1], "serve") == 0) {
		serve_itself(argv[2], argv[3]);
		return 0;
	}
	port = atoi(argv[1]);
	for (int i = 2; i < argc; i++)
		for (size_t k = 0; k < sizeof(ways) / sizeof(*ways); k++)
			if (strcmp(argv[i], ways[k].name) == 0)
				*ways[k].flag = true;
	while (scanf("%127s %ld", operation, &size) == 2)
		exchange(operation, size);
	if (fd >= 0)
		close_session();
	return 0;
}
