/* SPDX-License-Identifier: Apache-2.0 */
#include "stack.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "shim/libc/loader.h"
#include "shim/process/inside.h"

#define CALLERS_MAX 1024
#define LOADED_MAX  1024

/* Where the functions of tls.def stand in struct stack. */
static const struct {
	const char *name;
	size_t offset;
} functions[] = {
#define HOOK_TLS(ret, name, parameters, arguments, types) {#name, offsetof(struct stack, name)},
#define REAL_TLS(ret, name, parameters)			  {#name, offsetof(struct stack, name)},
#include "tls.def"
#undef HOOK_TLS
#undef REAL_TLS
};

#define FUNCTIONS (sizeof(functions) / sizeof(*functions))

/* What was found for a call site: its address << 5 | the place of the copy. In one word, so that no
 * reader sees halves of two entries. Addresses of programs have 57 bits at most. */
#define CALLER_BITS 5
_Static_assert(STACKS_MAX == 1 << CALLER_BITS, "a copy's place fits beside the address");

/* Copies are added and never removed: their libraries stay loaded (see make_stack). */
static struct {
	pthread_mutex_t mutex;
	_Atomic int count;
	struct stack stacks[STACKS_MAX];
	_Atomic uint64_t callers[CALLERS_MAX];
} known = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* Is this address within the library that this code is in? */
bool stack_is_ours(const void *address)
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
	return loader_dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
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
	for (size_t i = 0; i < FUNCTIONS; i++) {
		void *found = loader_dlsym(handle, functions[i].name);

		if (found && !stack_is_ours(found))
			memcpy((char *)stack + functions[i].offset, &found, sizeof(found));
	}
	/* Not every copy has them all: that is no error of the program's. */
	dlerror();
	stack->base = stack->end = base;
	dl_iterate_phdr(find_end, stack);
	return true;
}

/* A signal handler that comes meanwhile is not to wait for the same lock. */
sig_atomic_t stack_lock(void)
{
	sig_atomic_t before = inside;

	inside = true;
	pthread_mutex_lock(&known.mutex);
	return before;
}

void stack_unlock(sig_atomic_t before)
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
	sig_atomic_t before = stack_lock();
	int count;

	count = atomic_load(&known.count);
	stack = find_stack(filled->base);
	if (!stack && count < STACKS_MAX) {
		known.stacks[count] = *filled;
		stack = &known.stacks[count];
		atomic_store(&known.count, count + 1);
	}
	stack_unlock(before);
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
	void *handle = loader_dlopen(library, RTLD_LAZY | RTLD_NOLOAD), *found;

	if (!handle)
		return NULL;
	found = loader_dlsym(handle, name);
	dlclose(handle);
	return found && !stack_is_ours(found) ? found : NULL;
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
void *stack_real_for(const char *name, const void *caller)
{
	void *handle = handle_of(caller), *found = NULL;

	if (handle) {
		found = loader_dlsym(handle, name);
		dlclose(handle);
	}
	/* The program itself, or one that relies on what others have loaded. */
	if (!found || stack_is_ours(found))
		found = loader_dlsym(RTLD_NEXT, name);
	return found && !stack_is_ours(found) ? found : NULL;
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
	void *function = stack_real_for(name, address);

	if (!function)
		function = find_anywhere(name);
	return function ? stack_of_function(function) : NULL;
}

int stack_place(const struct stack *stack)
{
	return (int)(stack - known.stacks);
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

void stack_after_fork_child(bool is_inside)
{
	if (is_inside)
		pthread_mutex_init(&known.mutex, NULL);
	else
		pthread_mutex_unlock(&known.mutex);
}
