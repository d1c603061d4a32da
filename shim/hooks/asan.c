/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The shared runtime of AddressSanitizer ends a program in which a preloaded library comes before it.
 * It asks here, unless the program itself has this function. Nothing that the runtime replaces is
 * ours, and our calls go on to its own; put first it would get into every child, too.
 */
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "verify_asan_link_order=0";
}
