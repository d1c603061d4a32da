/* SPDX-License-Identifier: Apache-2.0 */
/* The exported functions, one line of hooks.def each. */

#include <dlfcn.h>
#include <stdarg.h>

#include "conn.h"
#include "real.h"
#include "session.h"

struct real real;

void real_resolve(void)
{
#define HOOK_FD(ret, name, parameters, arguments) *(void **)&real.name = dlsym(RTLD_NEXT, #name);
#define HOOK_FD_VARIADIC(ret, name, parameters, last, arguments)                                   \
	*(void **)&real.name = dlsym(RTLD_NEXT, #name);
#define HOOK_ANY(ret, name, parameters, arguments) *(void **)&real.name = dlsym(RTLD_NEXT, #name);
#include "hooks.def"
#undef HOOK_FD
#undef HOOK_FD_VARIADIC
#undef HOOK_ANY
}

#define EXPORT		    __attribute__((visibility("default")))
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* A constructor of another library may call a hook before ours has run. */
#define NEED_REAL(name)                                                                            \
	if (UNLIKELY(!real.name))                                                                  \
	real_resolve()

#define HOOK_FD(ret, name, parameters, arguments)                                                  \
	ret name parameters;                                                                       \
	EXPORT ret name parameters                                                                 \
	{                                                                                          \
		struct conn *conn = conn_at(fd);                                                   \
                                                                                                   \
		NEED_REAL(name);                                                                   \
		return UNLIKELY(conn) ? on_##name(conn, HOOK_LIST arguments)                       \
				      : real.name arguments;                                       \
	}

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
		return UNLIKELY(conn) ? on_##name(conn, HOOK_LIST arguments)                       \
				      : real.name arguments;                                       \
	}

#define HOOK_ANY(ret, name, parameters, arguments)                                                 \
	ret name parameters;                                                                       \
	EXPORT ret name parameters                                                                 \
	{                                                                                          \
		NEED_REAL(name);                                                                   \
		return on_##name arguments;                                                        \
	}

#include "hooks.def"
#undef HOOK_FD
#undef HOOK_FD_VARIADIC
#undef HOOK_ANY

/* Some libraries call their own functions by their exported names: within a real one these are no
 * calls of the program's. */
#define REAL_TLS(ret, name, parameters)
#define HOOK_TLS(ret, name, parameters, arguments, types)                                          \
	ret name parameters;                                                                       \
	EXPORT ret name parameters                                                                 \
	{                                                                                          \
		const struct stack *inside = session_inside(session);                              \
                                                                                                   \
		if (UNLIKELY(inside))                                                              \
			return inside->name arguments;                                             \
		return on_##name(stack_of(#name, session, __builtin_return_address(0)),            \
			HOOK_LIST arguments);                                                      \
	}
#include "tls.def"
