/* SPDX-License-Identifier: Apache-2.0 */
/* The exported functions, one line of hooks.def each. */

#include <errno.h>
#include <stdarg.h>

#include "exec.h"
#include "shim/io/deliver.h"
#include "shim/io/on.h"
#include "shim/libc/real.h"
#include "shim/tls/on.h"
#include "shim/tls/session.h"
#include "shim/trust/on.h"

#define EXPORT __attribute__((visibility("default")))

/* By its own name a hook may be another preloaded library's: the same function, for lookup.c. */
#if defined(__GNUC__) && !defined(__clang__)
#define AS_IS(name) copy(name),
#else
#define AS_IS(name)
#endif
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define ALIAS(name)                                                                                \
	extern __typeof__(name) hook_##name                                                        \
		__attribute__((AS_IS(name) alias(#name), visibility("hidden")));

/* A constructor of another library may call a hook before ours has run. */
#define NEED_REAL(name)                                                                            \
	do {                                                                                       \
		if (UNLIKELY(!real.name))                                                          \
			real_resolve();                                                            \
	} while (0)

/* What we do on the way must not be seen in errno, unless the call fails. */
#define RETURN_NUMBER(ret, call)                                                                   \
	do {                                                                                       \
		int error = errno;                                                                 \
		ret result = call;                                                                 \
                                                                                                   \
		if (result >= 0)                                                                   \
			errno = error;                                                             \
		return result;                                                                     \
	} while (0)

#define HOOK_FD(ret, name, parameters, arguments)                                                  \
	ret name parameters;                                                                       \
	EXPORT ret name parameters                                                                 \
	{                                                                                          \
		struct conn *conn = conn_at(fd);                                                   \
                                                                                                   \
		NEED_REAL(name);                                                                   \
		if (!UNLIKELY(conn))                                                               \
			return real.name arguments;                                                \
		RETURN_NUMBER(ret, on_##name(conn, HOOK_LIST arguments));                          \
	}                                                                                          \
	ALIAS(name)

#define HOOK_FD_VARIADIC(ret, name, parameters, last, arguments)                                   \
	ret name(HOOK_LIST parameters, ...);                                                       \
	EXPORT ret name(HOOK_LIST parameters, ...)                                                 \
	{                                                                                          \
		struct conn *conn = conn_at(fd);                                                   \
		va_list list;                                                                      \
		void *arg;                                                                         \
                                                                                                   \
		va_start(list, last);                                                              \
		arg = va_arg(list, void *);                                                        \
		va_end(list);                                                                      \
		NEED_REAL(name);                                                                   \
		if (!UNLIKELY(conn))                                                               \
			return real.name arguments;                                                \
		RETURN_NUMBER(ret, on_##name(conn, HOOK_LIST arguments));                          \
	}                                                                                          \
	ALIAS(name)

#define HOOK_ANY(ret, name, parameters, arguments)                                                 \
	ret name parameters;                                                                       \
	EXPORT ret name parameters                                                                 \
	{                                                                                          \
		NEED_REAL(name);                                                                   \
		RETURN_NUMBER(ret, on_##name arguments);                                           \
	}                                                                                          \
	ALIAS(name)

#define HOOK_PLAIN(ret, name, parameters, arguments)                                               \
	ret name parameters;                                                                       \
	EXPORT ret name parameters                                                                 \
	{                                                                                          \
		NEED_REAL(name);                                                                   \
		return on_##name arguments;                                                        \
	}                                                                                          \
	ALIAS(name)

#define HOOK_PATH(ret, name, parameters, arguments)                                                \
	ret name parameters;                                                                       \
	EXPORT ret name parameters                                                                 \
	{                                                                                          \
		NEED_REAL(name);                                                                   \
		return on_##name(__builtin_return_address(0), HOOK_LIST arguments);                \
	}                                                                                          \
	ALIAS(name)

#define HOOK_PATH_VARIADIC(ret, name, parameters, last, arguments)                                 \
	ret name(HOOK_LIST parameters, ...);                                                       \
	EXPORT ret name(HOOK_LIST parameters, ...)                                                 \
	{                                                                                          \
		va_list list;                                                                      \
		mode_t mode;                                                                       \
                                                                                                   \
		va_start(list, last);                                                              \
		mode = va_arg(list, mode_t);                                                       \
		va_end(list);                                                                      \
		NEED_REAL(name);                                                                   \
		return on_##name(__builtin_return_address(0), HOOK_LIST arguments);                \
	}                                                                                          \
	ALIAS(name)

#define HOOK_END(ret, name, parameters, arguments)                                                 \
	ret name parameters;                                                                       \
	EXPORT ret name parameters                                                                 \
	{                                                                                          \
		NEED_REAL(name);                                                                   \
		deliver_all(false);                                                                \
		real.name arguments;                                                               \
		__builtin_unreachable();                                                           \
	}                                                                                          \
	ALIAS(name)

#define HOOK_EXEC(ret, name, parameters, arguments)                                                \
	ret name parameters;                                                                       \
	EXPORT ret name parameters                                                                 \
	{                                                                                          \
		NEED_REAL(name);                                                                   \
		return exec_##name arguments;                                                      \
	}                                                                                          \
	ALIAS(name)

#include "shim/libc/hooks.def"

/* Some libraries call their own functions by their exported names: these are no calls of the program's.
 * By a tail call they seem to come from us. Those of a callback of the program's are, although the library
 * is running then. */
#define REAL_TLS(ret, name, parameters)
#define HOOK_TLS(ret, name, parameters, arguments, types)                                          \
	ret name parameters;                                                                       \
	EXPORT ret name parameters                                                                 \
	{                                                                                          \
		const void *caller = __builtin_return_address(0);                                  \
		const struct stack *stack = session_inside(session);                               \
                                                                                                   \
		if (UNLIKELY(stack && stack_is_ours(caller)))                                      \
			return stack->name arguments;                                              \
		if (!stack)                                                                        \
			stack = stack_of(#name, session, caller);                                  \
		if (UNLIKELY(caller >= stack->base && caller < stack->end))                        \
			return stack->name arguments;                                              \
		return on_##name(stack, HOOK_LIST arguments);                                      \
	}
#include "shim/tls/tls.def"
