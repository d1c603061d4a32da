/* SPDX-License-Identifier: Apache-2.0 */
#include "observe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "control/monotonic.h"
#include "shim/memory/runtime.h"
#include "tools/client.h"
#include "tools/folder.h"

#define PATH	   "/_chaos/observe"
#define LEASE_PATH "/_chaos/stats" /* who asks for it observes for a minute */

/* Bytes far behind the journal's end. Whoever turns observing on or off has the first one for that time;
 * those that look have the second one, if it was turned on by one of them. */
enum { LOCK_CHANGE = 0, LOCK_OURS = 1 };

static int lock(int fd, int byte, short type, int command)
{
	struct flock range = {.l_type = type, .l_start = (off_t)1 << 40 | byte, .l_len = 1};

	while (fcntl(fd, command, &range) < 0)
		if (errno != EINTR)
			return -errno;
	return command == F_OFD_GETLK && range.l_type != F_UNLCK ? 1 : 0;
}

static int open_journal(struct observe *observe)
{
	char path[PATH_MAX + 16];
	struct stat status;
	void *map;

	snprintf(path, sizeof(path), "%s/" RUNTIME_JOURNAL, observe->folder);
	observe->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (observe->fd < 0 || fstat(observe->fd, &status) < 0)
		return -errno;
	if ((uint64_t)status.st_size != sizeof(struct journal))
		return -EINVAL;
	map = mmap(NULL, sizeof(struct journal), PROT_READ, MAP_SHARED, observe->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	observe->journal = map;
	return journal_valid(map, sizeof(struct journal)) ? 0 : -EINVAL;
}

/* The daemon's own words; without any, it may not know of observing. */
static void take_refusal(const struct observe *observe, long status, const cJSON *body,
	char reason[OBSERVE_REASON_MAX])
{
	const char *message = cJSON_GetStringValue(cJSON_GetObjectItem(body, "message"));

	if (message && status != 404 && status != 405)
		snprintf(reason, OBSERVE_REASON_MAX, "%s: the daemon cannot observe: %s",
			observe->folder, message);
	else
		snprintf(reason, OBSERVE_REASON_MAX,
			"%s: the daemon refuses to observe, with HTTP status %ld; it may be of "
			"another version",
			observe->folder, status);
}

/* Who observes, as the daemon answers. */
struct state {
	bool is_observed, is_kept;
};

/* `state` may be NULL. */
static int ask(const struct observe *observe, const char *method, const char *path,
	struct state *state, char reason[OBSERVE_REASON_MAX])
{
	const struct client_request request = {
		.folder = observe->folder, .method = method, .path = path};
	struct client_answer answer;
	char why[256] = "";
	int error = client_call(&request, &answer, why);
	cJSON *body;

	if (error) {
		snprintf(reason, OBSERVE_REASON_MAX, "%s: %s", observe->folder,
			error == -EIO ? why : folder_error(error));
		return error;
	}
	body = cJSON_Parse(answer.body);
	if (state) {
		state->is_observed = cJSON_IsTrue(cJSON_GetObjectItem(body, "observed"));
		state->is_kept = cJSON_IsTrue(cJSON_GetObjectItem(body, "kept"));
	}
	if (answer.status != 200) {
		take_refusal(observe, answer.status, body, reason);
		error = -EIO;
	}
	cJSON_Delete(body);
	client_free(&answer);
	return error;
}

/* To be called with LOCK_CHANGE. */
static int turn_on(struct observe *observe, char reason[OBSERVE_REASON_MAX])
{
	struct state before = {0};
	int error = ask(observe, "GET", PATH, &before, reason);

	if (error)
		return error;
	observe->is_ours =
		!before.is_observed || lock(observe->fd, LOCK_OURS, F_WRLCK, F_OFD_GETLK) == 1;
	if (observe->is_ours)
		lock(observe->fd, LOCK_OURS, F_RDLCK, F_OFD_SETLK);
	observe->renewed = monotonic_now();
	return ask(observe, "GET", LEASE_PATH, NULL, reason);
}

void observe_continue(struct observe *observe)
{
	char reason[OBSERVE_REASON_MAX];

	if (monotonic_now() - observe->renewed < OBSERVE_RENEW_MS * 1000000ull)
		return;
	observe->renewed = monotonic_now();
	ask(observe, "GET", LEASE_PATH, NULL, reason);
}

static void close_journal(struct observe *observe)
{
	if (observe->journal)
		munmap((void *)observe->journal, sizeof(struct journal));
	if (observe->fd >= 0)
		close(observe->fd);
	observe->journal = NULL;
	observe->fd = -1;
}

int observe_begin(struct observe *observe, const char *folder, char reason[OBSERVE_REASON_MAX])
{
	int error;

	*observe = (struct observe){.folder = folder, .fd = -1};
	error = folder_check(folder);
	if (!error)
		error = open_journal(observe);
	if (error) {
		snprintf(reason, OBSERVE_REASON_MAX, "%s/" RUNTIME_JOURNAL ": %s", folder,
			error == -EINVAL ? "it is of another version; start the daemon again"
					 : folder_error(error));
		close_journal(observe);
		return error;
	}
	lock(observe->fd, LOCK_CHANGE, F_WRLCK, F_OFD_SETLKW);
	error = turn_on(observe, reason);
	lock(observe->fd, LOCK_CHANGE, F_UNLCK, F_OFD_SETLK);
	if (error)
		close_journal(observe);
	return error;
}

void observe_guests(const struct observe *observe)
{
	/* A look at everything does so, and makes nobody observe for longer. */
	const struct client_request request = {
		.folder = observe->folder, .method = "GET", .path = "/_chaos/snapshot?limit=1"};
	struct client_answer answer;
	char why[256];

	if (*observe->journal->guests && client_call(&request, &answer, why) == 0)
		client_free(&answer);
}

/* What somebody has kept meanwhile is theirs. */
static void turn_off(const struct observe *observe)
{
	char reason[OBSERVE_REASON_MAX];
	struct state state = {0};

	if (ask(observe, "GET", PATH, &state, reason) == 0 && !state.is_kept)
		ask(observe, "DELETE", PATH, NULL, reason);
}

void observe_end(struct observe *observe)
{
	if (observe->fd < 0)
		return;
	lock(observe->fd, LOCK_CHANGE, F_WRLCK, F_OFD_SETLKW);
	if (observe->is_ours && lock(observe->fd, LOCK_OURS, F_WRLCK, F_OFD_GETLK) == 0)
		turn_off(observe);
	close_journal(observe);
}
