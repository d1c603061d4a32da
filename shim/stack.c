/* SPDX-License-Identifier: Apache-2.0 */
#include "stack.h"

#include <dlfcn.h>
#include <ffi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "real.h"

#define STACKS_MAX  32
#define CALLERS_MAX 1024

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

struct caller {
	_Atomic(const void *) address;
	_Atomic(const struct stack *) stack;
};

/* Copies are added and never removed: their libraries stay loaded (see make_stack). */
static struct {
	pthread_mutex_t mutex;
	_Atomic int count;
	struct stack stacks[STACKS_MAX];
	struct closure *closures[STACKS_MAX][HOOKS];
	struct caller callers[CALLERS_MAX]; /* what was found for call sites */
} known = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void *stack_real_dlsym(void *handle, const char *name)
{
	static _Atomic(void *) found;
	/* Since glibc 2.34 it is in libc itself; the older versions are those of the ports. */
	static const char *const versions[] = {
		"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.0"};
	void *(*function)(void *, const char *);
	void *real_dlsym = atomic_load(&found);

	for (size_t i = 0; !real_dlsym && i < sizeof(versions) / sizeof(*versions); i++)
		real_dlsym = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
	if (!real_dlsym)
		return NULL;
	atomic_store(&found, real_dlsym);
	*(void **)&function = real_dlsym;
	/* A tail call: dlsym() looks at its caller to know what "next" is, and that is not us. */
	return function(handle, name);
}

/* Is this address within the library that this code is in? */
static bool is_ours(const void *address)
{
	Dl_info there, here;

	return dladdr(address, &there) && dladdr(&known, &here) &&
	       there.dli_fbase == here.dli_fbase;
}

static void *handle_of(const void *address)
{
	Dl_info info;

	if (!dladdr(address, &info) || !info.dli_fname)
		return NULL;
	return dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
}

/*
 * Fills a new entry from the library that `function` is in. The handle is kept, so that the library
 * is never unloaded while we hold pointers into it.
 */
static const struct stack *make_stack(const void *base, const void *function)
{
	int count = atomic_load(&known.count);
	struct stack *stack = &known.stacks[count];
	void *handle = handle_of(function);

	if (count == STACKS_MAX || !handle)
		return NULL;
	for (size_t i = 0; i < HOOKS; i++) {
		void *found = stack_real_dlsym(handle, hooks[i].name);

		if (found && !is_ours(found))
			memcpy((char *)stack + hooks[i].offset, &found, sizeof(found));
	}
	stack->base = base;
	atomic_store(&known.count, count + 1);
	return stack;
}

static const struct stack *find_stack(const void *base)
{
	int count = atomic_load(&known.count);

	for (int i = 0; i < count; i++)
		if (known.stacks[i].base == base)
			return &known.stacks[i];
	return NULL;
}

const struct stack *stack_of_function(const void *function)
{
	const struct stack *stack;
	Dl_info info;

	if (!dladdr(function, &info))
		return NULL;
	stack = find_stack(info.dli_fbase);
	if (stack)
		return stack;
	pthread_mutex_lock(&known.mutex);
	stack = find_stack(info.dli_fbase);
	if (!stack)
		stack = make_stack(info.dli_fbase, function);
	pthread_mutex_unlock(&known.mutex);
	return stack;
}

/* The function that the caller would have reached. */
static void *real_for(const char *name, const void *caller)
{
	void *handle = handle_of(caller), *found = NULL;

	if (handle) {
		found = stack_real_dlsym(handle, name);
		dlclose(handle);
	}
	/* The program itself, or one that relies on what others have loaded. */
	if (!found || is_ours(found))
		found = stack_real_dlsym(RTLD_NEXT, name);
	return found && !is_ours(found) ? found : NULL;
}

const struct stack *stack_of_caller(const char *name, const void *address)
{
	static const struct stack none;
	struct caller *caller = &known.callers[((uintptr_t)address >> 2) % CALLERS_MAX];
	const struct stack *stack = atomic_load(&caller->stack);
	void *function;

	if (stack && atomic_load(&caller->address) == address)
		return stack;
	function = real_for(name, address);
	stack = function ? stack_of_function(function) : NULL;
	if (!stack)
		return &none;
	/* In this order a reader that sees both halves of two entries can't take them for one. */
	atomic_store(&caller->stack, NULL);
	atomic_store(&caller->address, address);
	atomic_store(&caller->stack, stack);
	return stack;
}

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

void *stack_closure(const struct stack *stack, const char *name, void *function)
{
	ptrdiff_t copy = stack - known.stacks;
	void *code = function;

	for (size_t i = 0; i < HOOKS; i++) {
		struct closure **place = &known.closures[copy][i];

		if (!hooks[i].types || strcmp(hooks[i].name, name) != 0)
			continue;
		pthread_mutex_lock(&known.mutex);
		if (!*place)
			*place = make_closure(stack, &hooks[i]);
		if (*place)
			code = (*place)->code;
		pthread_mutex_unlock(&known.mutex);
	}
	return code;
}

static bool is_tls_name(const char *name)
{
	return strncmp(name, "SSL_", 4) == 0 || strncmp(name, "gnutls_", 7) == 0;
}

/* A TLS function found by handle: a program that looks it up so would call it past us. */
static void *found_by_handle(void *handle, const char *name)
{
	void *function = stack_real_dlsym(handle, name);
	const struct stack *stack;

	if (!function || is_ours(function))
		return function;
	stack = stack_of_function(function);
	return stack ? stack_closure(stack, name, function) : function;
}

void *dlsym(void *restrict handle, const char *restrict name);
__attribute__((visibility("default"))) void *dlsym(void *restrict handle, const char *restrict name)
{
	if (handle != RTLD_NEXT && is_tls_name(name))
		return found_by_handle(handle, name);
	return stack_real_dlsym(handle, name);
}
