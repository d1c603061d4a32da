/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Executes a program that makes its own system calls: chaos-enter [-FD] FOLDER PROGRAM NAME [ARGUMENT]...
 *
 * For a program under the library that executes one: it executes this in its place, by the same system
 * call, with PROGRAM as the path, and NAME as the first of the arguments. FD is closed when PROGRAM begins. It is
 * statically linked: nothing is preloaded into it. What cannot be supervised is told of, counted for
 * --strict, and executed all the same.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "journal_header.h"
#include "shim/base/kernel.h"
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
	const char *folder, *program;
	long error;

	if (argc > 1 && *argv[1] == '-') {
		fcntl(atoi(argv[1] + 1), F_SETFD, FD_CLOEXEC);
		argv++;
		argc--;
	}
	if (argc < 4)
		return EX_USAGE;
	folder = argv[1];
	program = argv[2];
	if (supervise_self(folder, -1, reason) < 0) {
		journal_count_unattached(folder);
		tell(program, reason);
	}
	/* Past the hook that would have it begun by this program, where that is not static. */
	error = -kernel_call(SYS_execve, (long)program, (long)(argv + 3), (long)environ, 0, 0, 0);
	fprintf(stderr, "chaos: cannot run %s: %s\n", program, strerror((int)error));
	return error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}
