/* SPDX-License-Identifier: Apache-2.0 */

/* What stands between programs that make their own system calls and the network; not for people. */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "relay.h"
#include "supervisor.h"

static const char help[] =
	"Usage: chaos-relay supervise FOLDER | relay\n"
	"What chaos-run uses for programs that make their own system calls.\n"
	"\n"
	"  supervise  answer the programs of a runtime folder until the last one has ended\n"
	"  relay      connect one of them, and copy its bytes\n";

static int supervise(const char *given)
{
	char folder[PATH_MAX];

	return realpath(given, folder) ? supervisor_run(folder) : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "supervise") == 0)
		return supervise(argv[2]);
	if (argc == 2 && strcmp(argv[1], "relay") == 0)
		return relay_run();
	fputs(help, stderr);
	return EX_USAGE;
}
