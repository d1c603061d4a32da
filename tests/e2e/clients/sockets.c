/* SPDX-License-Identifier: Apache-2.0 */
/* A TLS of its own, linked statically, whose socket is used in one way, and told of what that gave: sockets PORT WAY.
 * What it says is the same whoever is at the other end of the TLS. */

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dial.h"

#define BODY	 30000
#define PARTS	 1000
#define UPLOAD	 (24 << 20)
#define QUIET_MS 200

static SSL_CTX *context;
static SSL *ssl;
static BIO *in, *out;
static int fd;
static char bytes[1 << 17], sealed[1 << 17];
static int sealed_len;

static void say(const char *what, long result)
{
	printf("%s: %ld%s%s\n", what, result, result < 0 ? " " : "",
		result < 0 ? strerrorname_np(errno) : "");
}

static void take_sealed(void)
{
	int got = BIO_read(out, sealed, sizeof(sealed));

	sealed_len = got > 0 ? got : 0;
}

static void send_all(const char *data, size_t len)
{
	for (ssize_t sent; len; data += sent, len -= (size_t)sent)
		if ((sent = send(fd, data, len, MSG_NOSIGNAL)) < 0)
			err(1, "send");
}

static void flush(void)
{
	for (take_sealed(); sealed_len; take_sealed())
		send_all(sealed, (size_t)sealed_len);
}

static void feed(void)
{
	ssize_t got = recv(fd, bytes, sizeof(bytes), 0);

	if (got <= 0)
		err(1, "recv: %zd", got);
	BIO_write(in, bytes, (int)got);
}

static void begin_tls(int newest)
{
	SSL_CTX_set_max_proto_version(context, newest);
	ssl = SSL_new(context);
	in = BIO_new(BIO_s_mem());
	out = BIO_new(BIO_s_mem());
	SSL_set_bio(ssl, in, out);
	SSL_set_tlsext_host_name(ssl, "localhost");
}

static void shake(void)
{
	while (SSL_connect(ssl) != 1) {
		flush();
		feed();
	}
	flush();
}

static void seal(const char *data, size_t len)
{
	if (SSL_write(ssl, data, (int)len) != (int)len)
		errx(1, "SSL_write");
}

static void seal_request(const char *method, long size)
{
	char head[256];

	snprintf(head, sizeof(head),
		"%s /%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: %ld\r\n\r\n", method, BODY,
		size);
	seal(head, strlen(head));
}

static void request(void)
{
	seal_request("GET", 0);
	flush();
}

/* Of what is in `in`, or comes. */
static void read_answer(void)
{
	static char answer[BODY + 4096];
	size_t sum = 0;
	const char *end = NULL;

	while (!end || sum < (size_t)(end + 4 - answer) + BODY) {
		int got = SSL_read(ssl, answer + sum, (int)(sizeof(answer) - 1 - sum));

		if (got <= 0 && SSL_get_error(ssl, got) != SSL_ERROR_WANT_READ)
			errx(1, "no answer");
		if (got <= 0) {
			flush();
			feed();
			continue;
		}
		sum += (size_t)got;
		answer[sum] = '\0';
		end = strstr(answer, "\r\n\r\n");
	}
	say("status", atol(answer + 9));
	say("bytes", (long)(sum - (size_t)(end + 4 - answer)));
}

/* All of the answer has come, tickets and all. */
static void settle(void)
{
	usleep(300000);
}

static int poll_for(short events, int patience)
{
	struct pollfd polled = {.fd = fd, .events = events};

	return poll(&polled, 1, patience) == 1 ? polled.revents : 0;
}

/* ---- reading ---- */

static struct iovec parts[PARTS];

static void divide(char *data, size_t size)
{
	for (int i = 0; i < PARTS; i++) {
		parts[i] = (struct iovec){data, i % 10 == 3 ? 0 : size};
		data += parts[i].iov_len;
	}
}

