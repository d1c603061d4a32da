/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "shim/engine/socks.h"
#include "suite.h"

#define BYTES(text) .data = text, .len = sizeof(text) - 1

static const struct handshake {
	const char *what;
	const char *data;
	size_t len;
} handshakes[] = {
	{"4", BYTES("\4\1\0\120\177\0\0\1\0")},
	{"4 with a user", BYTES("\4\1\1\273\177\0\0\1me\0")},
	{"4a", BYTES("\4\1\1\273\0\0\0\1me\0s3.amazonaws.com\0")},
	{"4a without a user", BYTES("\4\1\1\273\0\0\0\377\0a\0")},
	{"5 to an IPv4 address", BYTES("\5\1\0\5\1\0\1\177\0\0\1\0\120")},
	{"5 to a name", BYTES("\5\1\0\5\1\0\3\3a.b\1\273")},
	{"5 to an IPv6 address", BYTES("\5\1\0\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\273")},
	{"5 with a password that is not asked for", BYTES("\5\2\0\2\5\1\0\1\177\0\0\1\0\120")},
	{"5 with a password", BYTES("\5\2\0\2\1\2me\3you\5\1\0\3\1a\0\120")},
	{"5 with an empty user and password", BYTES("\5\1\2\1\0\0\5\1\0\1\177\0\0\1\0\120")},
	{"5 that offers GSSAPI, too", BYTES("\5\3\0\1\2\1\1m\1y\5\1\0\1\177\0\0\1\0\120")},
};

static const struct handshake others[] = {
	{"HTTP", BYTES("GET / HTTP/1.1\r\n")},
	{"TLS", BYTES("\26\3\1\2\0\1")},
	{"SOCKS 6", BYTES("\6")},
	{"4: BIND", BYTES("\4\2")},
	{"5: no method", BYTES("\5\0")},
	{"5: more methods than there are", BYTES("\5\13")},
	{"5: the refusal of all methods", BYTES("\5\1\377")},
};

static const struct handshake refused[] = {
	{"5: BIND", BYTES("\5\1\0\5\2")},
	{"5: UDP", BYTES("\5\1\0\5\3")},
	{"5: not reserved", BYTES("\5\1\0\5\1\1")},
	{"5: no such address", BYTES("\5\1\0\5\1\0\2")},
	{"5: no name", BYTES("\5\1\0\5\1\0\3\0")},
	{"5: a password that was not offered", BYTES("\5\1\0\1")},
	{"5: GSSAPI alone", BYTES("\5\1\1\1")},
	{"5: GSSAPI", BYTES("\5\3\0\1\2\1\1\2")},
	{"5: HTTP after the greeting", BYTES("\5\1\0G")},
	{"5: HTTP after the password", BYTES("\5\1\2\1\1a\1bG")},
};

/* What may follow at once. */
#define REST "GET / HTTP/1.1\r\n\r\n"

/* Each piece is copied to a heap block, so that a read past it is found. */
static ssize_t feed(struct socks *socks, const char *data, size_t len)
{
	char *copy = malloc(len ? len : 1);
	ssize_t count;

	memcpy(copy, data, len);
	count = socks_feed(socks, copy, len);
	free(copy);
	return count;
}

START_TEST(what_follows_a_handshake_is_not_taken)
{
	const struct handshake *handshake = &handshakes[_i];
	struct socks socks = {0};
	char stream[128];

	memcpy(stream, handshake->data, handshake->len);
	memcpy(stream + handshake->len, REST, sizeof(REST) - 1);
	ck_assert_int_eq(
		feed(&socks, stream, handshake->len + sizeof(REST) - 1), (ssize_t)handshake->len);
	ck_assert(socks.done);
	ck_assert_int_eq(feed(&socks, REST, sizeof(REST) - 1), 0);
}
END_TEST

START_TEST(a_handshake_may_come_in_any_pieces)
{
	const struct handshake *handshake = &handshakes[_i];

	for (size_t first = 0; first < handshake->len; first++)
		for (size_t second = first; second < handshake->len; second++) {
			struct socks socks = {0};
			size_t cuts[] = {0, first, second, handshake->len};

			for (int i = 0; i < 3; i++) {
				size_t size = cuts[i + 1] - cuts[i];

				ck_assert(!socks.done);
				ck_assert_int_eq(feed(&socks, handshake->data + cuts[i], size),
					(ssize_t)size);
			}
			ck_assert_msg(socks.done, "%s", handshake->what);
		}
}
END_TEST

