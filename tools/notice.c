/* SPDX-License-Identifier: Apache-2.0 */
#include "notice.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "say here which architecture this is"
#endif

/* Room for the notices of later kernels. */
union received {
	struct seccomp_notif notice;
	uint8_t room[512];
};

union answered {
	struct seccomp_notif_resp answer;
	uint8_t room[512];
};

static int seccomp(unsigned operation, unsigned flags, void *arguments)
{
	return (int)syscall(SYS_seccomp, operation, flags, arguments);
}

/* A call of another architecture is let go: its numbers mean something else. */
static struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpeername, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
};

int notice_filter(void)
{
	struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};
	unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	int listener = seccomp(SECCOMP_SET_MODE_FILTER, flags, &program);

	/* Root keeps its setuid children. */
	if (listener < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		listener = seccomp(SECCOMP_SET_MODE_FILTER, flags, &program);
	return listener < 0 ? -errno : listener;
}

/* May a process here take another's descriptor? Its own is the least. */
static int probe_descriptors(void)
{
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0), copy, error;

	if (self < 0)
		return -errno;
	copy = (int)syscall(SYS_pidfd_getfd, self, self, 0);
	error = copy < 0 ? -errno : 0;
	if (copy >= 0)
		close(copy);
	close(self);
	return error;
}

/* Older kernels do not tell when the last process under a filter has gone. */
static bool is_new_enough(void)
{
	struct utsname name;
	int version, release;

	return uname(&name) == 0 && sscanf(name.release, "%d.%d", &version, &release) == 2 &&
	       (version > 5 || (version == 5 && release >= 9));
}

int notice_probe(void)
{
	struct seccomp_notif_sizes sizes = {0};
	uint32_t action = SECCOMP_RET_USER_NOTIF;

	if (!is_new_enough())
		return -ENOSYS;
	if (seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 ||
		seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return -errno;
	if (sizes.seccomp_notif > sizeof(union received) ||
		sizes.seccomp_notif_resp > sizeof(union answered))
		return -E2BIG;
	return probe_descriptors();
}

bool notice_receive(int listener, struct notice *notice)
{
	union received received;

	memset(&received, 0, sizeof(received));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &received) < 0)
		return false;
	notice->id = received.notice.id;
	notice->thread = (pid_t)received.notice.pid;
	notice->call = received.notice.data.nr;
	notice->instruction = received.notice.data.instruction_pointer;
	for (int i = 0; i < 6; i++)
		notice->arguments[i] = received.notice.data.args[i];
	return true;
}

bool notice_waits(int listener, uint64_t id)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static void answer(int listener, uint64_t id, int error, uint32_t flags)
{
	union answered answered;

	memset(&answered, 0, sizeof(answered));
	answered.answer.id = id;
	answered.answer.error = error;
	answered.answer.flags = flags;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answered);
}

void notice_answer(int listener, uint64_t id, int error)
{
	answer(listener, id, error, 0);
}

void notice_continue(int listener, uint64_t id)
{
	answer(listener, id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}