static void ask_and_settle(void)
{
	shake();
	request();
	settle();
}

static void peek(void)
{
	static char seen[20000];

	ask_and_settle();
	say("peek", recv(fd, seen, sizeof(seen), MSG_PEEK));
	say("read", recv(fd, bytes, sizeof(seen), 0));
	say("same", memcmp(seen, bytes, sizeof(seen)) == 0);
	BIO_write(in, bytes, sizeof(seen));
	read_answer();
}

static void readv_parts(void)
{
	ssize_t got;

	ask_and_settle();
	divide(bytes, 20);
	got = readv(fd, parts, PARTS);
	say("readv", got);
	BIO_write(in, bytes, (int)got);
	read_answer();
}

static void recvmsg_parts(int flags)
{
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = PARTS, .msg_flags = -1};
	ssize_t got;

	ask_and_settle();
	divide(bytes, 20);
	got = recvmsg(fd, &message, flags);
	say("recvmsg", got);
	say("flags", message.msg_flags);
	if (flags & MSG_PEEK)
		got = recv(fd, bytes, (size_t)got, 0);
	BIO_write(in, bytes, (int)got);
	read_answer();
}

static void recvmsg_once(void)
{
	recvmsg_parts(0);
}

static void recvmsg_peek(void)
{
	recvmsg_parts(MSG_PEEK);
}

static void recvmsg_waitall(void)
{
	recvmsg_parts(MSG_WAITALL);
}

static void recvmmsg_two(void)
{
	struct iovec each[2] = {{bytes, 5000}, {bytes + 5000, 5000}};
	struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = &each[0], .msg_iovlen = 1}},
		{.msg_hdr = {.msg_iov = &each[1], .msg_iovlen = 1}}};
	int got;

	ask_and_settle();
	got = recvmmsg(fd, messages, 2, 0, NULL);
	say("recvmmsg", got);
	for (int i = 0; i < got; i++)
		BIO_write(in, each[i].iov_base, (int)messages[i].msg_len);
	read_answer();
}

