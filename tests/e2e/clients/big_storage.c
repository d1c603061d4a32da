/* SPDX-License-Identifier: Apache-2.0 */
/* big_storage PORT STATUS: a call by a program with much thread-local storage, as every thread has it on
 * its stack. Prints for how many milliseconds the answer was waited for. */

#include <stdio.h>
#include <time.h>

#include "call.h"

/* Volatile, so that it is not left out. */
static __thread volatile char storage[300000];

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	long since;
	int fd;

	if (argc != 3)
		errx(2, "PORT STATUS");
	storage[argc] = 1;
	port = atoi(argv[1]);
	fd = dial();
	since = milliseconds();
	put(fd, 0, REQUEST_LEN, 0);
	get_answer(fd, atoi(argv[2]));
	printf("%ld\n", milliseconds() - since);
	return 0;
}
