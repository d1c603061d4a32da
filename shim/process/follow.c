/* SPDX-License-Identifier: Apache-2.0 */
#include "follow.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/base/span.h"
#include "shim/memory/journal.h"
#include "shim/memory/runtime.h"

/* The secret is the last one, so that it can be left out. */
enum { LIBRARY, FOLDER, REPORT, WISHES, GUESTS = WISHES + FOLLOW_WISHES };

#define HOSTS 2
#define PORTS 3

static const char *const wishes[FOLLOW_WISHES] = {
	"CHAOS_QUIET",
	"CHAOS_BRIDGE",
	[HOSTS] = "CHAOS_INTERCEPT",
	[PORTS] = "CHAOS_PORTS",
	"CHAOS_LABEL",
	JOURNAL_RUN,
	"NODE_EXTRA_CA_CERTS",
	"DENO_CERT",
};

static struct span file_name(struct span path)
{
	const char *slash = path.len ? memrchr(path.at, '/', path.len) : NULL;

	return slash ? span_from(path, (size_t)(slash - path.at) + 1) : path;
}

/* Is there an entry with that file name? The loader takes spaces and colons between them. */
static bool is_listed(const char *list, const char *name)
{
	for (; *list; list += strspn(list, ": ")) {
		struct span entry = {list, strcspn(list, ": ")};

		if (span_equal(file_name(entry), span_of(name)))
			return true;
		list += entry.len;
	}
	return false;
}

/* The library's own path, as it stands in LD_PRELOAD or was found by it, made absolute. */
static const char *find_library(struct follow *follow)
{
	const char *list = getenv("LD_PRELOAD"), *name;
	char here[PATH_MAX] = "";
	Dl_info info;

	if (!list || !dladdr((const void *)follow_begin, &info) || !info.dli_fname)
		return NULL;
	if (info.dli_fname[0] != '/' && !getcwd(here, sizeof(here)))
		return NULL;
	if (snprintf(follow->library, sizeof(follow->library), "LD_PRELOAD=%s%s%s", here,
		    *here ? "/" : "", info.dli_fname) >= (int)sizeof(follow->library) ||
		strpbrk(follow->library, ": "))
		return NULL;
	name = strrchr(follow->library, '/') + 1;
	return is_listed(list, name) ? name : NULL;
}

/* "NAME=value"; "" where it is not set, or does not fit. */
static void note(char *entry, size_t cap, const char *name)
{
	const char *value = getenv(name);

	if (!value || !*value || (size_t)snprintf(entry, cap, "%s=%s", name, value) >= cap)
		*entry = '\0';
}

static const char *value_of(const char *entry)
{
	const char *equals = strchr(entry, '=');

	return equals ? equals + 1 : "";
}

const char *follow_library(const struct follow *follow)
{
	return value_of(follow->library);
}

/* What else is ours is beside the library. */
static void find_helper(struct follow *follow)
{
	const char *path = follow_library(follow);
	int len = (int)(follow->name - path);

	if (snprintf(follow->helper, sizeof(follow->helper), "%.*schaos-enter", len, path) >=
		(int)sizeof(follow->helper))
		*follow->helper = '\0';
}

/* A list of authorities is chaos-run's wish if it is that of the folder; else it is the user's. */
static void note_wish(struct follow *follow, int wish)
{
	const char *value = getenv(wishes[wish]), *folder = value_of(follow->folder);
	size_t len = strlen(folder);

	note(follow->wishes[wish], sizeof(follow->wishes[wish]), wishes[wish]);
	if (value && strncmp(wishes[wish], "CHAOS_", 6) != 0 &&
		(strncmp(value, folder, len) != 0 || strcmp(value + len, "/" RUNTIME_CA) != 0))
		*follow->wishes[wish] = '\0';
}

