/* SPDX-License-Identifier: Apache-2.0 */
#include "notice.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/program/supervisable.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "say here which architecture this is"
#endif

union received {
	struct seccomp_notif notice;
	uint8_t room[SUPERVISABLE_ROOM];
};

union answered {
	struct seccomp_notif_resp answer;
	uint8_t room[SUPERVISABLE_ROOM];
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
