/* SPDX-License-Identifier: Apache-2.0 */
#include "observe.h"

#include "apply.h"
#include "monotonic.h"
#include "together.h"

static uint64_t end_of_lease(void)
{
	return monotonic_now() + OBSERVE_LEASE_SECONDS * 1000000000ull;
}

int observe_renew(struct api *api, struct refusal *why)
{
	bool was_on = held_is_observed(api);
	int error;

	api->observe.until = end_of_lease();
	error = was_on ? 0 : apply_publish(api, &api->config, why);
	if (error)
		api->observe.until = 0;
	return error;
}

void observe_take_over(struct api *api)
{
	struct table_view view = table_look(api->writer->table);

	if (view.slot && table_load(view.slot->head->flags) & TABLE_OBSERVED &&
		!held_is_observed(api))
		api->observe.until = end_of_lease();
}

int observe_reader_begins(struct api *api, struct refusal *why)
{
	int error;

	if (api->observe.readers >= OBSERVE_READERS)
		return refuse(why, 503,
			"%d clients are reading events already, and no more are possible; end one "
			"of "
			"them",
			OBSERVE_READERS);
	error = observe_renew(api, why);
	if (!error)
		api->observe.readers++;
	return error;
}

void observe_forget(struct api *api)
{
	api->observe.is_option = false;
	if (!api->observe.readers)
		api->observe.until = 0;
}

void observe_reader_ends(struct api *api)
{
	pthread_mutex_lock(&api->lock);
	api->observe.readers--;
	if (api->observe.until)
		api->observe.until = end_of_lease();
	pthread_mutex_unlock(&api->lock);
}

void observe_guests(struct api *api)
{
	pthread_mutex_lock(&api->lock);
	if (api->is_ready)
		together_events(api->writer, &api->guests);
	pthread_mutex_unlock(&api->lock);
}

bool observe_expire(struct api *api)
{
	struct refusal why = {0};
	bool is_leased;

	pthread_mutex_lock(&api->lock);
	if (api->is_ready && api->observe.until && !api->observe.readers &&
		monotonic_now() >= api->observe.until) {
		api->observe.until = 0;
		/* What fails is tried again with the next publication; it costs a little until then. */
		if (!held_is_observed(api))
			apply_publish(api, &api->config, &why);
	}
	is_leased = api->observe.until != 0;
	pthread_mutex_unlock(&api->lock);
	return is_leased;
}