void follow_begin(struct follow *follow, const char *folder)
{
	const char *wanted = getenv("CHAOS_FOLLOW"), *named = getenv("CHAOS_DIR");

	follow->is_off = wanted && strcmp(wanted, "0") == 0;
	follow->is_folder_named = named && *named;
	if (*folder)
		snprintf(follow->folder, sizeof(follow->folder), "CHAOS_DIR=%s", folder);
	for (int i = 0; i < FOLLOW_WISHES; i++)
		note_wish(follow, i);
	note(follow->report, sizeof(follow->report), "CHAOS_REPORT");
	note(follow->guests, sizeof(follow->guests), GUESTS_VARIABLE);
	if (!guests_entry_valid(follow->guests, sizeof(follow->guests)))
		*follow->guests = '\0';
	follow->name = find_library(follow);
	if (follow->name)
		find_helper(follow);
}

void follow_forget_authority(struct follow *follow)
{
	for (int i = 0; i < FOLLOW_WISHES; i++) {
		if (!*follow->wishes[i] || strncmp(wishes[i], "CHAOS_", 6) == 0)
			continue;
		unsetenv(wishes[i]);
		*follow->wishes[i] = '\0';
	}
}

static bool has_port(const char *list, const char *port)
{
	for (; *list; list += strspn(list, ", ")) {
		size_t len = strcspn(list, ", ");

		if (len == strlen(port) && memcmp(list, port, len) == 0)
			return true;
		list += len;
	}
	return false;
}

/* Behind what its list has; left out where there is no room. */
static void add_to_wish(struct follow *follow, int wish, const char *text)
{
	char *entry = follow->wishes[wish];
	const size_t cap = sizeof(follow->wishes[wish]), len = strlen(entry);

	if (len + strlen(wishes[wish]) + 1 + strlen(text) >= cap)
		return;
	if (!len)
		snprintf(entry, cap, "%s=%s", wishes[wish], text);
	else
		snprintf(entry + len, cap - len, "%s%s", strchr(", ", entry[len - 1]) ? "" : ",",
			text);
}

static void add_port(struct follow *follow, const struct endpoint *endpoint)
{
	char port[8];

	snprintf(port, sizeof(port), "%u", endpoint->port);
	if (endpoint->port && !has_port(value_of(follow->wishes[PORTS]), port))
		add_to_wish(follow, PORTS, port);
}

/* What a list would not take is no host either. */
static void add_host(struct follow *follow, const struct endpoint *endpoint)
{
	const char *form = strchr(endpoint->host, ':') ? "[%s]:%u" : "%s:%u";
	char host[sizeof(endpoint->host) + 16];

	if (!endpoint->port || endpoints_check_host(span_of(endpoint->host)))
		return;
	snprintf(host, sizeof(host), form, endpoint->host, endpoint->port);
	add_to_wish(follow, HOSTS, host);
}

void follow_add_endpoints(struct follow *follow, const struct endpoints *endpoints)
{
	for (unsigned i = 0; i < endpoints->count; i++) {
		add_port(follow, &endpoints->all[i]);
		if (i >= endpoints->listed)
			add_host(follow, &endpoints->all[i]);
	}
}

/* The entry that is to stand there, up to '=', or behind it. */
static const char *kept_entry(
	const struct follow *follow, const struct follow_plan *plan, int entry)
{
	const char *const entries[WISHES] = {
		[LIBRARY] = follow->library, [FOLDER] = follow->folder, [REPORT] = follow->report};

	if (entry == GUESTS)
		return plan->guests;
	return entry < WISHES ? entries[entry] : follow->wishes[entry - WISHES];
}

/* The last entry of that name, which is the one that the loader obeys; `count`: there is none. */
static size_t find(char *const envp[], size_t count, const char *kept)
{
	size_t len = (size_t)(strchr(kept, '=') - kept) + 1;

	for (size_t i = count; i--;)
		if (strncmp(envp[i], kept, len) == 0)
			return i;
	return count;
}

static void plan_library(const struct follow *follow, char *const envp[], struct follow_plan *plan)
{
	size_t at = find(envp, plan->count, follow->library);
	const char *list = at < plan->count ? value_of(envp[at]) : "";

	plan->places[LIBRARY] = at;
	if (is_listed(list, follow->name))
		plan->places[LIBRARY] = FOLLOW_LEFT;
	else
		plan->list = strlen(list);
}

