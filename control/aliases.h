/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_ALIASES_H
#define CHAOS_CONTROL_ALIASES_H

/* Services by other names than botocore's: those of the AWS CLI, of host names and credential scopes,
 * of User-Agent headers, and abbreviations. */

#include "shim/base/span.h"

/* Fills in the services that may be meant, at most `cap`, and returns how many. Case and signs between
 * the letters do not count: "Secrets-Manager" is "secretsmanager". */
int aliases_find(struct span name, struct span *services, int cap);

#endif
