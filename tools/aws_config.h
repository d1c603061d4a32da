/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_AWS_CONFIG_H
#define CHAOS_TOOLS_AWS_CONFIG_H

/* What the SDKs' configuration file says of endpoints. */

#include <stdbool.h>

/*
 * The hosts that endpoint_url names in $AWS_CONFIG_FILE, or ~/.aws/config, for the profile of $AWS_PROFILE, or
 * the default one, and in the [services] that it takes: "HOST:PORT,…", as of CHAOS_INTERCEPT, which the
 * caller frees; NULL: none. `secure`: those of https: alone. What is no host is left out.
 */
char *aws_config_hosts(bool secure);

#endif
