/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_HOST_H
#define CHAOS_AWS_HOST_H

/* What a host name tells: service, region, bucket. */

#include "tables.h"

struct aws_host {
	struct model_list services; /* members as in model_host_keys; .count 0: not known */
	bool is_aws; /* a name of exactly these services, good without any other evidence */
	struct span region;
	int partition;	    /* -1: not said */
	struct span bucket; /* S3's virtual host, or access point; .len 0: none */
};

/* `name` may have a port. */
void aws_host_read(struct aws_host *host, struct span name);

/* Does the name, which may have a port, end as those of AWS do? No other one is AWS's own. A yes may be
 * wrong for what is no name at all. */
bool aws_host_has_suffix(struct span name);

/*
 * Does it look like the name of a region, known or new: a few letters, then two or more groups, the last a
 * number ("ap-southeast-7")?
 */
bool aws_is_region(struct span text);

/* Does the list hold this service? */
bool aws_host_has(const struct aws_host *host, int service);

#endif
