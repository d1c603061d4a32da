/* SPDX-License-Identifier: Apache-2.0 */
#include "closure.h"

#include <ffi.h>
#include <string.h>

#include "on.h"

/* In the order of tls.def. */
static const struct tls_hook {
	const char *name;
	void *on;	   /* on_NAME */
	size_t offset;	   /* of the real one in struct stack */
	const char *types; /* NULL: not hooked */
} hooks[] = {
#define HOOK_TLS(ret, name, parameters, arguments, types)                                          \
	{#name, (void *)on_##name, offsetof(struct stack, name), types},
#define REAL_TLS(ret, name, parameters) {#name, NULL, offsetof(struct stack, name), NULL},
#include "tls.def"
#undef HOOK_TLS
#undef REAL_TLS
};

#define HOOKS (sizeof(hooks) / sizeof(*hooks))

struct closure {
	const struct stack *stack;
	const struct tls_hook *hook;
	void *code;
	ffi_cif outer, inner; /* as called, and with the stack before the other arguments */
	ffi_type *types[8];
};

static struct closure *closures[STACKS_MAX][HOOKS]; /* under the stacks' lock */

static ffi_type *type_of(char letter)
{
	switch (letter) {
	case 'i':
		return &ffi_type_sint;
	case 'u':
		return &ffi_type_uint;
	case 'l':
		return &ffi_type_slong;
	case 'v':
		return &ffi_type_void;
	default:
		return &ffi_type_pointer;
	}
}

static void enter_closure(ffi_cif *cif, void *result, void **arguments, void *user)
{
	struct closure *closure = user;
	void *values[8] = {&closure->stack};

	for (unsigned int i = 0; i < cif->nargs; i++)
		values[i + 1] = arguments[i];
	ffi_call(&closure->inner, FFI_FN(closure->hook->on), result, values);
}

/* Under the mutex. */
static struct closure *make_closure(const struct stack *stack, const struct tls_hook *hook)
{
	unsigned int count = (unsigned int)strlen(hook->types) - 1;
	ffi_type *result = type_of(hook->types[0]);
	struct closure *closure;
	void *code;
	ffi_closure *memory = ffi_closure_alloc(sizeof(*memory) + sizeof(*closure), &code);

	if (!memory)
		return NULL;
	closure = (struct closure *)(memory + 1);
	*closure = (struct closure){.stack = stack, .hook = hook, .code = code};
	closure->types[0] = &ffi_type_pointer;
	for (unsigned int i = 0; i < count; i++)
		closure->types[i + 1] = type_of(hook->types[i + 1]);
	if (ffi_prep_cif(&closure->outer, FFI_DEFAULT_ABI, count, result, closure->types + 1) ||
		ffi_prep_cif(&closure->inner, FFI_DEFAULT_ABI, count + 1, result, closure->types) ||
		ffi_prep_closure_loc(memory, &closure->outer, enter_closure, closure, code)) {
		ffi_closure_free(memory);
		return NULL;
	}
	return closure;
}

void *closure_of(const struct stack *stack, const char *name, void *function)
{
	int copy = stack_place(stack);
	void *code = function;
	sig_atomic_t before;

	for (size_t i = 0; i < HOOKS; i++) {
		struct closure **place = &closures[copy][i];

		if (!hooks[i].types || strcmp(hooks[i].name, name) != 0)
			continue;
		before = stack_lock();
		if (!*place)
			*place = make_closure(stack, &hooks[i]);
		if (*place)
			code = (*place)->code;
		stack_unlock(before);
	}
	return code;
}
