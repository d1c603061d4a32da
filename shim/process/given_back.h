/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_GIVEN_BACK_H
#define CHAOS_GIVEN_BACK_H

/*
 * A program that makes its own system calls is told by variables where the authority is, and hands them on to
 * its children. One that cannot read that file, below another root or where /tmp is another, gets back what
 * the user had. No system call where none was given.
 */
void given_back(char **envp);

#endif
