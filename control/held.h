/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_HELD_H
#define CHAOS_CONTROL_HELD_H

/* What the daemon holds, for who answers and who reports. */

#include <pthread.h>
#include <stdbool.h>

#include "config.h"
#include "event_reader.h"
#include "names.h"
#include "removed.h"
#include "writer.h"

/* Who observes, beside what the configuration says. */
struct observe {
	bool is_option;	  /* by --observe */
	unsigned readers; /* of events, now */
	uint64_t until;	  /* the lease; CLOCK_MONOTONIC ns, 0: there is none */
};

struct api {
	pthread_mutex_t lock; /* of all below; also of cJSON, which keeps its last error */
	struct config config;
	struct removed removed; /* from it */
	struct observe observe;
	struct writer *writer;
	struct event_reader guests; /* of their events */
	struct names *names;	    /* made when it is first needed */
	const char *state_path;	    /* NULL: not kept on disk */
	const char *folder;
	const char *listening; /* "127.0.0.1:4566"; NULL: on the Unix socket alone */
	bool is_ready;	       /* between api_start() and api_stop() */
};

/* The flags of what is published, besides those of the configuration. The lock is held. */
static inline uint32_t held_flags(const struct api *api)
{
	return api->observe.is_option || api->observe.until ? TABLE_OBSERVED : 0;
}

static inline bool held_is_observed(const struct api *api)
{
	return (api->config.flags | held_flags(api)) & TABLE_OBSERVED;
}

#endif
