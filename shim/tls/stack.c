/* SPDX-License-Identifier: Apache-2.0 */
#include "stack.h"

#include <dlfcn.h>
#include <ffi.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "shim/process/inside.h"

#define STACKS_MAX  32
#define CALLERS_MAX 1024
#define LOADED_MAX  1024

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

/* What was found for a call site: its address << 5 | the place of the copy. In one word, so that no
 * reader sees halves of two entries. Addresses of programs have 57 bits at most. */
#define CALLER_BITS 5
_Static_assert(STACKS_MAX == 1 << CALLER_BITS, "a copy's place fits beside the address");

/* Copies are added and never removed: their libraries stay loaded (see make_stack). */
static struct {
	pthread_mutex_t mutex;
	_Atomic int count;
	struct stack stacks[STACKS_MAX];
	struct closure *closures[STACKS_MAX][HOOKS];
	_Atomic uint64_t callers[CALLERS_MAX];
} known = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* A function of the loader. Since glibc 2.34 they are in libc itself; the older versions are those of
 * the ports. */
static void *find_in_libc(const char *name)
{
	static const char *const versions[] = {
		"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.1", "GLIBC_2.0"};
	void *function = NULL;

	for (size_t i = 0; !function && i < sizeof(versions) / sizeof(*versions); i++)
		function = dlvsym(RTLD_NEXT, name, versions[i]);
	return function;
}

/* The two that follow end in a tail call: the real ones look at their caller, to know what "next" is
 * or where to search, and that is not us. */

void *stack_real_dlsym(void *handle, const char *name)
{
	static _Atomic(void *) found;
	void *(*function)(void *, const char *);
	void *real_dlsym = atomic_load(&found);

	if (!real_dlsym)
		atomic_store(&found, real_dlsym = find_in_libc("dlsym"));
	if (!real_dlsym)
		return NULL;
	*(void **)&function = real_dlsym;
	return function(handle, name);
}

static void *real_dlopen(const char *file, int mode)
{
	static _Atomic(void *) found;
	void *(*function)(const char *, int);
	void *loader = atomic_load(&found);

	if (!loader)
		atomic_store(&found, loader = find_in_libc("dlopen"));
	if (!loader)
		return NULL;
	*(void **)&function = loader;
	return function(file, mode);
}

/* Is this address within the library that this code is in? */
static bool is_ours(const void *address)
{
	extern const char __ehdr_start[] __attribute__((visibility("hidden")));
	extern const char _end[] __attribute__((visibility("hidden")));

	return (const char *)address >= __ehdr_start && (const char *)address < _end;
}

static void *handle_of(const void *address)
{
	Dl_info info;

	if (!dladdr(address, &info) || !info.dli_fname)
		return NULL;
	return real_dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
}

/* Notes where the library ends that begins at stack->base. */
static int find_end(struct dl_phdr_info *info, size_t size, void *user)
{
	const char *begin = (const char *)info->dlpi_addr;
	struct stack *stack = user;

	(void)size;
	if (begin != stack->base)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const char *end = begin + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;

		if (info->dlpi_phdr[i].p_type == PT_LOAD && end > (const char *)stack->end)
			stack->end = end;
	}
	return 1;
}

/*
 * Fills an entry from the library that `function` is in. The handle is kept, so that the library is
 * never unloaded while we hold pointers into it.
 */
static bool fill_stack(struct stack *stack, const void *base, const void *function)
{
	void *handle = handle_of(function);

	if (!handle)
		return false;
	for (size_t i = 0; i < HOOKS; i++) {
		void *found = stack_real_dlsym(handle, hooks[i].name);

		if (found && !is_ours(found))
			memcpy((char *)stack + hooks[i].offset, &found, sizeof(found));
	}
	stack->base = stack->end = base;
	dl_iterate_phdr(find_end, stack);
	return true;
}

/* A signal handler that comes meanwhile is not to wait for the same lock. */
static sig_atomic_t lock(void)
{
	sig_atomic_t before = inside;

	inside = true;
	pthread_mutex_lock(&known.mutex);
	return before;
}

static void unlock(sig_atomic_t before)
{
	pthread_mutex_unlock(&known.mutex);
	inside = before;
}

static const struct stack *find_stack(const void *base)
{
	int count = atomic_load(&known.count);

	for (int i = 0; i < count; i++)
		if (known.stacks[i].base == base)
			return &known.stacks[i];
	return NULL;
}

/* NULL: there is no room for another one. */
static const struct stack *add_stack(const struct stack *filled)
{
	const struct stack *stack;
	sig_atomic_t before = lock();
	int count;

	count = atomic_load(&known.count);
	stack = find_stack(filled->base);
	if (!stack && count < STACKS_MAX) {
		known.stacks[count] = *filled;
		stack = &known.stacks[count];
		atomic_store(&known.count, count + 1);
	}
	unlock(before);
	return stack;
}

const struct stack *stack_of_function(const void *function)
{
	const struct stack *stack;
	struct stack filled = {0};
	Dl_info info;

	if (!dladdr(function, &info))
		return NULL;
	stack = find_stack(info.dli_fbase);
	if (stack)
		return stack;
	/* The loader has a lock of its own, under which constructors come back to dlsym(): it is not
	 * to be called with ours held. */
	return fill_stack(&filled, info.dli_fbase, function) ? add_stack(&filled) : NULL;
}

struct loaded {
	const char *names[LOADED_MAX];
	size_t count;
};

