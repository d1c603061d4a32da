/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_SLOTS_H
#define CHAOS_SLOTS_H

/* From a descriptor to its connection. Descriptors of small numbers cost one load; the places of
 * others are mapped in pages when they are first needed. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;

#define SLOTS_NEAR 4096u
#define SLOTS_MAX  (1u << 20) /* descriptors past this are not tracked */

/* A slot is the address of the connection; this bit marks a descriptor of the library's own. */
#define SLOT_PRIVATE ((uintptr_t)1)

extern _Atomic uintptr_t slots_near[SLOTS_NEAR];

/* The place of a descriptor; NULL: nothing near it was ever tracked. */
_Atomic uintptr_t *slots_find(int fd);

/* The same, made if need be; NULL: it is out of range, or there is no memory. */
_Atomic uintptr_t *slots_make(int fd);

static inline uintptr_t slot_of(int fd)
{
	_Atomic uintptr_t *place;

	if (__builtin_expect((unsigned int)fd < SLOTS_NEAR, 1))
		return atomic_load_explicit(&slots_near[fd], memory_order_relaxed);
	place = slots_find(fd);
	return place ? atomic_load_explicit(place, memory_order_relaxed) : 0;
}

/* The connection of a descriptor of the program, or NULL. */
static inline struct conn *conn_at(int fd)
{
	uintptr_t slot = slot_of(fd);

	if (__builtin_expect(slot == 0 || slot & SLOT_PRIVATE, 1))
		return NULL;
	return (struct conn *)slot;
}

/* The connection that a descriptor of ours belongs to; NULL: it is none of ours. */
static inline struct conn *conn_private_at(int fd)
{
	uintptr_t slot = slot_of(fd);

	return slot & SLOT_PRIVATE ? (struct conn *)(slot & ~SLOT_PRIVATE) : NULL;
}

/* Empties the place if it still holds `slot`. */
static inline bool slot_empty(int fd, uintptr_t slot)
{
	_Atomic uintptr_t *place = slots_find(fd);

	return place && atomic_compare_exchange_strong(place, &slot, 0);
}

/* The end of the descriptors that may have a connection: behind the highest one that ever had. */
unsigned int slots_end(void);

#endif
