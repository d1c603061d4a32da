/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bridge_peers.h"

static struct peers peers;

static void begin(void)
{
	peers_begin(&peers);
}

static void end(void)
{
	peers_end(&peers);
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* Each side speaks one version alone, or, where the other speaks one alone, both. Returns the server's. */
static int speak(int kind)
{
	if (!(kind & 2))
		peers_speak(peers.client_context, versions[kind & 1]);
	else
		peers_speak(peers.server_context, versions[kind & 1]);
	return versions[kind & 1];
}

START_TEST(plaintext_goes_through_whatever_version_each_side_insists_on)
{
	int version = speak(_i);

	peers_shake(&peers);
	peers_exchange(&peers);
	ck_assert_int_eq(SSL_version(peers.server), version);
	if (!(_i & 2))
		ck_assert_int_eq(SSL_version(peers.client), version);
	ck_assert_int_eq(peers.api->failure(peers.bridge), BRIDGE_NO_FAILURE);
	ck_assert_str_eq(peers.api->reason(peers.bridge), "");
}
END_TEST

START_TEST(the_program_waits_until_the_server_has_been_heard)
{
	peers_connect(&peers);
	ck_assert_int_eq(peers.api->state(peers.bridge), BRIDGE_CONNECTING);
	ck_assert_uint_eq(peers.api->for_program(peers.bridge).len, 0);
	ck_assert_uint_gt(peers.api->for_server(peers.bridge).len, 0);
}
END_TEST

static int note_name(SSL *ssl, int *alert, void *arg)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	snprintf(arg, 64, "%s", name ? name : "(none)");
	return SSL_TLSEXT_ERR_OK;
}

START_TEST(the_server_is_told_the_name_that_the_program_told)
{
	static const char *const names[][2] = {{"localhost", "localhost"}, {"", "(none)"}};
	char told[64] = "";

	SSL_CTX_set_tlsext_servername_callback(peers.server_context, note_name);
	SSL_CTX_set_tlsext_servername_arg(peers.server_context, told);
	peers.target.name = names[_i][0];
	peers_shake(&peers);
	peers_exchange(&peers);
	ck_assert_str_eq(told, names[_i][1]);
}
END_TEST

/* What the server was offered, and what it is to choose. */
static struct {
	char seen[64];
	const char *choice;
} alpn;

static int choose(SSL *ssl, const unsigned char **out, unsigned char *out_len,
	const unsigned char *in, unsigned in_len, void *arg)
{
	(void)ssl;
	(void)arg;
	snprintf(alpn.seen, sizeof(alpn.seen), "%.*s", (int)in_len, in);
	if (!alpn.choice)
		return SSL_TLSEXT_ERR_NOACK;
	*out = (const unsigned char *)alpn.choice;
	*out_len = (unsigned char)strlen(alpn.choice);
	return SSL_TLSEXT_ERR_OK;
}

static void check_alpn(const char *offered, const char *seen, const char *choice)
{
	const unsigned char *chosen;
	unsigned len;

	alpn.choice = choice;
	strcpy(alpn.seen, "");
	SSL_CTX_set_alpn_select_cb(peers.server_context, choose, NULL);
	if (offered)
		SSL_CTX_set_alpn_protos(peers.client_context, (const unsigned char *)offered,
			(unsigned)strlen(offered));
	peers_shake(&peers);
	peers_exchange(&peers);
	ck_assert_str_eq(alpn.seen, seen);
	SSL_get0_alpn_selected(peers.client, &chosen, &len);
	ck_assert_uint_eq(len, choice ? strlen(choice) : 0);
	ck_assert_int_eq(
		memcmp(chosen ? chosen : (const unsigned char *)"", choice ? choice : "", len), 0);
}

START_TEST(of_the_protocols_offered_http_1_1_alone_reaches_the_server)
{
	check_alpn("\x02h2\x08http/1.1", "\x08http/1.1", "http/1.1");
}
END_TEST

START_TEST(a_server_that_chooses_no_protocol_chooses_none_for_the_program)
{
	check_alpn("\x08http/1.1", "\x08http/1.1", NULL);
}
END_TEST

START_TEST(a_program_that_offers_no_protocol_has_none_offered)
{
	check_alpn(NULL, "", NULL);
}
END_TEST

