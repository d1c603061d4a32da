/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_STREAMS_H
#define CHAOS_CONTROL_STREAMS_H

/*
 * Feeds of events on connections. A feed with nothing to say has its connection suspended, and a thread
 * looks after all of these: it resumes one for which there is something, or whose client has gone. A
 * client that does not read costs what its feed and its connection hold, and is closed by the
 * server's time limit.
 */

#include <microhttpd.h>

#include "api.h"
#include "places.h"

struct streams;

/* Starts the thread. NULL: it cannot be; errno tells. */
struct streams *streams_start(struct api *api);

/* A response that tells the feed, which it takes. `place` is the connection's. */
struct MHD_Response *streams_response(struct streams *streams, struct feed *feed,
	struct MHD_Connection *connection, struct places *places, struct place *place);

/* An answer has been given that may have begun a lease. */
void streams_look(struct streams *streams);

/* Ends the thread, and all streams, as far as their clients read. The servers are stopped after it; no
 * connection is suspended any more. */
void streams_end(struct streams *streams);

/* After the servers have stopped. `streams` may be NULL. */
void streams_free(struct streams *streams);

#endif
