/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi.h"

#include <stdint.h>

__asm__(".section .rodata\n"
	".hidden openapi_json, openapi_size\n"
	".globl openapi_json, openapi_size\n"
	".balign 8\n"
	"openapi_size:\n"
	".quad 1f - openapi_json\n"
	"openapi_json:\n"
	".incbin \"control/openapi.json\"\n"
	"1:\n"
	".previous\n");

extern const char openapi_json[];
extern const uint64_t openapi_size;

struct span openapi_text(void)
{
	return (struct span){openapi_json, openapi_size};
}
