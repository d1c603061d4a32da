/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_LOADER_H
#define CHAOS_LOADER_H

/* dlsym() and dlopen() of the C library, which the library takes the place of. */
void *loader_dlsym(void *handle, const char *name);
void *loader_dlopen(const char *file, int mode);

/* A function of the C library that only programs of older ones call: dlsym() does not find it. NULL:
 * there is none. */
void *loader_find_old(const char *name);

#endif
