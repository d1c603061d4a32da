/* SPDX-License-Identifier: Apache-2.0 */
/* Every way by which bytes get from a program into a socket. */
#include "tests/transparency/program.h"

#include <aio.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAY(name) static long name(struct slot *slot, int fd, const char *bytes, size_t length)
#define UNUSED	  (void)slot

/* Up to three pieces, some of them empty. */
static int cut(struct iovec *iov, const char *bytes, size_t length)
{
	size_t first = length ? roll() % (length + 1) : 0;
	size_t second = one_in(3) ? 0 : (length - first) / 2;

	iov[0] = (struct iovec){(char *)bytes, first};
	iov[1] = (struct iovec){(char *)bytes + first, second};
	iov[2] = (struct iovec){(char *)bytes + first + second, length - first - second};
	return 3;
}

/* A memory file that holds the bytes. */
static int file_of(const char *bytes, size_t length)
{
	int file = (int)syscall(SYS_memfd_create, "bytes", 0);

	if (file < 0 || syscall(SYS_write, file, bytes, length) != (long)length)
		give_up("a memory file");
	return file;
}

WAY(by_write)
{
	UNUSED;
	return write(fd, bytes, length);
}

WAY(by_send)
{
	UNUSED;
	return send(fd, bytes, length, one_in(2) ? MSG_NOSIGNAL : 0);
}

WAY(by_send_nonblocking)
{
	UNUSED;
	return send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

WAY(by_send_more)
{
	UNUSED;
	return send(fd, bytes, length, MSG_MORE | MSG_NOSIGNAL);
}

WAY(by_writev)
{
	struct iovec iov[3];

	UNUSED;
	return writev(fd, iov, cut(iov, bytes, length));
}

WAY(by_sendmsg)
{
	struct iovec iov[3];
	struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)cut(iov, bytes, length)};

	UNUSED;
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

WAY(by_sendmmsg)
{
	struct iovec iov[3];
	struct mmsghdr messages[3] = {0};
	long sent = 0;
	int i, count = cut(iov, bytes, length), done;

	UNUSED;
	for (i = 0; i < count; i++) {
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	done = sendmmsg(fd, messages, (unsigned int)count, MSG_NOSIGNAL);
	for (i = 0; i < done; i++)
		sent += messages[i].msg_len;
	return done < 0 ? done : sent;
}

WAY(by_sendto)
{
	UNUSED;
	return sendto(fd, bytes, length, 0, NULL, 0);
}

/* A connected stream socket does not look at the address. */
WAY(by_sendto_address)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	UNUSED;
	return sendto(
		fd, bytes, length, MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof(address));
}

static void say_completion(int fd)
{
	char space[256];
	struct msghdr message = {.msg_control = space, .msg_controllen = sizeof(space)};
	struct sock_extended_err error;
	struct cmsghdr *extra;

	if (!wait_for(fd, POLLERR))
		give_up("a completion");
	if (CALL("recvmsg error queue", recvmsg(fd, &message, MSG_ERRQUEUE)) < 0)
		return;
	extra = CMSG_FIRSTHDR(&message);
	if (!extra)
		return;
	memcpy(&error, CMSG_DATA(extra), sizeof(error));
	say("  completions %u to %u, code %u", error.ee_info, error.ee_data, error.ee_code);
}

WAY(by_zerocopy)
{
	int on = 1;
	long sent;

	if (slot->gone || slot->shut_write)
		return by_write(slot, fd, bytes, length);
	slot_sync(slot);
	CALL("SO_ZEROCOPY", setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)));
	errno = EXDEV;
	sent = send(fd, bytes, length, MSG_ZEROCOPY | MSG_NOSIGNAL);
	if (sent <= 0)
		return sent;
	ask(COMMAND_RECEIVE, slot->connection, slot->sent + sent, NULL, 0);
	say_completion(fd);
	return sent;
}

WAY(by_sendfile)
{
	int file = file_of(bytes, length);
	off_t offset = 0;
	long sent;

	UNUSED;
	sent = sendfile(fd, file, &offset, length);
	syscall(SYS_close, file);
	return sent;
}

