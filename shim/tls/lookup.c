/* SPDX-License-Identifier: Apache-2.0 */
#include "lookup.h"

#include <string.h>

#include "closure.h"
#include "shim/libc/loader.h"

bool lookup_is_tls(const char *name)
{
	return strncmp(name, "SSL_", 4) == 0 || strncmp(name, "gnutls_", 7) == 0;
}

void *lookup_tls(void *handle, const char *name, const void *caller)
{
	void *function = loader_dlsym(handle, name);
	const struct stack *stack;

	if (!function)
		return NULL;
	if (stack_is_ours(function))
		return stack_real_for(name, caller) ? function : NULL;
	stack = stack_of_function(function);
	return stack ? closure_of(stack, name, function) : function;
}
