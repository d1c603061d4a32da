/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_BASE64_H
#define CHAOS_TOOLS_BASE64_H

#include <stddef.h>
#include <sys/types.h>

/* Decodes base64 (RFC 4648, section 4, with its padding) in place. Returns the number of bytes, or
 * -EINVAL; then the text is spoilt. */
ssize_t base64_decode(char *text, size_t len);

#endif