static void dontwait(void)
{
	ask_and_settle();
	read_answer();
	say("again", recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	say("again", recv(fd, bytes, sizeof(bytes), 0));
}

static void trunc_away(void)
{
	ask_and_settle();
	memset(bytes, 'x', 1000);
	say("thrown away", recv(fd, bytes, 1000, MSG_TRUNC));
	say("untouched", bytes[0] == 'x' && bytes[999] == 'x');
}

static void fionread(void)
{
	int left = 0;

	ask_and_settle();
	ioctl(fd, FIONREAD, &left);
	say("all there", left > BODY);
	say("as told", recv(fd, bytes, sizeof(bytes), 0) == left);
}

static void rcvtimeo(void)
{
	struct timeval patience = {.tv_usec = QUIET_MS * 1000};
	struct timespec before, after;

	ask_and_settle();
	read_answer();
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	clock_gettime(CLOCK_MONOTONIC, &before);
	say("recv", recv(fd, bytes, sizeof(bytes), 0));
	clock_gettime(CLOCK_MONOTONIC, &after);
	say("waited", (after.tv_sec - before.tv_sec) * 1000 +
				      (after.tv_nsec - before.tv_nsec) / 1000000 >=
			      QUIET_MS - 20);
}

static void splice_in(void)
{
	int pipes[2];
	ssize_t got;

	ask_and_settle();
	if (pipe(pipes))
		err(1, "pipe");
	got = splice(fd, NULL, pipes[1], NULL, 10000, 0);
	say("splice", got > 0);
	got = read(pipes[0], bytes, sizeof(bytes));
	BIO_write(in, bytes, (int)got);
	read_answer();
}

/* ---- sending ---- */

static void seal_small(void)
{
	shake();
	seal_request("POST", 900);
	memset(bytes, 'b', 900);
	seal(bytes, 900);
	take_sealed();
}

/* Byte by byte, with empty parts between. */
static int divide_sealed(void)
{
	int count = 0, at = 0;

	while (at < sealed_len) {
		int len = count % 3 == 1 ? 0 : 3;

		len = len < sealed_len - at ? len : sealed_len - at;
		parts[count++] = (struct iovec){sealed + at, (size_t)len};
		at += len;
	}
	return count;
}

static void writev_parts(void)
{
	int count;

	seal_small();
	count = divide_sealed();
	say("all", writev(fd, parts, count) == sealed_len);
	read_answer();
}

static void sendmsg_parts(void)
{
	struct msghdr message = {.msg_iov = parts};

	seal_small();
	message.msg_iovlen = (size_t)divide_sealed();
	say("all", sendmsg(fd, &message, MSG_NOSIGNAL) == sealed_len);
	read_answer();
}

static void sendmmsg_parts(void)
{
	struct mmsghdr messages[PARTS] = {0};
	int count;

	seal_small();
	count = divide_sealed();
	for (int i = 0; i < count; i++)
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
	say("all", sendmmsg(fd, messages, (unsigned)count, MSG_NOSIGNAL) == count);
	read_answer();
}

static void send_file(void)
{
	FILE *file = tmpfile();

	seal_small();
	if (!file || write(fileno(file), sealed, (size_t)sealed_len) != sealed_len)
		err(1, "file");
	lseek(fileno(file), 0, SEEK_SET);
	say("all", sendfile(fd, fileno(file), NULL, (size_t)sealed_len) == sealed_len);
	read_answer();
}

static void splice_out(void)
{
	int pipes[2];

	seal_small();
	if (pipe(pipes) || write(pipes[1], sealed, (size_t)sealed_len) != sealed_len)
		err(1, "pipe");
	say("all", splice(pipes[0], NULL, fd, NULL, (size_t)sealed_len, 0) == sealed_len);
	read_answer();
}

/* The application's first bytes together with the end of the handshake. */
static void early_bird(void)
{
	while (SSL_connect(ssl) != 1) {
		flush();
		feed();
	}
	seal_request("GET", 0);
	flush();
	read_answer();
}

static void half_close(void)
{
	shake();
	seal_request("GET", 0);
	SSL_shutdown(ssl);
	flush();
	say("shutdown", shutdown(fd, SHUT_WR));
	say("again", send(fd, "", 1, MSG_NOSIGNAL));
	read_answer();
}

static void shut_reading(void)
{
	ask_and_settle();
	read_answer();
	say("shutdown", shutdown(fd, SHUT_RD));
	say("recv", recv(fd, bytes, sizeof(bytes), 0));
}

static void shut_both(void)
{
	ask_and_settle();
	read_answer();
	say("shutdown", shutdown(fd, SHUT_RDWR));
	/* The server has answered that, too. */
	settle();
	say("recv", recv(fd, bytes, sizeof(bytes), 0));
	say("send", send(fd, "", 1, MSG_NOSIGNAL));
}

static void linger(void)
{
	struct linger at_once = {.l_onoff = 1};

	ask_and_settle();
	read_answer();
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

/* The server is told by a reset. */
static void unread(void)
{
	int left = 0;

	ask_and_settle();
	say("recv", recv(fd, bytes, 1000, 0));
	ioctl(fd, FIONREAD, &left);
	say("left", left > 1000);
	close(fd);
}

static void forks(void)
{
	pid_t child;

	shake();
	fflush(stdout);
	child = fork();
	if (!child) {
		request();
		read_answer();
		exit(0);
	}
	waitpid(child, NULL, 0);
}

/* Keys for the kernel would be those of a session that is not the server's. */
static void kernel_tls(void)
{
	shake();
	say("ulp", setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")));
	say("keys", setsockopt(fd, 282, 1, bytes, 40));
	request();
	read_answer();
}

/* ---- waiting ---- */

static void wait_for_word(void)
{
	fflush(stdout);
	if (getchar() == EOF)
		exit(1);
}

static void interrupt(int signal)
{
	(void)signal;
}

/* Signals come, whose handler lets a call be taken up again, or not (`flags`). */
static void expect_signals(void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
	struct timeval soon = {.tv_usec = 300000};
	struct itimerval often = {soon, soon};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static void expect_no_signals(void)
{
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
}

static void waitall_interrupted(void)
{
	ask_and_settle();
	read_answer();
	expect_signals(interrupt, 0);
	say("recv", recv(fd, bytes, 1000, 0));
	say("recv", recv(fd, bytes, 1000, MSG_WAITALL));
	expect_no_signals();
}

/* All of the server's flight has been read, and nothing said to it. */
static void read_flight(void)
{
	SSL_connect(ssl);
	flush();
	while (SSL_connect(ssl) != 1 && !BIO_pending(out))
		feed();
}

static void flight_then_end(void)
{
	read_flight();
	say("poll", poll_for(POLLIN, QUIET_MS));
	wait_for_word();
	say("recv", recv(fd, bytes, sizeof(bytes), 0));
	say("recv", recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT));
}

static void flush_now(int signal)
{
	(void)signal;
	flush();
}

static void flight_interrupted(void)
{
	struct timeval patience = {.tv_usec = QUIET_MS * 1000}, none = {0};
	ssize_t got;

	read_flight();
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	say("recv", recv(fd, bytes, sizeof(bytes), 0));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none));
	expect_signals(interrupt, 0);
	say("recv", recv(fd, bytes, sizeof(bytes), 0));
	expect_signals(flush_now, SA_RESTART);
	got = recv(fd, bytes, sizeof(bytes), 0);
	expect_no_signals();
	say("taken up again", got > 0);
	BIO_write(in, bytes, (int)got);
	shake();
	request();
	read_answer();
}

/* Between the server's flight and its own it takes its time. */
static void ponder(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(0);

	read_flight();
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	say("poll", poll_for(POLLIN, QUIET_MS));
	say("epoll", epoll_wait(epoll, &event, 1, QUIET_MS));
	flush();
	shake();
	request();
	say("epoll", epoll_wait(epoll, &event, 1, 5000));
	read_answer();
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came = PTHREAD_COND_INITIALIZER;

/* Reads whatever comes, in a thread of its own. */
static void *read_on(void *unused)
{
	static char data[1 << 14];
	ssize_t got;

	while ((got = recv(fd, data, sizeof(data), 0)) > 0) {
		pthread_mutex_lock(&lock);
		BIO_write(in, data, (int)got);
		pthread_cond_signal(&came);
		pthread_mutex_unlock(&lock);
	}
	return unused;
}

/* With the lock. */
static void wait_until_more(void)
{
	struct timespec until;

	flush();
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 5;
	while (!BIO_pending(in))
		if (pthread_cond_timedwait(&came, &lock, &until))
			errx(1, "nothing comes");
}

static void two_threads(void)
{
	pthread_t reader;
	int sum = 0, got;

	pthread_create(&reader, NULL, read_on, NULL);
	pthread_mutex_lock(&lock);
	while (SSL_connect(ssl) != 1) {
		wait_until_more();
		/* The reader is in the kernel again. */
		pthread_mutex_unlock(&lock);
		usleep(50000);
		pthread_mutex_lock(&lock);
	}
	for (int i = 0; i < 20; i++, sum = 0) {
		request();
		while (sum < BODY)
			if ((got = SSL_read(ssl, bytes, sizeof(bytes))) > 0)
				sum += got;
			else
				wait_until_more();
	}
	pthread_mutex_unlock(&lock);
	say("all", 1);
	exit(0);
}

static void *read_once(void *number)
{
	static char data[1 << 14];

	recv(*(int *)number, data, sizeof(data), 0);
	return number;
}

/* While a thread waits for an answer, the descriptor becomes another connection's. */
static void reuses(void)
{
	pthread_t reader;
	int before = fd;

	shake();
	seal_request("PUT", 0);
	flush();
	pthread_create(&reader, NULL, read_once, &before);
	usleep(300000);
	close(fd);
	fd = dial();
	say("same number", fd == before);
	wait_for_word();
	pthread_join(reader, NULL);
	begin_tls(TLS1_2_VERSION);
	shake();
	request();
	read_answer();
}

/* ---- a server that does not read ---- */

static void begin_upload(void)
{
	int size = 1 << 17;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	shake();
	seal_request("POST", UPLOAD);
	flush();
}

static long uploaded, gone; /* plaintext that is sealed; bytes that are sent */
static int at;

/* Sends what the socket takes. False: it takes no more, now. */
static bool upload_some(void)
{
	ssize_t sent;

	while (uploaded < UPLOAD || at < sealed_len) {
		if (at == sealed_len) {
			memset(bytes, 'u', 1 << 14);
			seal(bytes, 1 << 14);
			uploaded += 1 << 14;
			take_sealed();
			at = 0;
		}
		sent = send(fd, sealed + at, (size_t)(sealed_len - at), MSG_NOSIGNAL);
		if (sent < 0)
			return false;
		gone += sent;
		at += (int)sent;
	}
	return true;
}

static void flood(bool edge)
{
	struct epoll_event event = {.events = EPOLLOUT | (edge ? EPOLLET : 0)};
	int epoll = epoll_create1(0);

	begin_upload();
	fcntl(fd, F_SETFL, O_NONBLOCK);
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	while (upload_some() || epoll_wait(epoll, &event, 1, 500) == 1)
		continue;
	say("full", upload_some() ? 0 : -1);
	say("bounded", gone < 3 << 20);
	say("poll", poll_for(POLLOUT, QUIET_MS));
	wait_for_word();
	while (!upload_some())
		if (epoll_wait(epoll, &event, 1, 5000) != 1)
			errx(1, "no room");
	fcntl(fd, F_SETFL, 0);
	read_answer();
}

static void flood_at_edges(void)
{
	flood(true);
}

static void flood_at_levels(void)
{
	flood(false);
}

static void sndtimeo(void)
{
	struct timeval patience = {.tv_usec = QUIET_MS * 1000}, none = {0};

	begin_upload();
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	say("full", upload_some() ? 0 : -1);
	say("bounded", gone < 3 << 20);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof(none));
	wait_for_word();
	say("all", upload_some());
	read_answer();
}

/* Another handshake is asked for, and its answer waited for by the kernel alone. */
static void renegotiates(void)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	int epoll = epoll_create1(0), tries = 0;

	shake();
	request();
	read_answer();
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	epoll_wait(epoll, &event, 1, QUIET_MS);
	SSL_renegotiate(ssl);
	SSL_do_handshake(ssl);
	flush();
	say("woken", epoll_wait(epoll, &event, 1, 5000));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (tries++ < 3)
		if (recv(fd, bytes, sizeof(bytes), MSG_PEEK) > 0)
			feed();
	say("refused", SSL_get_error(ssl, SSL_do_handshake(ssl)) == SSL_ERROR_SSL);
	exit(0);
}