WAY(by_sendfile64)
{
	int file = file_of(bytes, length);
	long sent;

	UNUSED;
	lseek64(file, 0, SEEK_SET);
	sent = sendfile64(fd, file, NULL, length);
	syscall(SYS_close, file);
	return sent;
}

WAY(by_splice)
{
	int ends[2];
	long sent;

	UNUSED;
	if (syscall(SYS_pipe2, ends, 0))
		return -1;
	if (syscall(SYS_write, ends[1], bytes, length) != (long)length)
		give_up("a pipe");
	errno = EXDEV;
	sent = splice(ends[0], NULL, fd, NULL, length, 0);
	syscall(SYS_close, ends[0]);
	syscall(SYS_close, ends[1]);
	return sent;
}

WAY(by_raw_write)
{
	UNUSED;
	return syscall(SYS_write, fd, bytes, length);
}

WAY(by_raw_sendto)
{
	UNUSED;
	return syscall(SYS_sendto, fd, bytes, length, MSG_NOSIGNAL, NULL, 0);
}

WAY(by_raw_writev)
{
	struct iovec iov[3];

	UNUSED;
	return syscall(SYS_writev, fd, iov, cut(iov, bytes, length));
}

WAY(by_raw_sendmsg)
{
	struct iovec iov[3];
	struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)cut(iov, bytes, length)};

	UNUSED;
	return syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL);
}

WAY(by_pwritev2)
{
	struct iovec iov[3];

	UNUSED;
	return pwritev2(fd, iov, cut(iov, bytes, length), -1, 0);
}

WAY(by_dprintf)
{
	UNUSED;
	return dprintf(fd, "%.*s", (int)length, bytes);
}

/* A stream on a copy: its fclose() leaves the descriptor. */
WAY(by_fdopen_copy)
{
	FILE *file = fdopen(dup(fd), "w");
	bool well;

	UNUSED;
	if (!file)
		return -1;
	well = fwrite(bytes, 1, length, file) == length;
	return fclose(file) == 0 && well ? (long)length : -1;
}

/* A stream on the descriptor itself; the number is then made to stand for the socket again. */
WAY(by_fdopen)
{
	int kept = dup(fd);
	FILE *file = fdopen(fd, "r+");
	bool well;

	UNUSED;
	if (!file || kept < 0)
		return -1;
	setvbuf(file, NULL, one_in(2) ? _IONBF : _IOFBF, 512);
	well = fwrite(bytes, 1, length, file) == length && fflush(file) == 0;
	well = fclose(file) == 0 && well;
	dup2(kept, fd);
	close(kept);
	return well ? (long)length : -1;
}

WAY(by_proc_self_fd)
{
	char path[32];
	int copy;
	long sent;

	UNUSED;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy = open(path, O_WRONLY);
	/* A socket cannot be opened (ENXIO); the other way to a copy of it by number. */
	note("open of /proc/self/fd", copy);
	if (copy < 0) {
		int self = (int)syscall(SYS_pidfd_open, getpid(), 0);

		copy = (int)syscall(SYS_pidfd_getfd, self, fd, 0);
		syscall(SYS_close, self);
	}
	errno = EXDEV;
	sent = write(copy, bytes, length);
	syscall(SYS_close, copy);
	return sent;
}

/* glibc does it in a thread of its own, which stays for a while. */
WAY(by_aio)
{
	struct aiocb control = {
		.aio_fildes = fd, .aio_buf = (void *)(uintptr_t)bytes, .aio_nbytes = length};
	const struct aiocb *list[] = {&control};
	int error;

	UNUSED;
	state->threads = 1;
	if (aio_write(&control))
		return -1;
	while (aio_error(&control) == EINPROGRESS)
		aio_suspend(list, 1, NULL);
	error = aio_error(&control);
	errno = error ? error : EXDEV;
	return aio_return(&control);
}