START_TEST(every_beginning_of_a_handshake_is_partial_or_one)
{
	const struct handshake *handshake = &handshakes[_i];
	int last = SOCKS_PARTIAL;

	for (size_t len = 0; len <= handshake->len; len++) {
		int sniffed = socks_sniff(handshake->data, len);

		ck_assert(sniffed == 1 || sniffed == SOCKS_PARTIAL);
		ck_assert_msg(last != 1 || sniffed == 1, "%s", handshake->what);
		last = sniffed;
	}
	ck_assert_int_eq(last, 1);
}
END_TEST

START_TEST(a_greeting_alone_is_enough)
{
	ck_assert_int_eq(socks_sniff("\5\2\0", 3), SOCKS_PARTIAL);
	ck_assert_int_eq(socks_sniff("\5\2\0\2", 4), 1);
	ck_assert_int_eq(socks_sniff("\4\1\0\120\177\0\0", 7), SOCKS_PARTIAL);
	ck_assert_int_eq(socks_sniff("\4\1\0\120\177\0\0\1", 8), 1);
}
END_TEST

START_TEST(other_streams_are_not_socks)
{
	struct socks socks = {0};

	ck_assert_int_eq(socks_sniff(others[_i].data, others[_i].len), 0);
	ck_assert_int_eq(feed(&socks, others[_i].data, others[_i].len), SOCKS_BAD);
	ck_assert_int_eq(feed(&socks, "\5", 1), SOCKS_BAD);
}
END_TEST

START_TEST(what_is_no_plain_connection_is_refused)
{
	const struct handshake *handshake = &refused[_i];
	struct socks socks = {0};

	for (size_t i = 0; i + 1 < handshake->len; i++)
		ck_assert_int_eq(feed(&socks, handshake->data + i, 1), 1);
	ck_assert_int_eq(feed(&socks, handshake->data + handshake->len - 1, 1), SOCKS_BAD);
	ck_assert(!socks.done);
}
END_TEST

START_TEST(a_text_that_does_not_end_is_refused)
{
	char text[1024] = "\4\1\0\120\177\0\0\1";
	struct socks socks = {0};

	memset(text + 8, 'x', sizeof(text) - 8);
	ck_assert_int_eq(feed(&socks, text, sizeof(text)), SOCKS_BAD);
}
END_TEST

START_TEST(through_a_chain_of_proxies_another_follows)
{
	static const char chain[] = "\5\1\0\5\1\0\3\1b\4\70\4\1\0\120\177\0\0\1\0" REST;
	struct socks first = {0}, second = {0};
	size_t len = sizeof(chain) - 1;
	ssize_t taken = feed(&first, chain, len), more;

	ck_assert(first.done);
	ck_assert_int_eq(socks_sniff(chain + taken, len - (size_t)taken), 1);
	more = feed(&second, chain + taken, len - (size_t)taken);
	ck_assert(second.done);
	ck_assert_str_eq(chain + taken + more, REST);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("socks");
	TCase *tests = tcase_create("socks");

	tcase_add_loop_test(tests, what_follows_a_handshake_is_not_taken, 0, COUNT(handshakes));
	tcase_add_loop_test(tests, a_handshake_may_come_in_any_pieces, 0, COUNT(handshakes));
	tcase_add_loop_test(
		tests, every_beginning_of_a_handshake_is_partial_or_one, 0, COUNT(handshakes));
	tcase_add_test(tests, a_greeting_alone_is_enough);
	tcase_add_loop_test(tests, other_streams_are_not_socks, 0, COUNT(others));
	tcase_add_loop_test(tests, what_is_no_plain_connection_is_refused, 0, COUNT(refused));
	tcase_add_test(tests, a_text_that_does_not_end_is_refused);
	tcase_add_test(tests, through_a_chain_of_proxies_another_follows);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
