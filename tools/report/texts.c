/* SPDX-License-Identifier: Apache-2.0 */
#include "texts.h"

#include <stdlib.h>
#include <string.h>

#include "control/memory.h"
#include "control/utf8.h"

#define FIRST_ROOM 256u

static uint32_t hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3ull;
	return (uint32_t)(hash ^ hash >> 32);
}

static uint32_t *place_of(const struct texts *texts, const char *text)
{
	uint32_t at = hash_of(text) & texts->mask;

	while (texts->buckets[at] && strcmp(texts->all[texts->buckets[at]], text) != 0)
		at = (at + 1) & texts->mask;
	return &texts->buckets[at];
}

static void grow(struct texts *texts)
{
	uint32_t room = texts->room ? 2 * texts->room : FIRST_ROOM;

	texts->all = sure(reallocarray(texts->all, room, sizeof(*texts->all)));
	free(texts->buckets);
	texts->buckets = sure(calloc(2 * room, sizeof(*texts->buckets)));
	texts->mask = 2 * room - 1;
	texts->room = room;
	if (!texts->count)
		texts->all[texts->count++] = sure(strdup(""));
	for (uint32_t i = 1; i < texts->count; i++)
		*place_of(texts, texts->all[i]) = i;
}

uint32_t texts_put(struct texts *texts, struct span text)
{
	uint32_t *place;
	char *copy;

	if (!text.len)
		return 0;
	if (texts->count == texts->room)
		grow(texts);
	copy = sure(strndup(text.at, text.len));
	utf8_tidy(copy);
	place = place_of(texts, copy);
	if (*place || !*copy) {
		free(copy);
		return *place;
	}
	texts->all[texts->count] = copy;
	*place = texts->count;
	return texts->count++;
}

const char *texts_get(const struct texts *texts, uint32_t number)
{
	return number < texts->count ? texts->all[number] : "";
}

void texts_free(struct texts *texts)
{
	for (uint32_t i = 0; i < texts->count; i++)
		free(texts->all[i]);
	free(texts->all);
	free(texts->buckets);
	*texts = (struct texts){0};
}
