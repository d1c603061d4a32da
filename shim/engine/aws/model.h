/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_MODEL_H
#define CHAOS_AWS_MODEL_H

/* The tables of AWS' services, made by tools/aws-model from botocore's service models: those built in,
 * or those of a file (model_file.h). */

#include "shim/base/span.h"
#include "call.h"

/* The botocore version that the tables were made from, e.g. "1.44.8". */
const char *aws_model_version(void);

int aws_model_service_count(void);

/* The index of a service by its botocore name, or -1. */
int aws_model_find(struct span service);

struct span aws_model_service_name(int service);

/* The operations of a service, sorted by name: index 0 .. count-1. */
int aws_model_operation_count(int service);
struct span aws_model_operation_name(int service, int operation);

/* The namespace that query and rest-xml replies of this service carry; .len 0: none. */
struct span aws_model_xml_namespace(int service);

bool aws_model_query_compatible(int service);

/* The status that the model gives to an error code of a service; 0: the code is not modelled. */
int aws_model_error_status(int service, struct span code);

/* Region names of all partitions: index 0 .. count-1. */
int aws_model_region_count(void);
struct span aws_model_region_name(int region);

/* The domains below which AWS' own names are, of all partitions: index 0 .. count-1. */
int aws_model_suffix_count(void);
struct span aws_model_suffix(int suffix);

#endif
