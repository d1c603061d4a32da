/* SPDX-License-Identifier: Apache-2.0 */
#include "apply.h"

#include <errno.h>
#include <stdlib.h>

#include "state.h"

static int refuse_rules(struct refusal *why, int error, const char *reason)
{
	return error ? refuse(why, error == -ENOSPC ? 507 : 500, "%s", reason) : 0;
}

static uint64_t latency_of(const struct config *config)
{
	return config->flags & TABLE_PAUSED ? 0 : (uint64_t)config->latency_ms * 1000000;
}

int apply_publish(struct api *api, const struct config *config, struct refusal *why)
{
	const char *reason = "";
	size_t count;
	const struct rule **rules = config_rules(config, &count);
	int error;

	removed_count(&api->removed, api->writer);
	error = writer_publish(api->writer, rules, count, latency_of(config),
		config->flags | held_flags(api), &reason);

	free(rules);
	return refuse_rules(why, error, reason);
}

int apply_check(const struct config *config, struct refusal *why)
{
	struct compiled compiled;
	const char *reason = "";
	size_t count;
	const struct rule **rules = config_rules(config, &count);
	int error = compile_rules(&compiled, rules, count, latency_of(config), &reason);

	free(rules);
	if (!error)
		compiled_free(&compiled);
	return refuse_rules(why, error, reason);
}

int apply_commit(struct api *api, struct config *next, struct refusal *why)
{
	struct refusal second = {0};
	int error = api->state_path ? state_save(api->state_path, next, why) : 0;

	if (!error) {
		error = apply_publish(api, next, why);
		/* What is saved must be what is in force. */
		if (error && api->state_path && state_save(api->state_path, &api->config, &second))
			*why = second;
	}
	if (error) {
		config_clear(next);
		return error;
	}
	removed_take(&api->removed, api->writer, &api->config);
	config_clear(&api->config);
	api->config = *next;
	return 0;
}