/* What has been left empty counts as unset. */
static void plan_value(const struct follow *follow, char *const envp[], struct follow_plan *plan,
	int entry, bool is_wanted)
{
	const char *kept = kept_entry(follow, plan, entry);
	size_t at;

	plan->places[entry] = FOLLOW_LEFT;
	if (!is_wanted || !*kept)
		return;
	at = find(envp, plan->count, kept);
	if (at == plan->count || !*value_of(envp[at]))
		plan->places[entry] = at;
}

bool follow_has_folder(const struct follow *follow, char *const envp[])
{
	const char *own = getenv("CHAOS_DIR"), *value;
	size_t count = 0, at;

	while (envp && envp[count])
		count++;
	at = find(envp, count, "CHAOS_DIR=");
	if (at == count)
		return true;
	value = value_of(envp[at]);
	return !*value || (own && strcmp(value, own) == 0) || strcmp(envp[at], follow->folder) == 0;
}

bool follow_plan(const struct follow *follow, const char *guests, char *const envp[],
	struct follow_plan *plan)
{
	size_t added = 0;
	bool is_cleared, changes = false;

	memset(plan, 0, sizeof(*plan));
	plan->guests = guests;
	while (envp && envp[plan->count])
		plan->count++;
	plan_library(follow, envp, plan);
	is_cleared = plan->places[LIBRARY] != FOLLOW_LEFT;
	plan_value(follow, envp, plan, FOLDER, is_cleared || follow->is_folder_named);
	plan_value(follow, envp, plan, REPORT, true);
	/* Whoever takes one of these out alone wants it so. */
	for (int i = 0; i < FOLLOW_WISHES; i++)
		plan_value(follow, envp, plan, WISHES + i, is_cleared);
	plan_value(follow, envp, plan, GUESTS, true);
	for (int entry = 0; entry < FOLLOW_ENTRIES; entry++) {
		changes |= plan->places[entry] != FOLLOW_LEFT;
		if (plan->places[entry] == plan->count)
			plan->places[entry] += added++;
	}
	plan->room = (plan->count + FOLLOW_ENTRIES + 1) * sizeof(*envp);
	if (plan->list)
		plan->room += strlen(follow->library) + 1 + plan->list + 1;
	return changes;
}

bool follow_plan_openly(struct follow_plan *plan)
{
	bool changes = false;

	plan->places[GUESTS] = FOLLOW_LEFT;
	for (int entry = 0; entry < FOLLOW_ENTRIES; entry++)
		changes |= plan->places[entry] != FOLLOW_LEFT;
	return changes;
}

/* In front of what the program wants to have preloaded, as chaos-run puts it. */
static char *join(const struct follow *follow, const char *list, size_t len, char *out)
{
	size_t own = strlen(follow->library);

	memcpy(out, follow->library, own);
	out[own] = ':';
	memcpy(out + own + 1, list, len);
	out[own + 1 + len] = '\0';
	return out;
}

char *const *follow_fill(
	const struct follow *follow, char *const envp[], const struct follow_plan *plan, void *room)
{
	char **filled = room;
	char *text = (char *)(filled + plan->count + FOLLOW_ENTRIES + 1);
	size_t end = plan->count;

	if (plan->count)
		memcpy(filled, envp, plan->count * sizeof(*filled));
	for (int entry = 0; entry < FOLLOW_ENTRIES; entry++) {
		size_t at = plan->places[entry];

		if (at == FOLLOW_LEFT)
			continue;
		filled[at] = (char *)kept_entry(follow, plan, entry);
		end += at >= plan->count;
	}
	if (plan->list)
		filled[plan->places[LIBRARY]] =
			join(follow, value_of(envp[plan->places[LIBRARY]]), plan->list, text);
	filled[end] = NULL;
	return filled;
}
