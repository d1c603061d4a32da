/* SPDX-License-Identifier: Apache-2.0 */

/*
 * limited PORT [lock]: one call, whose status is printed; "lock" keeps all memory from being paged out
 * before. Needs little memory itself.
 */

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"

int main(int argc, char **argv)
{
	struct answer answer = {.len = 0};
	int fd;

	if (argc < 2)
		return 2;
	port = atoi(argv[1]);
	if (argc > 2 && mlockall(MCL_CURRENT | MCL_FUTURE))
		err(1, "mlockall");
	fd = dial();
	put(fd, 0, REQUEST_LEN, 0);
	while (!is_whole(&answer))
		if (get_some(fd, &answer, 0) <= 0)
			err(1, "recv");
	printf("%d\n", atoi(answer.data + strlen("HTTP/1.1 ")));
	return 0;
}
