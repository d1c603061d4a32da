/* SPDX-License-Identifier: Apache-2.0 */
/* allocates PORT STATUS: makes calls whose requests come in two pieces, and prints how often memory was
 * allocated or freed inside send(), recv() and close(). The first call does not count: it may start a thread. */

#include <stdio.h>
#include <unistd.h>

#include "call.h"

#define CALLS 20

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *bytes, size_t size);
void __libc_free(void *bytes);

/* Of this thread: others are not interrupted by its signals. */
static __thread bool watched;
static int seen;

static void note(void)
{
	seen += watched;
}

void *malloc(size_t size)
{
	note();
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	note();
	return __libc_calloc(count, size);
}

void *realloc(void *bytes, size_t size)
{
	note();
	return __libc_realloc(bytes, size);
}

void free(void *bytes)
{
	if (bytes)
		note();
	__libc_free(bytes);
}

static void call_once(bool is_counted, int status)
{
	int fd = dial();

	watched = is_counted;
	put(fd, 0, 40, 0);
	put(fd, 40, REQUEST_LEN, 0);
	get_answer(fd, status);
	put(fd, 0, REQUEST_LEN, 0);
	close(fd);
	watched = false;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "PORT STATUS");
	port = atoi(argv[1]);
	for (int i = 0; i < CALLS; i++)
		call_once(i > 0, atoi(argv[2]));
	printf("%d\n", seen);
	return 0;
}
