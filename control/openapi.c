/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi.h"

__asm__(".section .rodata\n"
	".hidden openapi_begin, openapi_end\n"
	".globl openapi_begin, openapi_end\n"
	"openapi_begin:\n"
	".incbin \"control/openapi.json\"\n"
	"openapi_end:\n"
	".byte 0\n"
	".previous\n");

extern const char openapi_begin[], openapi_end[];

struct span openapi_text(void)
{
	return (struct span){openapi_begin, (size_t)(openapi_end - openapi_begin)};
}