START_TEST(bytes_may_come_one_by_one)
{
	speak(_i);
	peers.step = 1;
	peers_shake(&peers);
	peers_exchange(&peers);
}
END_TEST

#define MEGABYTE (1 << 20)

static char *make_body(unsigned seed)
{
	char *body = malloc(MEGABYTE);

	for (int i = 0; i < MEGABYTE; i++)
		body[i] = (char)((seed = seed * 1103515245 + 12345) >> 16);
	return body;
}

/* Writes it all at one end and reads it at the other. */
static void pass(SSL *from, SSL *to, const char *body)
{
	char *got = malloc(MEGABYTE);
	int sent = 0, received = 0, len;

	while (received < MEGABYTE) {
		if (sent < MEGABYTE) {
			len = SSL_write(from, body + sent, MEGABYTE - sent);
			ck_assert_int_gt(len, 0);
			sent += len;
		}
		peers_move(&peers);
		while ((len = SSL_read(to, got + received, MEGABYTE - received)) > 0)
			received += len;
	}
	ck_assert_int_eq(memcmp(got, body, MEGABYTE), 0);
	free(got);
}

START_TEST(a_megabyte_goes_either_way_unchanged)
{
	char *body = make_body((unsigned)_i);

	peers_shake(&peers);
	if (_i)
		pass(peers.client, peers.server, body);
	else
		pass(peers.server, peers.client, body);
	free(body);
}
END_TEST

START_TEST(the_servers_goodbye_is_passed_on_and_the_program_may_still_speak)
{
	char data[8];

	peers_speak(peers.client_context, versions[_i]);
	peers_speak(peers.server_context, versions[_i]);
	peers_shake(&peers);
	SSL_shutdown(peers.server);
	peers_move(&peers);
	ck_assert_int_eq(SSL_get_shutdown(peers.client), SSL_RECEIVED_SHUTDOWN);
	ck_assert_int_eq(SSL_write(peers.client, "still", 5), 5);
	peers_move(&peers);
	ck_assert_int_eq(SSL_read(peers.server, data, sizeof(data)), 5);
	ck_assert_int_eq(peers.api->state(peers.bridge), BRIDGE_OPEN);
}
END_TEST

START_TEST(the_programs_goodbye_is_passed_on_and_the_server_may_still_speak)
{
	char data[8];

	peers_speak(peers.client_context, versions[_i]);
	peers_speak(peers.server_context, versions[_i]);
	peers_shake(&peers);
	SSL_shutdown(peers.client);
	peers_move(&peers);
	ck_assert_int_eq(SSL_get_shutdown(peers.server), SSL_RECEIVED_SHUTDOWN);
	ck_assert_int_eq(SSL_write(peers.server, "still", 5), 5);
	peers_move(&peers);
	ck_assert_int_eq(SSL_read(peers.client, data, sizeof(data)), 5);
	ck_assert_int_eq(peers.api->state(peers.bridge), BRIDGE_OPEN);
}
END_TEST

START_TEST(a_server_that_ends_without_a_goodbye_has_failed_after_what_it_said)
{
	char data[8];

	peers_shake(&peers);
	SSL_write(peers.server, "last", 4);
	peers_move(&peers);
	peers.api->server_ended(peers.bridge);
	ck_assert_int_eq(peers.api->read_server(peers.bridge, data, sizeof(data)), -1);
	ck_assert_int_eq(peers.api->state(peers.bridge), BRIDGE_FAILED);
	ck_assert_int_eq(peers.api->failure(peers.bridge), BRIDGE_SERVER_FAILED);
	ck_assert_int_eq(SSL_read(peers.client, data, sizeof(data)), 4);
	ck_assert_int_eq(SSL_get_shutdown(peers.client), 0);
}
END_TEST

START_TEST(the_keys_of_either_side_are_updated)
{
	SSL *end;

	peers_speak(peers.client_context, TLS1_3_VERSION);
	peers_speak(peers.server_context, TLS1_3_VERSION);
	peers_shake(&peers);
	end = _i ? peers.client : peers.server;
	ck_assert_int_eq(SSL_key_update(end, SSL_KEY_UPDATE_REQUESTED), 1);
	ck_assert_int_eq(SSL_do_handshake(end), 1);
	peers_exchange(&peers);
	peers_exchange(&peers);
}
END_TEST

