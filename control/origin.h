/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_ORIGIN_H
#define CHAOS_CONTROL_ORIGIN_H

/*
 * Who may drive the daemon: not a web page. A page sends its Origin with every change, and a name
 * that is rebound to a loopback address stays in Host.
 */

#include <stdbool.h>

/* Is a Host header ours: localhost, a loopback address, localhost.localstack.cloud or a name under
 * it, with any port? */
bool origin_host_is_own(const char *host);

/* Likewise an Origin header ("http://localhost:8080"). "null" is not. */
bool origin_is_own(const char *origin);

#endif
