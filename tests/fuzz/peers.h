/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TESTS_FUZZ_PEERS_H
#define CHAOS_TESTS_FUZZ_PEERS_H

/* The client and the server of the unit tests, whose assertions end a target here. */

#define CHAOS_TESTS_SUITE_H /* in place of libcheck, which wants a runner */

#include "fuzz.h"

#define ck_assert(holds)	     check(holds)
#define ck_assert_msg(holds, ...)    check(holds)
#define ck_assert_ptr_nonnull(given) check((given) != NULL)
#define ck_assert_int_eq(a, b)	     check((a) == (b))
#define ck_assert_int_gt(a, b)	     check((a) > (b))
#define ck_assert_int_lt(a, b)	     check((a) < (b))
#define ck_assert_mem_eq(a, b, len)  check(memcmp(a, b, len) == 0)

#include "tests/unit/bridge_peers.h"

/* All that is drawn is the same from now on, for the bridge and for its peers. */
void draw_anew(void);

/* Peers that begin a connection as an input says it: the bits of `kind`. */
enum {
	KIND_TLS12 = 1,
	KIND_ADDRESS = 2,  /* the program asks for an address, and sends no name */
	KIND_STRANGER = 4, /* nobody believes the server */
	KIND_AGAIN = 8	   /* both know each other from a connection before */
};
struct peers *peers_of(uint8_t kind);
/* The server's end, which waits for a ClientHello. */
SSL *make_server(struct peers *peers);
/* Gives back what a connection has left. */
void peers_leave(struct peers *peers);

/* What holds of a bridge at any time. */
void check_bridge(const struct peers *peers);

#endif
