/* SPDX-License-Identifier: Apache-2.0 */
#include "look.h"

size_t aws_resource(const struct http1_head *head, const struct aws_body *body,
	const struct aws_call *call, char *out, size_t cap)
{
	(void)head;
	(void)body;
	(void)call;
	(void)out;
	(void)cap;
	return 0;
}
