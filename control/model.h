/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_MODEL_H
#define CHAOS_CONTROL_MODEL_H

/* The model of AWS' services that a user has built, in place of the built-in one. */

#include <stddef.h>

/* In place of a path: that none is to be taken. */
#define MODEL_BUILT_IN "built-in"

#define MODEL_REASON_MAX 4400

struct loaded_model;

/*
 * Reads a model and takes it in use, for good; to be called before anything is asked of the model. Returns
 * it, or NULL: the built-in one stays in use. Then `reason` says why, or is "" where nobody asked for
 * another.
 */
struct loaded_model *model_load(const char *path, char reason[MODEL_REASON_MAX]);

/* Likewise the user's own: `given`, else what the environment names, else none. */
struct loaded_model *model_load_chosen(const char *given, char reason[MODEL_REASON_MAX]);

/* Puts the model (NULL: none) in the place of the runtime folder's. Returns 0, or what has failed
 * as -errno. */
int model_publish(const struct loaded_model *loaded, const char *folder);

#endif
