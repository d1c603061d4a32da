/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim.h"
#include "shim/libc/real.h"
#include "shim/program/binary.h"
#include "unfollowed.h"

#define DESCRIPTORS "/proc/self/fd/"

static bool is_attached(void)
{
	return shim.follow.name && (atomic_load(&shim.journal) || atomic_load(&shim.table));
}

/* Is one of the process's groups this one? */
static bool is_in_group(gid_t wanted)
{
	gid_t groups[64];
	int count = getgroups(sizeof(groups) / sizeof(*groups), groups);

	for (int i = 0; i < count; i++)
		if (groups[i] == wanted)
			return true;
	return getegid() == wanted;
}

/* Has this user such a right (4: to read, 1: to pass), without any capability? */
static bool is_allowed(const char *path, unsigned right)
{
	struct stat status;

	if (real.stat(path, &status))
		return false;
	if (status.st_uid == geteuid())
		return status.st_mode & right << 6;
	return status.st_mode & (is_in_group(status.st_gid) ? right << 3 : right);
}

/* What setpriv keeps of root's capabilities on its way to another user ends with the exec. */
static bool is_library_allowed(const char *path)
{
	// cppcheck-suppress allocaCalled
	char *folder = alloca(strlen(path) + 1);

	for (const char *at = path + 1; (at = strchr(at, '/')); at++) {
		memcpy(folder, path, (size_t)(at - path));
		folder[at - path] = '\0';
		if (!is_allowed(folder, 1))
			return false;
	}
	return is_allowed(path, 4);
}

/* Another user may not reach the library, nor what lives below another root. */
static bool is_library_there(void)
{
	const char *path = follow_library(&shim.follow);

	if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0 &&
		(errno == EACCES || errno == ENOENT || errno == ENOTDIR))
		return false;
	return geteuid() == 0 || geteuid() == getauxval(AT_EUID) || is_library_allowed(path);
}

/* ldd asks the loader of each architecture whether a file is one of its programs. */
static bool is_asked_by_ldd(const struct binary *found)
{
	const char *slash = strrchr(found->path, '/');

	return found->obstacle == BINARY_OTHER_MACHINE &&
	       strncmp(slash ? slash + 1 : found->path, "ld-linux", 8) == 0;
}

/* A secret that is given to the child is of no use in another network, where what it says is not heard. */
static bool is_out_of_reach(const char *guests)
{
	return *guests && !*shim.follow.guests && !guests_reach(strchr(guests, '=') + 1);
}

static enum binary_obstacle judge(const struct binary *found, const char *guests, bool lacks)
{
	/* These do not begin at all. */
	if (found->obstacle == BINARY_NOT_FOUND || found->obstacle == BINARY_NOT_EXECUTABLE ||
		is_asked_by_ldd(found))
		return BINARY_NONE;
	if (found->obstacle)
		return found->obstacle;
	/* As the loader sees it, which the kernel tells. */
	if (geteuid() != getuid() || getegid() != getgid())
		return BINARY_EFFECTIVE;
	if (!is_library_there())
		return BINARY_LIBRARY;
	if (lacks && shim.follow.is_off)
		return BINARY_ENVIRONMENT;
	return is_out_of_reach(guests) ? BINARY_USER : BINARY_NONE;
}

/* A program that was named by a descriptor is told of by its own name. */
static void name_file(const struct binary *found)
{
	char link[64];
	ssize_t len;

	if (strncmp(found->path, DESCRIPTORS, strlen(DESCRIPTORS)) != 0 ||
		strlen(found->path) >= sizeof(link))
		return;
	strcpy(link, found->path);
	len = readlink(link, found->path, found->cap - 1);
	if (len < 0)
		strcpy(found->path, link);
	else
		found->path[len] = '\0';
}

/* What is to begin, and by whose arguments. */
struct beginning {
	const char *command; /* as it can be looked at */
	int how;
	int from;	  /* where a relative path begins, as spawned_folder() tells it */
	int folder;	  /* a descriptor; -1: none */
	const char *path; /* as the program has named it, in that folder */
	char *const *argv, *const *envp;
};

/* Is it to begin by chaos-enter? */
static bool plan_enter(
	struct enter *enter, const struct beginning *beginning, const struct binary *found)
{
	*enter = (struct enter){.command = beginning->path,
		.how = beginning->how,
		.from = beginning->from,
		.folder = beginning->folder};
	return binary_can_be_supervised(found->obstacle) && !found->is_text &&
	       enter_plan(enter, beginning->argv, beginning->envp);
}

/* Where the folder could not be opened, nothing can be said of what is in it. */
static void look_from(const struct beginning *beginning, const char *path, struct binary *found)
{
	if (found->folder >= 0 || found->folder == AT_FDCWD) {
		binary_look(beginning->command, path, beginning->how, found);
		return;
	}
	snprintf(found->path, found->cap, "%s", beginning->command);
	found->obstacle = BINARY_UNREADABLE;
}