START_TEST(the_server_may_ask_for_another_handshake)
{
	if (_i)
		peers_speak(peers.client_context, TLS1_2_VERSION);
	peers_speak(peers.server_context, TLS1_2_VERSION);
	peers_shake(&peers);
	ck_assert_int_eq(SSL_renegotiate(peers.server), 1);
	ck_assert_int_eq(SSL_do_handshake(peers.server), 1);
	peers_move(&peers);
	peers_exchange(&peers);
	ck_assert_int_eq(SSL_total_renegotiations(peers.server), 1);
}
END_TEST

START_TEST(a_server_that_comes_back_as_another_has_failed)
{
	struct identity other = identity_make(&(struct wish){
		.name = "other", .names = "DNS:other", .issuer = &peers.theirs, .ends = 10});

	peers_speak(peers.server_context, TLS1_2_VERSION);
	peers_shake(&peers);
	SSL_set_options(peers.server, SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
	SSL_use_certificate(peers.server, other.certificate);
	SSL_use_PrivateKey(peers.server, other.key);
	SSL_renegotiate(peers.server);
	SSL_do_handshake(peers.server);
	peers_move(&peers);
	ck_assert_int_eq(peers.api->state(peers.bridge), BRIDGE_FAILED);
	ck_assert_int_eq(peers.api->failure(peers.bridge), BRIDGE_SERVER_FAILED);
	ck_assert_str_eq(peers.api->reason(peers.bridge), "the server has another certificate now");
	identity_free(&other);
}
END_TEST

START_TEST(what_is_said_in_the_middle_of_another_handshake_arrives_after_it)
{
	const struct bridge_api *api = peers.api;
	struct span out;
	char data[4096];
	int len;

	peers_speak(peers.server_context, TLS1_2_VERSION);
	peers_shake(&peers);
	SSL_renegotiate(peers.server);
	SSL_do_handshake(peers.server);
	len = BIO_read(SSL_get_wbio(peers.server), data, sizeof(data));
	api->from_server(peers.bridge, data, (size_t)len);
	ck_assert_int_eq(api->read_server(peers.bridge, data, sizeof(data)), 0);
	out = api->for_server(peers.bridge); /* a ClientHello */
	ck_assert_uint_gt(out.len, 0);
	ck_assert(api->to_server(peers.bridge, "GET /", 5));
	ck_assert_uint_eq(api->for_server(peers.bridge).len, out.len);
	ck_assert_uint_eq(api->unsent(peers.bridge), 5);
	peers_move(&peers);
	ck_assert_uint_eq(api->unsent(peers.bridge), 0);
	ck_assert_int_eq(SSL_read(peers.server, data, sizeof(data)), 5);
	ck_assert_mem_eq(data, "GET /", 5);
}
END_TEST

START_TEST(the_program_may_not_ask_for_another_handshake)
{
	peers_speak(peers.client_context, TLS1_2_VERSION);
	peers_shake(&peers);
	ck_assert_int_eq(SSL_renegotiate(peers.client), 1);
	SSL_do_handshake(peers.client);
	peers_move(&peers);
	ck_assert_int_eq(SSL_total_renegotiations(peers.client), 1);
	ck_assert(!SSL_is_init_finished(peers.client));
	ck_assert_int_eq(SSL_total_renegotiations(peers.server), 0);
	/* The server's goodbye ends its waiting. */
	ck_assert_int_eq(peers.api->failure(peers.bridge), BRIDGE_PROGRAM_RENEGOTIATES);
	ck_assert(SSL_get_shutdown(peers.server) & SSL_RECEIVED_SHUTDOWN);
}
END_TEST

START_TEST(a_server_that_takes_another_group_asks_us_for_it)
{
	SSL_CTX_set1_groups_list(peers.server_context, "P-384");
	peers_shake(&peers);
	peers_exchange(&peers);
	ck_assert_int_eq(SSL_get_negotiated_group(peers.server), NID_secp384r1);
}
END_TEST

START_TEST(a_program_whose_first_group_we_do_not_take_is_asked_for_another)
{
	/* Its key share is of the first. */
	SSL_CTX_set1_groups_list(peers.client_context, "ffdhe2048:P-256");
	peers_shake(&peers);
	peers_exchange(&peers);
	ck_assert_int_eq(SSL_get_negotiated_group(peers.client), NID_X9_62_prime256v1);
}
END_TEST

START_TEST(connections_of_one_maker_do_not_touch_each_other)
{
	struct peers other = peers;
	char data[8];

	peers_shake(&peers);
	peers_shake(&other);
	peers_exchange(&peers);
	peers_exchange(&other);
	ck_assert_int_eq(SSL_write(other.client, "other", 5), 5);
	peers_move(&other);
	peers_move(&peers);
	ck_assert_int_le(SSL_read(peers.server, data, sizeof(data)), 0);
	SSL_SESSION_free(other.session);
	peers_disconnect(&other);
	peers_exchange(&peers);
}
END_TEST

/* What a new bridge first says to its server. */
static size_t first_words(char *words, size_t cap)
{
	struct span out;

	peers_connect(&peers);
	out = peers.api->for_server(peers.bridge);
	ck_assert_uint_le(out.len, cap);
	memcpy(words, out.at, out.len);
	return out.len;
}

START_TEST(after_a_fork_both_processes_go_on_and_draw_their_own_numbers)
{
	struct peers other = peers;
	char ours[2048], childs[2048];
	size_t our_len;
	ssize_t child_len;
	int ends[2], status;
	pid_t child;

	peers_shake(&other);
	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		peers_exchange(&other);
		our_len = first_words(ours, sizeof(ours));
		_exit(write(ends[1], ours, our_len) != (ssize_t)our_len);
	}
	our_len = first_words(ours, sizeof(ours));
	peers_move(&peers);
	peers_exchange(&peers);
	child_len = read(ends[0], childs, sizeof(childs));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_gt(child_len, 43);
	ck_assert_uint_gt(our_len, 43);
	/* The random of the ClientHello. */
	ck_assert_int_ne(memcmp(ours + 11, childs + 11, 32), 0);
	SSL_SESSION_free(other.session);
	peers_disconnect(&other);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(another_version_of_the_interface_is_refused)
{
	ck_assert_ptr_null(bridge_api(BRIDGE_VERSION + 1));
}
END_TEST

static TCase *handshakes(void)
{
	TCase *tcase = tcase_create("handshakes");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(
		tcase, plaintext_goes_through_whatever_version_each_side_insists_on, 0, 4);
	tcase_add_test(tcase, the_program_waits_until_the_server_has_been_heard);
	tcase_add_loop_test(tcase, the_server_is_told_the_name_that_the_program_told, 0, 2);
	tcase_add_test(tcase, of_the_protocols_offered_http_1_1_alone_reaches_the_server);
	tcase_add_test(tcase, a_server_that_chooses_no_protocol_chooses_none_for_the_program);
	tcase_add_test(tcase, a_program_that_offers_no_protocol_has_none_offered);
	tcase_add_loop_test(tcase, bytes_may_come_one_by_one, 0, 4);
	tcase_add_test(tcase, a_server_that_takes_another_group_asks_us_for_it);
	tcase_add_test(tcase, a_program_whose_first_group_we_do_not_take_is_asked_for_another);
	tcase_add_test(tcase, connections_of_one_maker_do_not_touch_each_other);
	tcase_add_test(tcase, after_a_fork_both_processes_go_on_and_draw_their_own_numbers);
	tcase_add_test(tcase, another_version_of_the_interface_is_refused);
	return tcase;
}

static TCase *plaintext(void)
{
	TCase *tcase = tcase_create("plaintext");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, a_megabyte_goes_either_way_unchanged, 0, 2);
	tcase_add_loop_test(
		tcase, the_servers_goodbye_is_passed_on_and_the_program_may_still_speak, 0, 2);
	tcase_add_loop_test(
		tcase, the_programs_goodbye_is_passed_on_and_the_server_may_still_speak, 0, 2);
	tcase_add_test(tcase, a_server_that_ends_without_a_goodbye_has_failed_after_what_it_said);
	tcase_add_loop_test(tcase, the_keys_of_either_side_are_updated, 0, 2);
	tcase_add_loop_test(tcase, the_server_may_ask_for_another_handshake, 0, 2);
	tcase_add_test(tcase, a_server_that_comes_back_as_another_has_failed);
	tcase_add_test(tcase, what_is_said_in_the_middle_of_another_handshake_arrives_after_it);
	tcase_add_test(tcase, the_program_may_not_ask_for_another_handshake);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("bridge");

	suite_add_tcase(suite, handshakes());
	suite_add_tcase(suite, plaintext());
	return run_suite(suite);
}
