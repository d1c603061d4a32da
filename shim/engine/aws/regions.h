/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_REGIONS_H
#define CHAOS_AWS_REGIONS_H

#include "call.h"

/* The next region of a call: the members of its list, then its home. Empty ones are left out. */
struct aws_regions {
	struct span list, home;
};

static inline struct aws_regions aws_regions_of(const struct aws_call *call)
{
	return (struct aws_regions){call->region, call->home_region};
}

static inline bool aws_regions_next(struct aws_regions *walk, struct span *region)
{
	while (walk->list.len) {
		const char *comma = span_find(walk->list, ',');
		size_t len = comma ? (size_t)(comma - walk->list.at) : walk->list.len;

		*region = (struct span){walk->list.at, len};
		walk->list = span_from(walk->list, len + 1);
		while (region->len && *region->at == ' ')
			*region = span_from(*region, 1);
		while (region->len && region->at[region->len - 1] == ' ')
			region->len--;
		if (region->len)
			return true;
	}
	*region = walk->home;
	walk->home.len = 0;
	return region->len != 0;
}

#endif
