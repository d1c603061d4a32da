/* SPDX-License-Identifier: Apache-2.0 */

/*
 * opens WAY PATH [LIMIT]: opens a file in one of the ways that there are, and says what it has got. With
 * a limit, of memory files (`seccomp`, `sandbox`), of descriptors (`nofile`) or of sizes (`fsize`).
 *
 * looks WAY PATH: the same, but says all that can be seen of the descriptor.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

static int open_stream(FILE *stream)
{
	return stream ? fileno(stream) : -1;
}

static int open_by(const char *way, const char *path)
{
	const int flags = O_RDONLY | O_CLOEXEC;

#define WAY(name, call)                                                                            \
	if (strcmp(way, name) == 0)                                                                \
		return call;
	WAY("open", open(path, flags))
	WAY("open64", open64(path, flags))
	WAY("openat", openat(AT_FDCWD, path, flags))
	WAY("openat64", openat64(AT_FDCWD, path, flags))
	WAY("__open_2", __open_2(path, flags))
	WAY("__open64_2", __open64_2(path, flags))
	WAY("__openat_2", __openat_2(AT_FDCWD, path, flags))
	WAY("__openat64_2", __openat64_2(AT_FDCWD, path, flags))
	WAY("fopen", open_stream(fopen(path, "r")))
	WAY("fopen64", open_stream(fopen64(path, "rbe")))
	WAY("mapped", open_stream(fopen(path, "rm")))
	WAY("kept", open(path, O_RDONLY))
	WAY("nonblocking", open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY))
	WAY("writing", open(path, O_RDWR))
	WAY("creating", open(path, O_RDONLY | O_CREAT, 0600))
	WAY("updating", open_stream(fopen(path, "r+")))
	WAY("appending", open_stream(fopen(path, "a+")))
	errx(2, "%s: no such way", way);
}

static void forbid_memory_files(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};

	if (syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(1, "prctl");
}

/* For the end of a program that asks for what it has not said it would. */
static void kill_for_memory_files(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(1, "prctl");
}

static void limit(const char *what)
{
	struct rlimit few = {4, 4}, small = {100, 100};

	if (strcmp(what, "seccomp") == 0)
		forbid_memory_files();
	else if (strcmp(what, "sandbox") == 0)
		kill_for_memory_files();
	else if (strcmp(what, "nofile") == 0)
		setrlimit(RLIMIT_NOFILE, &few);
	else if (strcmp(what, "fsize") == 0)
		setrlimit(RLIMIT_FSIZE, &small);
	else
		errx(2, "%s: no such limit", what);
}

static void copy_out(int fd)
{
	char buffer[1000];
	ssize_t len;

	while ((len = read(fd, buffer, sizeof(buffer))) > 0)
		fwrite(buffer, 1, (size_t)len, stdout);
	if (len < 0)
		err(1, "read");
}

/* Of a child that has our memory. */
static void copy_from_vfork(const char *path)
{
	static char buffer[100000];
	static volatile ssize_t len;
	pid_t child = vfork();

	if (child == 0) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		len = read(fd, buffer, sizeof(buffer));
		_exit(0);
	}
	waitpid(child, NULL, 0);
	fwrite(buffer, 1, len > 0 ? (size_t)len : 0, stdout);
}

static void look(int fd)
{
	int before = errno;
	struct stat status;
	char *map, *text;
	off_t end;

	if (fstat(fd, &status))
		err(1, "fstat");
	printf("fd %d errno %d mode %o mtime %ld.%09ld flags %x %x at %ld\n", fd, before,
		status.st_mode, (long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
		fcntl(fd, F_GETFL), fcntl(fd, F_GETFD), (long)lseek(fd, 0, SEEK_CUR));
	end = lseek(fd, 0, SEEK_END);
	text = malloc((size_t)end + 1);
	printf("whole %d", pread(fd, text, (size_t)end + 1, 0) == end && end == status.st_size);
	map = mmap(NULL, (size_t)end, PROT_READ, MAP_SHARED, fd, 0);
	printf(" mapped %d", map != MAP_FAILED && memcmp(map, text, (size_t)end) == 0);
	printf(" writes %zd", write(fd, "x", 1));
	printf(" %d", errno);
	printf(" cuts %d", ftruncate(fd, 0));
	printf(" next %d\n", dup(fd));
	free(text);
}

int main(int argc, char **argv)
{
	bool looks = argc > 2 && strcmp(strrchr(argv[0], '/') + 1, "looks") == 0;
	int fd;

	if (argc < 3)
		return 2;
	if (argc > 3)
		limit(argv[3]);
	getppid(); /* a mark for strace */
	if (strcmp(argv[1], "vfork") == 0) {
		copy_from_vfork(argv[2]);
		return 0;
	}
	errno = 77;
	fd = open_by(argv[1], argv[2]);
	if (fd < 0)
		err(1, "%s", argv[2]);
	if (looks)
		look(fd);
	else
		copy_out(fd);
	return 0;
}
