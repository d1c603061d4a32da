/* SPDX-License-Identifier: Apache-2.0 */
/* A TLS of its own, linked statically, whose bytes the program carries in its own ways: carries PORT WAY [late] */

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "steered.h"

#define WAIT_MS 5000
#define HEADER	5     /* of a record */
#define LARGE	16000 /* are records behind which others stand */

static SSL_CTX *context;
static SSL *ssl;
static BIO *in, *out;
static int fd, epoll;
static const char *way;
static bool is_drained = true; /* as far as the program knows */
static bool is_body;	       /* what comes next, of a record */
static char bytes[1 << 16];

static bool is_way(const char *name)
{
	return strcmp(way, name) == 0;
}

static void watch(int operation, uint32_t events)
{
	struct epoll_event event = {.events = events};

	if (epoll_ctl(epoll, operation, fd, &event))
		err(1, "epoll_ctl");
}

static void wait_polled(void)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};

	if (poll(&waiting, 1, WAIT_MS) != 1)
		errx(1, "nothing to be read");
}

static void wait_epolled(void)
{
	struct epoll_event event;

	if (epoll_wait(epoll, &event, 1, WAIT_MS) != 1)
		errx(1, "no event");
}

/* Told of edges alone, and a read that does not fill its buffer has emptied the socket. */
static ssize_t read_at_edges(void)
{
	ssize_t got;

	for (;;) {
		if (is_drained)
			wait_epolled();
		got = recv(fd, bytes, sizeof(bytes), 0);
		is_drained = got < (ssize_t)sizeof(bytes);
		if (got >= 0 || errno != EAGAIN)
			return got;
	}
}

/* Asks to be told anew before each read of a small part. */
static ssize_t read_rearmed(void)
{
	ssize_t got;

	do {
		watch(EPOLL_CTL_MOD, EPOLLIN | EPOLLONESHOT);
		wait_epolled();
		got = recv(fd, bytes, 1000, 0);
	} while (got < 0 && errno == EAGAIN);
	return got;
}

/* Looks, and waits before it reads what it has seen. */
static ssize_t read_seen(size_t len)
{
	if (recv(fd, bytes, len, MSG_PEEK) <= 0)
		return -1;
	wait_polled();
	return recv(fd, bytes, sizeof(bytes), 0);
}

/* Asks how much there is, and waits nevertheless. */
static ssize_t read_asked(void)
{
	int left = 0;

	for (int i = 0; i < 100 && !left; i++) {
		usleep(10000);
		if (ioctl(fd, FIONREAD, &left))
			err(1, "FIONREAD");
	}
	wait_polled();
	return recv(fd, bytes, sizeof(bytes), 0);
}

/* Record by record; behind a large one another begins. */
static ssize_t read_whole(void)
{
	static ssize_t len = HEADER; /* of what is to come */
	ssize_t got = recv(fd, bytes, (size_t)len, MSG_WAITALL);
	const unsigned char *header = (unsigned char *)bytes + len - HEADER;

	if (got != len)
		errx(1, "%zd bytes instead of %zd", got, len);
	if (is_body && len < LARGE) {
		is_body = false;
		len = HEADER;
		return got;
	}
	is_body = true;
	len = header[3] << 8 | header[4];
	if (len >= LARGE)
		len += HEADER;
	return got;
}

static ssize_t read_some(void)
{
	if (is_way("edge"))
		return read_at_edges();
	if (is_way("rearmed"))
		return read_rearmed();
	if (is_way("seen"))
		return read_seen(1);
	if (is_way("seen-all"))
		return read_seen(sizeof(bytes));
	if (is_way("asked"))
		return read_asked();
	if (is_way("whole"))
		return read_whole();
	return recv(fd, bytes, sizeof(bytes), 0);
}

static void flush(void)
{
	char data[16384];
	int len;

	while ((len = BIO_read(out, data, sizeof(data))) > 0)
		for (ssize_t at = 0, sent; at < len; at += sent)
			if ((sent = send(fd, data + at, (size_t)(len - at), MSG_NOSIGNAL)) < 0)
				err(1, "send");
}

/* To another descriptor of the same connection. */
static void move(void)
{
	int other = dup(fd);

	close(fd);
	fd = other;
}

/* After a call that gave `result`: is it to be tried again? */
static bool again(int result)
{
	ssize_t got;

	flush();
	if (is_way("moves"))
		move();
	if (SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ)
		return false;
	got = read_some();
	return got > 0 && BIO_write(in, bytes, (int)got) == got;
}

bool put(const char *data, size_t len)
{
	int result;

	while ((result = SSL_write(ssl, data, (int)len)) <= 0)
		if (!again(result))
			return false;
	flush();
	return true;
}

int get(char *data, size_t cap)
{
	int result;

	while ((result = SSL_read(ssl, data, (int)cap)) <= 0)
		if (!again(result))
			return -1;
	return result;
}

static void make_context(void)
{
	context = SSL_CTX_new(TLS_client_method());
	if (!SSL_CTX_load_verify_locations(context, getenv("SSL_CERT_FILE"), NULL))
		errx(1, "no authority");
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
}

/* From now on it dies of what opens a file. */
static void open_no_more(bool by_number)
{
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof(steps) / sizeof(*steps), steps};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		(by_number ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter)
			   : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0)))
		err(1, "seccomp");
}

static void shake_hands(void)
{
	int result;

	ssl = SSL_new(context);
	in = BIO_new(BIO_s_mem());
	out = BIO_new(BIO_s_mem());
	SSL_set_bio(ssl, in, out);
	SSL_set_tlsext_host_name(ssl, "localhost");
	while ((result = SSL_connect(ssl)) != 1)
		if (!again(result))
			errx(1, "no handshake");
	flush();
}

static void begin(void)
{
	fd = dial();
	if (!is_way("edge") && !is_way("rearmed"))
		return;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	epoll = epoll_create1(0);
	watch(EPOLL_CTL_ADD, EPOLLIN | (is_way("edge") ? EPOLLET : EPOLLONESHOT));
}

/* One that nobody needs, and then one for the next request. */
static void open_others(void)
{
	begin();
	shake_hands();
	close(fd);
	begin();
	shake_hands();
}

int main(int argc, char **argv)
{
	char operation[128];
	long size;

	if (argc < 3)
		errx(2, "PORT WAY");
	port = atoi(argv[1]);
	way = argv[2];
	signal(SIGPIPE, SIG_IGN);
	make_context();
	begin();
	tzset();
	if (is_way("sandboxed") || is_way("sandboxed by number"))
		open_no_more(is_way("sandboxed by number"));
	shake_hands();
	while (scanf("%127s %ld", operation, &size) == 2) {
		if (is_way("spare") && answer.len)
			open_others();
		if (!ask(operation, size))
			errx(1, "no request");
		/* All of the answer is there before any of it is read. */
		if (argc > 3)
			usleep(200000);
		if (is_way("twice") && !ask(operation, size))
			errx(1, "no other request");
		if (!read_answer(NULL))
			err(1, "no answer");
		say();
		fflush(stdout);
	}
	return 0;
}
