/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_uring by its system calls alone. The ring stays open: the end of one interrupts, some time
 * later, whatever its process then waits for.
 */
#include "tests/transparency/program.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct ring {
	int fd;	     /* 0: not tried yet, -1: there is none */
	char *rings; /* of submissions and of completions */
	size_t size;
	struct io_uring_sqe *entries;
	struct io_uring_params params;
};

/* The ring of this program since its last exec, or NULL where the kernel has none. */
static struct ring *ring_open(void)
{
	static struct ring ring;
	int fd;

	if (ring.fd)
		return ring.fd > 0 ? &ring : NULL;
	ring.fd = -1;
	fd = (int)syscall(SYS_io_uring_setup, 1, &ring.params);
	if (fd < 0 || !(ring.params.features & IORING_FEAT_SINGLE_MMAP))
		return NULL;
	ring.size = ring.params.sq_off.array + ring.params.sq_entries * sizeof(unsigned int);
	if (ring.size < ring.params.cq_off.cqes + 2 * sizeof(struct io_uring_cqe))
		ring.size = ring.params.cq_off.cqes + 2 * sizeof(struct io_uring_cqe);
	ring.rings = mmap(NULL, ring.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		IORING_OFF_SQ_RING);
	ring.entries = mmap(NULL, sizeof(*ring.entries), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
	if (ring.rings == MAP_FAILED || ring.entries == MAP_FAILED ||
		syscall(SYS_dup3, fd, RING_FD, O_CLOEXEC) < 0)
		return NULL;
	syscall(SYS_close, fd);
	ring.fd = RING_FD;
	return &ring;
}

static unsigned int *word(struct ring *ring, unsigned int offset)
{
	return (unsigned int *)(void *)(ring->rings + offset);
}

static void submit(struct ring *ring, const struct io_uring_sqe *entry)
{
	unsigned int *tail = word(ring, ring->params.sq_off.tail);

	*ring->entries = *entry;
	*word(ring, ring->params.sq_off.array) = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
}

static int take(struct ring *ring)
{
	unsigned int *head = word(ring, ring->params.cq_off.head);
	unsigned int mask = *word(ring, ring->params.cq_off.ring_mask);
	struct io_uring_cqe *done = (void *)word(ring, ring->params.cq_off.cqes);
	int result = done[*head & mask].res;

	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

long uring_call(int opcode, int fd, const void *buffer, unsigned int length, uint64_t offset)
{
	struct io_uring_sqe entry = {.opcode = (uint8_t)opcode,
		.fd = fd,
		.addr = (uintptr_t)buffer,
		.len = length,
		.off = offset};
	struct ring *ring = ring_open();
	int result;

	if (!ring) {
		errno = ENOSYS;
		return -1;
	}
	submit(ring, &entry);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -1;
	result = take(ring);
	errno = result < 0 ? -result : EXDEV;
	return result < 0 ? -1 : result;
}
