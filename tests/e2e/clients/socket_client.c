/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A steered client over a plain socket: socket_client PORT WRITE WAIT READ, each word naming the
 * call to use. "dribble" writes the head in pieces of 7 bytes. Any WAIT but "block" makes the
 * socket non-blocking; "edge" is an epoll armed once at connect.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define WAIT_MS 20000

/* What -D_FORTIFY_SOURCE makes of read() and its kin; no header declares them. */
ssize_t __read_chk(int fd, void *buf, size_t len, size_t size);
ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags);
ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size, int flags, struct sockaddr *addr,
	socklen_t *addr_len);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	const sigset_t *mask, size_t size);

struct client {
	int port;
	const char *write, *wait, *read;
	int fd;
	int epoll;
};

static int is(const char *name, const char *word)
{
	return strcmp(name, word) == 0;
}

static int wait_select(const struct client *client, int out, int with_mask)
{
	struct timespec limit = {WAIT_MS / 1000, 0};
	struct timeval old_limit = {WAIT_MS / 1000, 0};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(client->fd, &set);
	if (with_mask)
		return pselect(
			client->fd + 1, out ? NULL : &set, out ? &set : NULL, NULL, &limit, NULL);
	return select(client->fd + 1, out ? NULL : &set, out ? &set : NULL, NULL, &old_limit);
}

static int wait_epoll(const struct client *client, int out)
{
	struct epoll_event event = {.events = out ? EPOLLOUT : EPOLLIN};

	/* "edge" was armed at connect and is left alone. */
	if (!is(client->wait, "edge"))
		epoll_ctl(client->epoll, EPOLL_CTL_MOD, client->fd, &event);
	if (is(client->wait, "epoll_pwait"))
		return epoll_pwait(client->epoll, &event, 1, WAIT_MS, NULL);
	return epoll_wait(client->epoll, &event, 1, WAIT_MS);
}

/* Returns > 0 when the socket is said to be ready. */
static int wait_ready(const struct client *client, int out)
{
	struct pollfd poll_fd = {client->fd, out ? POLLOUT : POLLIN, 0};
	struct timespec limit = {WAIT_MS / 1000, 0};

	if (is(client->wait, "block"))
		return 1;
	if (is(client->wait, "poll"))
		return poll(&poll_fd, 1, WAIT_MS);
	if (is(client->wait, "poll_chk"))
		return __poll_chk(&poll_fd, 1, WAIT_MS, sizeof(poll_fd));
	if (is(client->wait, "ppoll"))
		return ppoll(&poll_fd, 1, &limit, NULL);
	if (is(client->wait, "ppoll_chk"))
		return __ppoll_chk(&poll_fd, 1, &limit, NULL, sizeof(poll_fd));
	if (is(client->wait, "select") || is(client->wait, "pselect"))
		return wait_select(client, out, is(client->wait, "pselect"));
	return wait_epoll(client, out);
}

static ssize_t put_vector(const struct client *client, struct iovec *iov, int count)
{
	struct mmsghdr many = {.msg_hdr = {.msg_iov = iov, .msg_iovlen = count}};

	if (is(client->write, "writev"))
		return writev(client->fd, iov, count);
	if (is(client->write, "sendmsg"))
		return sendmsg(client->fd, &many.msg_hdr, MSG_NOSIGNAL);
	return sendmmsg(client->fd, &many, 1, MSG_NOSIGNAL) == 1 ? (ssize_t)many.msg_len : -1;
}

/* One call; the vector kind gets the data in two pieces. */
static ssize_t put(const struct client *client, char *data, size_t len, size_t head)
{
	struct iovec iov[2] = {{data, len / 2}, {data + len / 2, len - len / 2}};

	if (is(client->write, "write"))
		return write(client->fd, data, len);
	if (is(client->write, "send"))
		return send(client->fd, data, len, MSG_NOSIGNAL);
	if (is(client->write, "sendto"))
		return sendto(client->fd, data, len, MSG_NOSIGNAL, NULL, 0);
	if (is(client->write, "dribble"))
		return write(client->fd, data, head ? (head < 7 ? head : 7) : len);
	return put_vector(client, iov, 2);
}

static int put_all(const struct client *client, char *data, size_t len, size_t head)
{
	while (len) {
		ssize_t sent = put(client, data, len, head);

		if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (wait_ready(client, 1) <= 0)
				return -ETIMEDOUT;
			continue;
		}
		if (sent < 0)
			return -errno;
		data += sent;
		len -= sent;
		head -= (size_t)sent < head ? (size_t)sent : head;
	}
	return 0;
}

