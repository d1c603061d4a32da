/* SPDX-License-Identifier: Apache-2.0 */

/*
 * execs PORT STATUS PIECES: sends a call, in so many pieces, and becomes another program, which reads
 * the answer from the descriptor that it has inherited: execs - STATUS FD.
 */

#include <stdio.h>
#include <unistd.h>

#include "call.h"

int main(int argc, char **argv)
{
	size_t pieces;
	char text[16];
	int fd;

	if (argc != 4)
		return 2;
	if (strcmp(argv[1], "-") == 0) {
		get_answer(atoi(argv[3]), atoi(argv[2]));
		return 0;
	}
	port = atoi(argv[1]);
	pieces = (size_t)atoi(argv[3]);
	fd = dial();
	for (size_t i = 0; i < pieces; i++)
		put(fd, REQUEST_LEN * i / pieces, REQUEST_LEN * (i + 1) / pieces, 0);
	snprintf(text, sizeof(text), "%d", fd);
	execl(argv[0], argv[0], "-", argv[2], text, (char *)NULL);
	err(1, "exec");
}
