/* SPDX-License-Identifier: Apache-2.0 */
/* The model of AWS' services that the daemon has put into the runtime folder. */

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "shim.h"
#include "shim/engine/aws/model.h"
#include "shim/engine/aws/model_file.h"
#include "shim/libc/real.h"
#include "shim/memory/runtime.h"

static void refuse(const char *what)
{
	static _Atomic bool said;

	if (!atomic_exchange(&said, true))
		shim_say("chaos-run: %s/" RUNTIME_MODEL ": %s; the model of botocore %s is used\n",
			shim.folder, what, aws_model_version());
}

/* Stays mapped: the daemon replaces the file, and never writes to it. NULL if it is of no use. */
static const void *map_model(int fd, uid_t owner, size_t *size)
{
	struct stat status;
	void *map = MAP_FAILED;

	if (fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_uid != owner ||
		status.st_size < 1 || status.st_size > MODEL_FILE_MAX)
		refuse("is no model of this user");
	else
		map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	*size = (size_t)status.st_size;
	return map == MAP_FAILED ? NULL : map;
}

void shim_take_model(int fd, uid_t owner)
{
	static struct model model;
	struct model found;
	const char *what;
	size_t size = 0;
	const void *map = map_model(fd, owner, &size);

	if (!map)
		return;
	what = model_file_open(map, size, &found);
	if (!what && !model.counts) {
		model = found;
		if (model_use(&model))
			return;
		what = "has come after the first call";
	} else if (!what && strcmp(found.version, aws_model_version()) != 0) {
		what = "is another one than that of the daemon before";
	}
	if (what)
		refuse(what);
	munmap((void *)map, size);
}

void shim_load_model(int folder)
{
	int fd = real.openat(folder, RUNTIME_MODEL, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return;
	shim_take_model(fd, (uid_t)getauxval(AT_EUID));
	real.close(fd);
}