WAY(by_uring_send)
{
	UNUSED;
	return uring_call(IORING_OP_SEND, fd, bytes, (unsigned int)length, 0);
}

WAY(by_uring_write)
{
	UNUSED;
	return uring_call(IORING_OP_WRITE, fd, bytes, (unsigned int)length, 0);
}

WAY(by_dup)
{
	int copy = dup(fd);
	long sent;

	UNUSED;
	errno = EXDEV;
	sent = write(copy, bytes, length);
	close(copy);
	return sent;
}

/* Another process, which knows nothing of the library, writes. */
WAY(by_rights)
{
	UNUSED;
	return ask_to_write(fd, bytes, length);
}

/* Sent to itself: a number that no hook has seen. */
WAY(by_rights_to_self)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} space = {0};
	char byte = 'x';
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space.bytes,
		.msg_controllen = sizeof(space)};
	struct cmsghdr *extra = CMSG_FIRSTHDR(&message);
	int pair[2], copy;
	long sent;

	UNUSED;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return -1;
	*extra = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(extra), &fd, sizeof(fd));
	if (sendmsg(pair[0], &message, 0) != 1 || recvmsg(pair[1], &message, 0) != 1)
		give_up("a descriptor");
	memcpy(&copy, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(copy));
	errno = EXDEV;
	sent = write(copy, bytes, length);
	close(copy);
	close(pair[0]);
	close(pair[1]);
	return sent;
}

/* ---- Threads and signals ---- */

struct work {
	int fd;
	const char *bytes;
	size_t length;
	long sent;
	int error;
};

/* Volatile: raise() is declared as if it could not call back. */
static volatile struct work work;

static void do_work(int number)
{
	(void)number;
	errno = EXDEV;
	work.sent = write(work.fd, work.bytes, work.length);
	work.error = errno;
}

static void *thread_work(void *nothing)
{
	do_work(0);
	return nothing;
}

WAY(by_thread)
{
	pthread_t thread;

	UNUSED;
	work.fd = fd;
	work.bytes = bytes;
	work.length = length;
	work.sent = -1;
	if (pthread_create(&thread, NULL, thread_work, NULL))
		return -1;
	pthread_join(thread, NULL);
	errno = work.error;
	return work.sent;
}

WAY(by_signal_handler)
{
	UNUSED;
	work.fd = fd;
	work.bytes = bytes;
	work.length = length;
	work.sent = -1;
	signal(SIGUSR1, do_work);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
	errno = work.error;
	return work.sent;
}

/* ---- Children ---- */

/* The child's exit status tells errno: what the parent sees of the write. */
static long reap(pid_t pid, size_t length)
{
	int status = 0;

	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	errno = EXDEV;
	if (status == 0)
		return (long)length;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
	return -1;
}

static int status_of(long sent, size_t length)
{
	if (sent == (long)length)
		return 0;
	return sent < 0 ? errno : ENODATA;
}

WAY(by_fork)
{
	pid_t pid = fork();

	UNUSED;
	if (pid == 0)
		_exit(status_of(write(fd, bytes, length), length));
	return reap(pid, length);
}

WAY(by_fork_exit)
{
	pid_t pid = fork();

	UNUSED;
	if (pid == 0)
		exit(status_of(send(fd, bytes, length, MSG_NOSIGNAL), length));
	return reap(pid, length);
}

WAY(by_raw_clone)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	UNUSED;
	if (pid == 0)
		_exit(status_of(write(fd, bytes, length), length));
	return reap(pid, length);
}

struct child {
	char fd[16], offset[24], length[24];
	char *arguments[6];
};

/* The bytes lie in the state, which the child has, too. */
static void child_of(struct child *child, int fd, const char *bytes, size_t length)
{
	static char name[] = "/proc/self/exe", option[] = "--write";

	snprintf(child->fd, sizeof(child->fd), "%d", fd);
	snprintf(child->offset, sizeof(child->offset), "%td", bytes - (const char *)state);
	snprintf(child->length, sizeof(child->length), "%zu", length);
	child->arguments[0] = name;
	child->arguments[1] = option;
	child->arguments[2] = child->fd;
	child->arguments[3] = child->offset;
	child->arguments[4] = child->length;
	child->arguments[5] = NULL;
}