/* What the server has said is a HelloRequest, and it is stopped then. */
static void in_renegotiation(void)
{
	struct pollfd event = {.fd = fd, .events = POLLIN};

	begin_upload();
	wait_for_word();
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (poll(&event, 1, 5000) == 1)
		say("heard", recv(fd, bytes, sizeof(bytes), 0));
	say("full", upload_some() ? 0 : -1);
	say("bounded", gone < 3 << 20);
	wait_for_word();
	fcntl(fd, F_SETFL, 0);
	say("all", upload_some());
}

/* A signal whose handler does not let the call be taken up again. */
static void interrupted(void)
{
	begin_upload();
	expect_signals(interrupt, 0);
	say("full", upload_some() ? 0 : -1);
	expect_no_signals();
	wait_for_word();
	say("all", upload_some());
	read_answer();
}

/* As above, where the lowest addresses can be read: whoever may, can have it so. */
static void sndtimeo_low(void)
{
	mmap(NULL, 4096, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sndtimeo();
}

/* Returns as send() does, of a megabyte at once. */
static ssize_t upload_much(void)
{
	static char much[1 << 20];
	static int size, begin;
	ssize_t sent;

	for (int i = 0; begin == size && i < 60; i++)
		seal(bytes, 1 << 14);
	if (begin == size) {
		size = BIO_read(out, much, sizeof(much));
		begin = 0;
	}
	sent = send(fd, much + begin, (size_t)(size - begin), MSG_NOSIGNAL);
	begin += sent > 0 ? (int)sent : 0;
	return sent;
}

/* The server reads nothing, and resets the connection. */
static void reset(void)
{
	ssize_t sent;

	shake();
	seal_request("PUT", UPLOAD);
	flush();
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (upload_much() > 0)
		continue;
	fcntl(fd, F_SETFL, 0);
	say("full", errno == EAGAIN);
	wait_for_word();
	for (int i = 0; i < 1000 && (sent = upload_much()) > 0; i++)
		continue;
	say("send", sent < 0 ? -1 : 0);
	say("again", upload_much() < 0 ? -1 : 0);
}

static const struct {
	const char *name;
	void (*use)(void);
} ways[] = {
	{"peek", peek},
	{"readv", readv_parts},
	{"recvmsg", recvmsg_once},
	{"recvmsg-peek", recvmsg_peek},
	{"recvmsg-waitall", recvmsg_waitall},
	{"recvmmsg", recvmmsg_two},
	{"dontwait", dontwait},
	{"trunc", trunc_away},
	{"fionread", fionread},
	{"rcvtimeo", rcvtimeo},
	{"splice-in", splice_in},
	{"writev", writev_parts},
	{"sendmsg", sendmsg_parts},
	{"sendmmsg", sendmmsg_parts},
	{"sendfile", send_file},
	{"splice-out", splice_out},
	{"early-bird", early_bird},
	{"half-close", half_close},
	{"shut-reading", shut_reading},
	{"shut-both", shut_both},
	{"linger", linger},
	{"unread", unread},
	{"forks", forks},
	{"kernel-tls", kernel_tls},
	{"ponder", ponder},
	{"two-threads", two_threads},
	{"reuses", reuses},
	{"waitall-interrupted", waitall_interrupted},
	{"flight-then-end", flight_then_end},
	{"flight-interrupted", flight_interrupted},
	{"flood-edge", flood_at_edges},
	{"flood-level", flood_at_levels},
	{"sndtimeo", sndtimeo},
	{"sndtimeo-low", sndtimeo_low},
	{"renegotiates", renegotiates},
	{"in-renegotiation", in_renegotiation},
	{"interrupted", interrupted},
	{"reset", reset},
};

int main(int argc, char **argv)
{
	int newest = argc > 3 && strcmp(argv[3], "old") == 0 ? TLS1_2_VERSION : 0;

	if (argc < 3)
		errx(2, "PORT WAY [old]");
	port = atoi(argv[1]);
	signal(SIGPIPE, SIG_IGN);
	alarm(20);
	context = SSL_CTX_new(TLS_client_method());
	if (!SSL_CTX_load_verify_locations(context, getenv("SSL_CERT_FILE"), NULL))
		errx(1, "no authority");
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	fd = dial();
	begin_tls(newest);
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (strcmp(ways[i].name, argv[2]) == 0) {
			ways[i].use();
			return 0;
		}
	errx(2, "no such way");
}