/* Apart, so that its stack is free again when the program begins. It takes little of that: a handler may
 * execute a program on a stack of its own. */
__attribute__((noinline)) static enum binary_obstacle look(
	struct child *child, const struct beginning *beginning, bool lacks)
{
	struct journal *journal = shim_journal();
	const char *path = getenv("PATH");
	struct binary found = {.folder = beginning->from,
		.cap = binary_room(beginning->command, path, beginning->how)};
	enum binary_obstacle obstacle;

	// cppcheck-suppress allocaCalled
	found.path = alloca(found.cap);
	look_from(beginning, path, &found);
	child->cannot_begin =
		found.obstacle == BINARY_NOT_FOUND || found.obstacle == BINARY_NOT_EXECUTABLE;
	obstacle = judge(&found, child->plan.guests, lacks);
	if (!obstacle || !journal)
		return obstacle;
	if (plan_enter(&child->enter, beginning, &found))
		return BINARY_NONE;
	if (binary_can_be_supervised(obstacle) && (*child->plan.guests || *shim.follow.guests))
		obstacle = BINARY_GUEST;
	name_file(&found);
	child->journal = journal;
	child->place = unfollowed_add(journal, obstacle, found.path);
	return obstacle;
}

/* A child that runs as another user than this program was begun by cannot open the folder: what it says to
 * the daemon instead; "": nothing. A sandbox is not asked who that is. It is copied before it is looked at: a
 * program that has gone over may still write where it stands. */
static void note_entry_for_guests(char entry[GUESTS_ENTRY_MAX])
{
	const struct journal *journal = atomic_load(&shim.journal);
	unsigned long user = getauxval(AT_EUID);
	bool is_other;

	*entry = '\0';
	if (shim.follow.is_off)
		return;
	if (*shim.follow.guests) {
		memcpy(entry, shim.follow.guests, GUESTS_ENTRY_MAX);
		return;
	}
	is_other = atomic_load(&shim.sandboxed) ? user == 0 : geteuid() != user;
	if (journal && is_other)
		memcpy(entry, journal->guests, GUESTS_ENTRY_MAX);
	if (!guests_entry_valid(entry, GUESTS_ENTRY_MAX))
		*entry = '\0';
}

static void begin(struct child *child, const struct beginning *beginning)
{
	enum binary_obstacle obstacle = BINARY_NONE;
	int error = errno;
	bool lacks;

	memset(child, 0, sizeof(*child));
	/* The kernel has something to say of a program without a name. */
	if (!beginning->command || !is_attached())
		return;
	note_entry_for_guests(child->guests);
	lacks = follow_plan(&shim.follow, child->guests, beginning->envp, &child->plan);
	if (child_is_looked_at())
		obstacle = look(child, beginning, lacks);
	/* The loader would complain of a library that it cannot read. */
	child->is_given = lacks && !shim.follow.is_off && obstacle != BINARY_LIBRARY;
	errno = error;
}

void child_begin_from(struct child *child, int folder, const char *command, int how,
	char *const argv[], char *const envp[])
{
	begin(child, &(struct beginning){command, how, folder, -1, command, argv, envp});
}

void child_begin(
	struct child *child, const char *command, int how, char *const argv[], char *const envp[])
{
	child_begin_from(child, AT_FDCWD, command, how, argv, envp);
}

bool child_is_looked_at(void)
{
	return is_attached() && !atomic_load(&shim.sandboxed);
}

__attribute__((noinline)) static void begin_at(
	struct child *child, int fd, const char *path, char *const argv[], char *const envp[])
{
	size_t room = sizeof(DESCRIPTORS) + 16 + strlen(path);
	// cppcheck-suppress allocaCalled
	char *whole = alloca(room);

	snprintf(whole, room, DESCRIPTORS "%d%s%s", fd, *path ? "/" : "", path);
	begin(child, &(struct beginning){whole, 0, AT_FDCWD, fd, path, argv, envp});
}

void child_begin_at(
	struct child *child, int fd, const char *path, char *const argv[], char *const envp[])
{
	if (!path || *path == '/' || (*path && fd == AT_FDCWD))
		child_begin(child, path, 0, argv, envp);
	else
		begin_at(child, fd, path, argv, envp);
}

void child_begin_alone(struct child *child, char *const envp[])
{
	struct enter enter = child->enter;

	enter_failed(&enter);
	if (enter.folder >= 0)
		child_begin_at(child, enter.folder, enter.command, NULL, envp);
	else
		child_begin_from(child, enter.from, enter.command, enter.how, NULL, envp);
}

void child_failed(const struct child *child)
{
	if (child->journal)
		unfollowed_remove(child->journal, child->place);
}
