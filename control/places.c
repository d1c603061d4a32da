/* SPDX-License-Identifier: Apache-2.0 */
#include "places.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "memory.h"

struct place {
	struct place *older, *newer;
	int fd;
	bool is_gone; /* shut down, and no longer in the list */
};

static void append(struct places *places, struct place *place)
{
	place->older = places->newest;
	place->newer = NULL;
	if (places->newest)
		places->newest->newer = place;
	else
		places->oldest = place;
	places->newest = place;
	places->count++;
}

static void unlink_place(struct places *places, struct place *place)
{
	if (place->older)
		place->older->newer = place->newer;
	else
		places->oldest = place->newer;
	if (place->newer)
		place->newer->older = place->older;
	else
		places->newest = place->older;
	places->count--;
}

struct place *places_take(struct places *places, int fd)
{
	struct place *place = sure(calloc(1, sizeof(*place)));
	struct place *oldest = places->oldest;

	if (oldest && places->count >= places->most) {
		unlink_place(places, oldest);
		oldest->is_gone = true;
		shutdown(oldest->fd, SHUT_RDWR);
	}
	place->fd = fd;
	append(places, place);
	return place;
}

void places_touch(struct places *places, struct place *place)
{
	if (place->is_gone)
		return;
	unlink_place(places, place);
	append(places, place);
}

void places_leave(struct places *places, struct place *place)
{
	if (!place->is_gone)
		unlink_place(places, place);
	free(place);
}
