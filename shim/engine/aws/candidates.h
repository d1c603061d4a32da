/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_CANDIDATES_H
#define CHAOS_AWS_CANDIDATES_H

/* Sets of services, narrowed by one piece of evidence after the other. */

#include "tables.h"

struct aws_services {
	unsigned count;
	uint16_t at[AWS_CANDIDATES_MAX]; /* the likeliest first */
};

static inline void aws_services_add(struct aws_services *services, unsigned service)
{
	if (services->count < AWS_CANDIDATES_MAX)
		services->at[services->count++] = (uint16_t)service;
}

static inline struct aws_services aws_services_of(struct model_list list)
{
	struct aws_services services = {0};

	for (unsigned i = 0; i < list.count; i++)
		aws_services_add(&services, list.at[i]);
	return services;
}

/* Keeps the services that `keeps` says yes to, or all when it says no to every one. */
static inline void aws_services_narrow(struct aws_services *services,
	bool (*keeps)(unsigned service, const void *context), const void *context)
{
	struct aws_services kept = {0};

	for (unsigned i = 0; i < services->count; i++)
		if (keeps(services->at[i], context))
			aws_services_add(&kept, services->at[i]);
	if (kept.count)
		*services = kept;
}

#endif
