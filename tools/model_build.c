/* SPDX-License-Identifier: Apache-2.0 */
#include "model_build.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/model.h"
#include "own.h"
#include "shim/engine/aws/model.h"

__attribute__((format(printf, 2, 3))) static int fail(
	char reason[MODEL_BUILD_REASON], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, MODEL_BUILD_REASON, format, arguments);
	va_end(arguments);
	return -1;
}

/* Beside this program in a build folder, or where `make install` puts it. */
static bool find_generator(char path[PATH_MAX])
{
	static const char *const places[] = {"../share/chaos-run/aws-model", "../tools/aws-model",
		CHAOS_PREFIX "/share/chaos-run/aws-model", NULL};

	return own_find("generate.py", places, path);
}

static int make_folders(const char *path)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", path);
	for (char *at = strchr(folder + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(folder, 0777) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return 0;
}

/* Python's last line says what was wrong. */
static const char *last_line(char *said)
{
	size_t len = said ? strlen(said) : 0;
	char *newline;

	while (len && said[len - 1] == '\n')
		said[--len] = '\0';
	if (!len)
		return "Python says nothing";
	newline = strrchr(said, '\n');
	return newline ? newline + 1 : said;
}

/* The Python of a virtual environment. */
static bool find_python(const char *folder, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/pyvenv.cfg", folder);
	if (access(path, F_OK) < 0)
		return false;
	snprintf(path, PATH_MAX, "%s/bin/python", folder);
	return access(path, X_OK) == 0;
}

static int generate(
	const char *generator, const char *from, const char *path, char reason[MODEL_BUILD_REASON])
{
	struct stat info;
	char python[PATH_MAX];
	bool is_environment = from && find_python(from, python);
	bool is_folder = !is_environment && from && stat(from, &info) == 0 && S_ISDIR(info.st_mode);
	const char *program = is_environment ? python : from && !is_folder ? from : "python3";
	const char *argv[] = {
		program, "-B", generator, "--file", path, is_folder ? "--from" : NULL, from, NULL};
	char *said;
	int code = own_run(argv, &said);

	if (code)
		fail(reason, "%s", last_line(said));
	free(said);
	return code ? -1 : 0;
}

/* What is in the place of a model is always one that programs take. */
static int put(const char *next, const char *path, char reason[MODEL_BUILD_REASON])
{
	char why[MODEL_REASON_MAX];
	int operations = 0;

	if (!model_load(next, why))
		return fail(reason, "%s", why);
	for (int i = 0; i < aws_model_service_count(); i++)
		operations += aws_model_operation_count(i);
	if (rename(next, path) < 0)
		return fail(reason, "%s: %s", path, strerror(errno));
	fail(reason, "botocore %s, %d operations of %d services", aws_model_version(), operations,
		aws_model_service_count());
	return 0;
}

int model_build(const struct model_build *build, char reason[MODEL_BUILD_REASON])
{
	char generator[PATH_MAX], next[PATH_MAX];
	int error;

	if (!find_generator(generator))
		return fail(reason, "share/chaos-run/aws-model is not installed");
	if (snprintf(next, sizeof(next), "%s.%d", build->path, (int)getpid()) >= (int)sizeof(next))
		return fail(reason, "%s: %s", build->path, strerror(ENAMETOOLONG));
	error = make_folders(build->path);
	if (error)
		return fail(reason, "%s: %s", build->path, strerror(-error));
	error = generate(generator, build->from, next, reason) || put(next, build->path, reason);
	if (error)
		unlink(next);
	return error ? -1 : 0;
}
