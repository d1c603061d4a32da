/* SPDX-License-Identifier: Apache-2.0 */

/* Gives each file of the folders to a target, without libFuzzer. Ends with `N passed, N failed`: what
 * a target finds wrong ends the program before. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "fuzz.h"

static void *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	long end;

	if (!file)
		return NULL;
	if (!fseek(file, 0, SEEK_END) && (end = ftell(file)) >= 0) {
		rewind(file);
		*size = (size_t)end;
		data = malloc(*size ? *size : 1);
		if (data && fread(data, 1, *size, file) != *size) {
			free(data);
			data = NULL;
		}
	}
	fclose(file);
	return data;
}

static bool replay(const char *path)
{
	size_t size = 0;
	void *data = read_file(path, &size);

	if (!data) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return true;
}

/* Returns how many files have been read, or -1. */
static int replay_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char path[4096];
	int count = 0;

	if (!dir) {
		fprintf(stderr, "%s: %s\n", folder, strerror(errno));
		return -1;
	}
	while (count >= 0 && (entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		/* The last one said is the one that fails. */
		fprintf(stderr, "%s\n", path);
		count = replay(path) ? count + 1 : -1;
	}
	closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	int passed = 0, failed = argc < 2;

	for (int i = 1; i < argc; i++) {
		int count = replay_folder(argv[i]);

		failed += count <= 0;
		passed += count > 0 ? count : 0;
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
