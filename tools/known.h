/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_KNOWN_H
#define CHAOS_TOOLS_KNOWN_H

/* The names of services and operations that requests are recognised by. */

#include <stdbool.h>
#include <stdio.h>

#include "shim/base/span.h"

/* Prints the services that match a glob (NULL: all), one per line or as an array of JSON. Returns
 * how many. */
int known_services(FILE *out, const char *glob, bool json);

/* Likewise the operations of a service; -1 if there is no such service. */
int known_operations(FILE *out, const char *service, bool json);

/* The service whose name is nearest; .len 0: none is near. */
struct span known_nearest_service(const char *name);

#endif
