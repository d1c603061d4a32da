/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/engine/aws/model.h"
#include "shim/engine/aws/model_file.h"
#include "shim/memory/runtime.h"

struct loaded_model {
	struct model model;
	size_t size;
	_Alignas(8) char bytes[];
};

static ssize_t read_all(int fd, char *bytes, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, bytes + len, size - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : (ssize_t)len;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

/* NULL: see `what`. */
static struct loaded_model *read_model(int fd, const char **what)
{
	struct loaded_model *loaded;
	struct stat status;
	ssize_t len;

	*what = "is no model";
	if (fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_size > MODEL_FILE_MAX)
		return NULL;
	loaded = malloc(sizeof(*loaded) + (size_t)status.st_size + 1);
	if (!loaded) {
		*what = strerror(ENOMEM);
		return NULL;
	}
	len = read_all(fd, loaded->bytes, (size_t)status.st_size);
	loaded->size = len < 0 ? 0 : (size_t)len;
	*what = len < 0 ? strerror((int)-len)
			: model_file_open(loaded->bytes, loaded->size, &loaded->model);
	if (!*what && !model_use(&loaded->model))
		*what = "comes too late";
	if (!*what)
		return loaded;
	free(loaded);
	return NULL;
}

struct loaded_model *model_load(const char *path, char reason[MODEL_REASON_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct loaded_model *loaded = NULL;
	const char *what = fd < 0 ? strerror(errno) : "";

	if (fd >= 0) {
		loaded = read_model(fd, &what);
		close(fd);
	}
	*reason = '\0';
	if (!loaded)
		snprintf(reason, MODEL_REASON_MAX,
			"the model %s: %s; the built-in one, of botocore %s, is used", path, what,
			aws_model_version());
	return loaded;
}

struct loaded_model *model_load_chosen(const char *given, char reason[MODEL_REASON_MAX])
{
	const char *asked = given ? given : secure_getenv("CHAOS_MODEL");
	char path[PATH_MAX];

	*reason = '\0';
	if (given)
		snprintf(path, sizeof(path), "%s", given);
	else if (runtime_model(path, sizeof(path)))
		return NULL;
	if (strcmp(path, MODEL_BUILT_IN) == 0)
		return NULL;
	/* The default place may be empty. */
	if (!(asked && *asked) && access(path, F_OK) < 0)
		return NULL;
	return model_load(path, reason);
}

static int write_model(const struct loaded_model *loaded, const char *path)
{
	int fd, error = 0;
	ssize_t put;

	/* Left behind by a daemon that was killed. */
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0)
		return -errno;
	for (size_t len = 0; len < loaded->size && !error; len += (size_t)put) {
		put = write(fd, loaded->bytes + len, loaded->size - len);
		if (put < 0)
			error = -errno;
	}
	close(fd);
	return error;
}

/* Programs may have the old one mapped: it is never written to. */
int model_publish(const struct loaded_model *loaded, const char *folder)
{
	char path[PATH_MAX + 16], next[PATH_MAX + 16];
	int error;

	snprintf(path, sizeof(path), "%s/" RUNTIME_MODEL, folder);
	snprintf(next, sizeof(next), "%s/" RUNTIME_MODEL_NEXT, folder);
	if (!loaded)
		return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	error = write_model(loaded, next);
	if (!error && rename(next, path) < 0)
		error = -errno;
	if (error)
		unlink(next);
	return error;
}
