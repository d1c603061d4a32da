/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_HTTP_H
#define CHAOS_CONTROL_HTTP_H

/* The API on a listening socket. */

#include "streams.h"

struct http;

/* Serves the API in a thread of its own. Takes the socket over, also when it fails: NULL. */
struct http *http_start(struct api *api, struct streams *streams, int listening);

/* Ends the thread and closes the socket; the streams have ended before. `http` may be NULL. */
void http_stop(struct http *http);

#endif