static ssize_t get(const struct client *client, char *data, size_t len)
{
	struct iovec iov[2] = {{data, 1}, {data + 1, len - 1}};
	struct mmsghdr many = {.msg_hdr = {.msg_iov = iov, .msg_iovlen = 2}};

	if (is(client->read, "read"))
		return read(client->fd, data, len);
	if (is(client->read, "read_chk"))
		return __read_chk(client->fd, data, len, len);
	if (is(client->read, "recv_chk"))
		return __recv_chk(client->fd, data, len, len, 0);
	if (is(client->read, "recvfrom_chk"))
		return __recvfrom_chk(client->fd, data, len, len, 0, NULL, NULL);
	if (is(client->read, "recv"))
		return recv(client->fd, data, len, 0);
	if (is(client->read, "recvfrom"))
		return recvfrom(client->fd, data, len, 0, NULL, NULL);
	if (is(client->read, "peek")) {
		ssize_t seen = recv(client->fd, data, len, MSG_PEEK);

		return seen <= 0 ? seen : recv(client->fd, data, seen, 0);
	}
	if (is(client->read, "readv"))
		return readv(client->fd, iov, 2);
	if (is(client->read, "recvmsg"))
		return recvmsg(client->fd, &many.msg_hdr, 0);
	return recvmmsg(client->fd, &many, 1, 0, NULL) == 1 ? (ssize_t)many.msg_len : -1;
}

/* Reads one more piece. Returns its length, 0 at the end, or -errno. */
static ssize_t get_some(const struct client *client, char *data, size_t len)
{
	for (;;) {
		ssize_t got;

		/* An armed edge may have fired already: read first, wait after. */
		if (!is(client->wait, "edge") && wait_ready(client, 0) <= 0)
			return -ETIMEDOUT;
		got = get(client, data, len);
		if (got >= 0)
			return got;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (is(client->wait, "edge") && wait_ready(client, 0) <= 0)
			return -ETIMEDOUT;
	}
}

static int open_stream(struct client *client)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(client->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET};

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return -errno;
	if (connect(client->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	if (!is(client->wait, "block"))
		fcntl(client->fd, F_SETFL, fcntl(client->fd, F_GETFL) | O_NONBLOCK);
	return epoll_ctl(client->epoll, EPOLL_CTL_ADD, client->fd, &event) < 0 ? -errno : 0;
}

static char *request(const struct client *client, const char *operation, size_t size, size_t *head)
{
	char *text = malloc(size + 1024);
	int len = sprintf(text,
		"POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %zu\r\n"
		"Content-Type: application/x-amz-json-1.1\r\n",
		client->port, size);

	if (!is(operation, "-"))
		len += sprintf(text + len,
			"X-Amz-Target: Kinesis_20131202.%s\r\nX-Amz-Date: 20260101T000000Z\r\n"
			"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/"
			"kinesis/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, "
			"Signature=%064d\r\n",
			operation, 0);
	len += sprintf(text + len, "\r\n");
	memset(text + len, 'x', size);
	*head = len;
	return text;
}

/* Reads a whole response of at most `cap` bytes; `in` is NUL-terminated. */
static int response(const struct client *client, char *in, size_t cap, char **body)
{
	size_t len = 0, wanted = cap;

	while (len < wanted) {
		ssize_t got = get_some(client, in + len, cap - 1 - len);
		char *end, *field;

		if (got <= 0)
			return got < 0 ? (int)got : -ECONNRESET;
		len += got;
		in[len] = '\0';
		end = strstr(in, "\r\n\r\n");
		if (!end)
			continue;
		*body = end + 4;
		field = strcasestr(in, "Content-Length:");
		wanted = *body - in + (field ? strtoul(field + 15, NULL, 10) : 0);
	}
	return 0;
}

static void say(char *in, char *body)
{
	char code[256] = "-";
	char *field;

	body[-1] = '\0';
	field = strcasestr(in, "\r\nx-amzn-errortype:");
	if (field)
		sscanf(strchr(field, ':') + 1, " %255[^\r]", code);
	for (char *at = body; *at; at++)
		*at = *at == '\n' ? ' ' : *at;
	printf("%.3s %s %s\n", in + strlen("HTTP/1.1 "), code, body);
}

static int exchange(struct client *client, const char *operation, size_t size)
{
	static char in[1 << 17];
	char *body = NULL;
	size_t head;
	char *out = request(client, operation, size, &head);
	int err = client->fd < 0 ? open_stream(client) : 0;

	if (!err)
		err = put_all(client, out, head + size, head);
	free(out);
	if (!err)
		err = response(client, in, sizeof(in), &body);
	if (err) {
		printf("error %s\n", strerror(-err));
	} else {
		say(in, body);
	}
	if (err || strcasestr(in, "\r\nConnection: close")) {
		close(client->fd);
		client->fd = -1;
	}
	return err;
}

int main(int argc, char **argv)
{
	struct client client = {.fd = -1};
	char operation[64];
	size_t size;

	if (argc != 5)
		return 2;
	client.port = atoi(argv[1]);
	client.write = argv[2];
	client.wait = argv[3];
	client.read = argv[4];
	client.epoll = epoll_create1(EPOLL_CLOEXEC);
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (scanf("%63s %zu", operation, &size) == 2)
		exchange(&client, operation, size);
	return 0;
}
