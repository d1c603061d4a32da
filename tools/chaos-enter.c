/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Executes a program that makes its own system calls: chaos-enter FOLDER PROGRAM NAME [ARGUMENT]...
 *
 * For a program under the library that executes one: it executes this in its place, by the same system
 * call, with PROGRAM as the path, and NAME as the first of the arguments. It is statically linked: nothing
 * is preloaded into it. What cannot be supervised is told of, counted for --strict, and executed all the same.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "journal_header.h"
#include "supervise.h"

enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

static void tell(const char *program, const char *reason)
{
	const char *quiet = getenv("CHAOS_QUIET");

	if (!quiet || !*quiet || strcmp(quiet, "0") == 0)
		fprintf(stderr, "chaos: %s cannot be supervised, and gets no faults: %s\n", program,
			reason);
}

int main(int argc, char **argv)
{
	char reason[SUPERVISE_REASON_MAX];

	if (argc < 4)
		return EX_USAGE;
	if (supervise_self(argv[1], reason) < 0) {
		journal_count_unattached(argv[1]);
		tell(argv[2], reason);
	}
	execv(argv[2], argv + 3);
	fprintf(stderr, "chaos: cannot run %s: %s\n", argv[2], strerror(errno));
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}