static int note_loaded(struct dl_phdr_info *info, size_t size, void *user)
{
	struct loaded *loaded = user;

	(void)size;
	if (*info->dlpi_name && loaded->count < LOADED_MAX)
		loaded->names[loaded->count++] = info->dlpi_name;
	return 0;
}

static void *find_in(const char *library, const char *name)
{
	void *handle = real_dlopen(library, RTLD_LAZY | RTLD_NOLOAD), *found;

	if (!handle)
		return NULL;
	found = stack_real_dlsym(handle, name);
	dlclose(handle);
	return found && !is_ours(found) ? found : NULL;
}

static void *find_anywhere(const char *name)
{
	struct loaded loaded = {.count = 0};
	void *found = NULL;

	/* In two steps: within dl_iterate_phdr() the loader is not to be called. */
	dl_iterate_phdr(note_loaded, &loaded);
	for (size_t i = 0; !found && i < loaded.count; i++)
		found = find_in(loaded.names[i], name);
	return found;
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

/*
 * An SSL begins with a version or a type, and points to its method: within the first words, and into
 * the library that made it.
 */
#define OBJECT_WORDS 4

static bool is_openssl(const char *name)
{
	return strncmp(name, "SSL_", 4) == 0;
}

static bool holds(const struct stack *stack, const void *const *object)
{
	for (int i = 0; i < OBJECT_WORDS; i++)
		if (object[i] >= stack->base && object[i] < stack->end)
			return true;
	return false;
}

/* The copy that an object was made by, if it has been met already. */
static const struct stack *maker_of(const void *const *object)
{
	int count = atomic_load(&known.count);

	for (int i = 0; i < count; i++)
		if (known.stacks[i].SSL_read && holds(&known.stacks[i], object))
			return &known.stacks[i];
	return NULL;
}

/* The same for a copy that has not been met. */
static const struct stack *meet_maker_of(const void *const *object, const char *name)
{
	Dl_info info, function_info;
	void *function;

	for (int i = 0; i < OBJECT_WORDS; i++) {
		if (!object[i] || !dladdr(object[i], &info))
			continue;
		function = find_in(info.dli_fname, name);
		if (function && dladdr(function, &function_info) &&
			function_info.dli_fbase == info.dli_fbase)
			return stack_of_function(function);
	}
	return NULL;
}

static const struct stack *find_by_caller(const char *name, const void *address)
{
	void *function = real_for(name, address);

	if (!function)
		function = find_anywhere(name);
	return function ? stack_of_function(function) : NULL;
}

const struct stack *stack_of(const char *name, const void *session, const void *address)
{
	static const struct stack none;
	_Atomic uint64_t *caller = &known.callers[((uintptr_t)address >> 2) % CALLERS_MAX];
	uint64_t site = (uint64_t)(uintptr_t)address << CALLER_BITS, noted;
	const struct stack *stack = NULL;
	bool is_object = session && is_openssl(name);

	if (is_object)
		stack = maker_of(session);
	if (stack)
		return stack;
	noted = atomic_load(caller);
	if (noted >> CALLER_BITS == site >> CALLER_BITS && noted)
		return &known.stacks[noted % STACKS_MAX];
	stack = is_object ? meet_maker_of(session, name) : NULL;
	if (!stack)
		stack = find_by_caller(name, address);
	if (!stack)
		return &none;
	atomic_store(caller, site | (uint64_t)(stack - known.stacks));
	return stack;
}

void stack_before_fork(bool is_inside)
{
	if (!is_inside)
		pthread_mutex_lock(&known.mutex);
}

void stack_after_fork_parent(bool is_inside)
{
	if (!is_inside)
		pthread_mutex_unlock(&known.mutex);
}

void stack_after_fork_child(void)
{
	pthread_mutex_init(&known.mutex, NULL);
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
	sig_atomic_t before;

	for (size_t i = 0; i < HOOKS; i++) {
		struct closure **place = &known.closures[copy][i];

		if (!hooks[i].types || strcmp(hooks[i].name, name) != 0)
			continue;
		before = lock();
		if (!*place)
			*place = make_closure(stack, &hooks[i]);
		if (*place)
			code = (*place)->code;
		unlock(before);
	}
	return code;
}

static bool is_tls_name(const char *name)
{
	return strncmp(name, "SSL_", 4) == 0 || strncmp(name, "gnutls_", 7) == 0;
}

/*
 * A TLS function found in a library: a program that looks it up so would call it past us. A name that
 * we alone export is not there: programs ask so which version they have.
 */
static void *find_tls(void *handle, const char *name, const void *caller)
{
	void *function = stack_real_dlsym(handle, name);
	const struct stack *stack;

	if (!function)
		return NULL;
	if (is_ours(function))
		return real_for(name, caller) ? function : NULL;
	stack = stack_of_function(function);
	return stack ? stack_closure(stack, name, function) : function;
}

void *dlsym(void *restrict handle, const char *restrict name);
__attribute__((visibility("default"))) void *dlsym(void *restrict handle, const char *restrict name)
{
	if (!is_tls_name(name) || handle == RTLD_NEXT)
		return stack_real_dlsym(handle, name);
	return find_tls(handle, name, __builtin_return_address(0));
}

/*
 * RTLD_DEEPBIND would lead a library, and what it brings along, past every preloaded one: PHP loads its
 * extensions so. Without it the first of several libraries with the same name is taken, as everywhere.
 */
void *dlopen(const char *file, int mode);
__attribute__((visibility("default"))) void *dlopen(const char *file, int mode)
{
	return real_dlopen(file, mode & ~RTLD_DEEPBIND);
}
