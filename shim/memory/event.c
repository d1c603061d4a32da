/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include <stddef.h>

/* Where the text begins. */
static size_t place_of(const struct event *event, enum event_text which)
{
	size_t at = 0;

	for (unsigned i = 0; i < (unsigned)which; i++)
		at += event->lengths[i];
	return at < EVENT_ROOM ? at : EVENT_ROOM;
}

static size_t fitting(size_t len, size_t room)
{
	if (len > EVENT_TEXT_MAX)
		len = EVENT_TEXT_MAX;
	return len < room ? len : room;
}

void event_replace(struct event *event, enum event_text which, struct span text)
{
	size_t at = place_of(event, which), end = place_of(event, EVENT_TEXTS);
	size_t before = event->lengths[which], rest = end - at - before;
	size_t len = fitting(text.len, EVENT_ROOM - at - rest);

	memmove(event->texts + at + len, event->texts + at + before, rest);
	if (len)
		memcpy(event->texts + at, text.at, len);
	event->lengths[which] = (uint8_t)len;
	event->used = (uint16_t)(at + len + rest);
}

struct span event_text(const struct event *event, enum event_text which)
{
	size_t at = place_of(event, which), room = EVENT_ROOM - at;
	size_t len = event->lengths[which];

	return (struct span){event->texts + at, len < room ? len : room};
}

size_t event_size(const struct event *event)
{
	return offsetof(struct event, texts) + event->used;
}

/* By words: a reader in another process may look at it meanwhile. */
static void copy_words(void *to, const void *from, size_t size)
{
	uint64_t *target = to;
	const uint64_t *source = from;

	for (size_t i = 0; i < (size + 7) / 8; i++)
		__atomic_store_n(&target[i], __atomic_load_n(&source[i], __ATOMIC_RELAXED),
			__ATOMIC_RELAXED);
}

_Static_assert(sizeof(struct event) % 8 == 0 && sizeof(struct event_slot) == 512,
	"events are copied by words, and eight of them make a page");

bool event_write(
	struct event_slot *ring, uint64_t size, _Atomic uint64_t *head, const struct event *event)
{
	uint64_t number = atomic_fetch_add_explicit(head, 1, memory_order_relaxed);
	struct event_slot *slot = &ring[number % size];
	uint64_t before = atomic_load_explicit(&slot->sequence, memory_order_relaxed);
	uint64_t whole = 2 * number + 2;

	/* Another writer is a whole round behind, or ahead. After two rounds it is taken to be dead. */
	if (before > whole || (before & 1 && before + 1 + 4 * size > whole) ||
		!atomic_compare_exchange_strong_explicit(&slot->sequence, &before, whole - 1,
			memory_order_acquire, memory_order_relaxed))
		return false;
	atomic_thread_fence(memory_order_release);
	copy_words(&slot->event, event, event_size(event));
	before = whole - 1;
	/* Unless this writer has been taken to be dead. */
	return atomic_compare_exchange_strong_explicit(
		&slot->sequence, &before, whole, memory_order_release, memory_order_relaxed);
}

enum event_read event_read(
	const struct event_slot *ring, uint64_t size, uint64_t number, struct event *event)
{
	const struct event_slot *slot = &ring[number % size];
	uint64_t whole = 2 * number + 2;
	uint64_t sequence = atomic_load_explicit(&slot->sequence, memory_order_acquire);

	if (sequence != whole)
		return sequence > whole ? EVENT_TOO_OLD : EVENT_LATER;
	copy_words(event, &slot->event, sizeof(*event));
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&slot->sequence, memory_order_relaxed) != whole)
		return EVENT_TOO_OLD;
	return EVENT_READ;
}
