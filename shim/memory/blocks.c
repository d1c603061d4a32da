/* SPDX-License-Identifier: Apache-2.0 */
#include "blocks.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

#define SMALLEST  256u
#define LARGEST	  (16u * 1024)
#define SLAB_SIZE (64u * 1024)

/* Of 256, 1024, 4096 and 16384 bytes. A larger one is a mapping of its own. */
#define SIZES 4

struct block {
	size_t size; /* all in all */
	_Atomic uint64_t next;
	char bytes[];
};

/* An address, in units of the smallest block, below a tag that keeps a slow thread from putting back
 * a stale head. */
#define ADDRESS_BITS 40

static _Atomic uint64_t free_blocks[SIZES];

static struct block *block_of(uint64_t head)
{
	return (struct block *)(uintptr_t)((head & ((1ull << ADDRESS_BITS) - 1)) * SMALLEST);
}

static uint64_t behind(uint64_t head, const struct block *block)
{
	return ((head >> ADDRESS_BITS) + 1) << ADDRESS_BITS | (uintptr_t)block / SMALLEST;
}

static struct block *map(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static int kind_of(size_t size)
{
	int kind = 0;

	while (size > (size_t)SMALLEST << 2 * kind)
		kind++;
	return kind;
}

static void put(_Atomic uint64_t *list, struct block *block)
{
	uint64_t head = atomic_load(list);

	do
		atomic_store(&block->next, head);
	while (!atomic_compare_exchange_weak(list, &head, behind(head, block)));
}

/* The slab stays mapped: whoever takes at the same time may look into a block that is taken. */
static struct block *cut_slab(_Atomic uint64_t *list, size_t size)
{
	struct block *first = map(SLAB_SIZE);

	for (size_t at = first ? size : SLAB_SIZE; at < SLAB_SIZE; at += size) {
		struct block *block = (struct block *)((char *)first + at);

		block->size = size;
		put(list, block);
	}
	return first;
}

static struct block *take(int kind, bool may_map)
{
	_Atomic uint64_t *list = &free_blocks[kind];
	uint64_t head = atomic_load(list);
	struct block *block;

	while ((block = block_of(head))) {
		uint64_t next = behind(head, block_of(atomic_load(&block->next)));

		if (atomic_compare_exchange_weak(list, &head, next))
			return block;
	}
	return may_map ? cut_slab(list, (size_t)SMALLEST << 2 * kind) : NULL;
}

bool blocks_reserve(size_t size)
{
	int kind = kind_of(sizeof(struct block) + size);
	_Atomic uint64_t *list = &free_blocks[kind];
	struct block *block = cut_slab(list, (size_t)SMALLEST << 2 * kind);

	if (block) {
		block->size = (size_t)SMALLEST << 2 * kind;
		put(list, block);
	}
	return block != NULL;
}

void *blocks_take(size_t size)
{
	return blocks_take_if(size, true);
}

void *blocks_take_if(size_t size, bool may_map)
{
	size_t all = sizeof(struct block) + size;
	struct block *block;
	int kind;

	if (all < size)
		return NULL;
	kind = all > LARGEST ? SIZES : kind_of(all);
	if (kind < SIZES)
		block = take(kind, may_map);
	else
		block = may_map ? map(all) : NULL;
	if (!block)
		return NULL;
	block->size = kind < SIZES ? (size_t)SMALLEST << 2 * kind : all;
	return block->bytes;
}

void blocks_give(void *bytes)
{
	struct block *block =
		bytes ? (struct block *)((char *)bytes - offsetof(struct block, bytes)) : NULL;

	if (block && block->size > LARGEST)
		munmap(block, block->size);
	else if (block)
		put(&free_blocks[kind_of(block->size)], block);
}
