/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_MODEL_BUILD_H
#define CHAOS_TOOLS_MODEL_BUILD_H

/* Makes a model of AWS' services out of the botocore that the user has. */

#define MODEL_BUILD_REASON 4400

struct model_build {
	const char *from; /* a Python that has botocore, or a folder that holds it; NULL: python3 */
	const char *path; /* of the file; its folder is made */
};

/*
 * Replaces the file by a whole one, or not at all. Returns 0, and the model's version and figures in
 * `reason`; or -1, and in it why not.
 */
int model_build(const struct model_build *build, char reason[MODEL_BUILD_REASON]);

#endif