int write_as_child(char **argv)
{
	int fd = atoi(argv[0]);
	size_t length = (size_t)atol(argv[2]);

	return status_of(write(fd, (const char *)state + atol(argv[1]), length), length);
}

WAY(by_vfork)
{
	struct child child;
	pid_t pid;

	UNUSED;
	child_of(&child, fd, bytes, length);
	pid = vfork();
	if (pid == 0) {
		execv(child.arguments[0], child.arguments);
		_exit(ENOEXEC);
	}
	return reap(pid, length);
}

WAY(by_spawn)
{
	struct child child;
	pid_t pid;
	int error;

	UNUSED;
	child_of(&child, fd, bytes, length);
	error = posix_spawn(&pid, child.arguments[0], NULL, NULL, child.arguments, environ);
	return error ? -1 : reap(pid, length);
}

const struct way ways[] = {
	{"write", 12, by_write},
	{"send", 12, by_send},
	{"send MSG_DONTWAIT", 4, by_send_nonblocking},
	{"send MSG_MORE", 2, by_send_more},
	{"writev", 6, by_writev},
	{"sendmsg", 6, by_sendmsg},
	{"sendmmsg", 4, by_sendmmsg},
	{"sendto", 4, by_sendto},
	{"sendto with an address", 2, by_sendto_address},
	{"send MSG_ZEROCOPY", 3, by_zerocopy},
	{"sendfile", 3, by_sendfile},
	{"sendfile64", 3, by_sendfile64},
	{"splice", 3, by_splice},
	{"raw write", 6, by_raw_write},
	{"raw sendto", 4, by_raw_sendto},
	{"raw writev", 3, by_raw_writev},
	{"raw sendmsg", 3, by_raw_sendmsg},
	{"pwritev2", 4, by_pwritev2},
	{"dprintf", 3, by_dprintf},
	{"fdopen", 3, by_fdopen},
	{"fdopen of a copy", 3, by_fdopen_copy},
	{"/proc/self/fd", 2, by_proc_self_fd},
	{"aio_write", 1, by_aio},
	{"io_uring send", 3, by_uring_send},
	{"io_uring write", 3, by_uring_write},
	{"write to a dup", 5, by_dup},
	{"another process by SCM_RIGHTS", 4, by_rights},
	{"SCM_RIGHTS to itself", 3, by_rights_to_self},
	{"a thread", 2, by_thread},
	{"a signal handler", 3, by_signal_handler},
	{"fork", 2, by_fork},
	{"fork and exit", 1, by_fork_exit},
	{"raw clone", 1, by_raw_clone},
	{"vfork and exec", 1, by_vfork},
	{"posix_spawn", 1, by_spawn},
};

const int way_count = sizeof(ways) / sizeof(*ways);

const struct way *pick_way(void)
{
	int i, left = 0;

	for (i = 0; i < way_count; i++)
		left += ways[i].weight;
	left = pick(left);
	for (i = 0; left >= ways[i].weight; i++)
		left -= ways[i].weight;
	return &ways[i];
}

const struct way *way_named(const char *name)
{
	int i;

	for (i = 0; i < way_count; i++)
		if (strcmp(ways[i].name, name) == 0)
			return &ways[i];
	return NULL;
}

long slot_send(struct slot *slot, const struct way *way, int fd, int length)
{
	char name[96];
	long sent;

	snprintf(name, sizeof(name), "%s(%d, %d bytes)", way->name, fd, length);
	errno = EXDEV;
	sent = way->send(slot, fd, slot->out + slot->out_at, (size_t)length);
	note(name, sent);
	if (sent > 0)
		slot->out_at += (int)sent;
	if (sent > 0)
		slot->corked = way->send == by_send_more;
	slot_settle_sent(slot, sent);
	return sent;
}
