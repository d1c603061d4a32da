/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge_peers.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DAY (24 * 60 * 60)

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ck_assert_ptr_nonnull(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

struct identity identity_make(const struct wish *wish)
{
	static long serial = 1;
	struct identity made = {X509_new(), EVP_EC_gen("P-256")};
	X509 *issuer = wish->issuer ? wish->issuer->certificate : made.certificate;
	EVP_PKEY *key = wish->issuer ? wish->issuer->key : made.key;

	X509_set_version(made.certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), serial++);
	X509_gmtime_adj(X509_getm_notBefore(made.certificate), wish->begins * DAY);
	X509_gmtime_adj(X509_getm_notAfter(made.certificate), wish->ends * DAY);
	X509_set_pubkey(made.certificate, made.key);
	if (wish->name)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(made.certificate), "CN",
			MBSTRING_ASC, (const unsigned char *)wish->name, -1, -1, 0);
	X509_set_issuer_name(made.certificate, X509_get_subject_name(issuer));
	extend(made.certificate, issuer, NID_basic_constraints,
		wish->authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
	extend(made.certificate, issuer, NID_subject_key_identifier, "hash");
	extend(made.certificate, issuer, NID_authority_key_identifier, "keyid");
	if (wish->names)
		extend(made.certificate, issuer, NID_subject_alt_name, wish->names);
	if (wish->constraints)
		extend(made.certificate, issuer, NID_name_constraints, wish->constraints);
	if (wish->use)
		extend(made.certificate, issuer, NID_ext_key_usage, wish->use);
	ck_assert_int_gt(X509_sign(made.certificate, key, EVP_sha256()), 0);
	return made;
}

void identity_free(struct identity *identity)
{
	X509_free(identity->certificate);
	EVP_PKEY_free(identity->key);
	*identity = (struct identity){0};
}

static FILE *create(const char *path)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	return file;
}

void identity_write(const struct identity *identity, const char *certificate, const char *key)
{
	FILE *file;

	if (certificate) {
		file = create(certificate);
		PEM_write_X509(file, identity->certificate);
		fclose(file);
	}
	if (key) {
		file = create(key);
		PEM_write_PrivateKey(file, identity->key, NULL, NULL, 0, NULL, NULL);
		fclose(file);
	}
}

const char *peers_path(const struct peers *peers, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", peers->folder, name);
	return path;
}

void peers_trust(struct peers *peers, const char *const *bundles)
{
	char certificate[256], key[256];
	const char *reason = NULL;

	strcpy(certificate, peers_path(peers, "ours.pem"));
	strcpy(key, peers_path(peers, "ours.key"));
	if (peers->maker)
		peers->api->unmake(peers->maker);
	peers->maker = peers->api->make(
		&(struct bridge_settings){certificate, key, bundles, NULL}, &reason);
	ck_assert_msg(peers->maker, "%s", reason);
}

void peers_server_is(struct peers *peers, const struct wish *wish)
{
	struct wish whole = *wish;
	struct identity identity;

	if (!whole.issuer)
		whole.issuer = &peers->theirs;
	identity = identity_make(&whole);
	ck_assert(SSL_CTX_use_certificate(peers->server_context, identity.certificate) == 1);
	ck_assert(SSL_CTX_use_PrivateKey(peers->server_context, identity.key) == 1);
	identity_free(&identity);
}

static struct peers *of_client(SSL *ssl)
{
	return SSL_get_app_data(ssl);
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct peers *peers = of_client(ssl);

	SSL_SESSION_free(peers->session);
	peers->session = session;
	return 1;
}

static SSL_CTX *make_context(const SSL_METHOD *method)
{
	SSL_CTX *context = SSL_CTX_new(method);

	ck_assert_ptr_nonnull(context);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
	SSL_CTX_set_security_level(context, 0);
	return context;
}

static void make_authorities(struct peers *peers)
{
	peers->ours = identity_make(&(struct wish){.name = "Ours",
		.authority = true,
		.ends = 30,
		.begins = -1,
		.constraints = "critical,permitted;DNS:localhost,permitted;DNS:amazonaws.com,"
			       "permitted;IP:127.0.0.0/255.0.0.0"});
	peers->theirs = identity_make(
		&(struct wish){.name = "Theirs", .authority = true, .begins = -100, .ends = 100});
	identity_write(&peers->ours, peers_path(peers, "ours.pem"), NULL);
	identity_write(&peers->ours, NULL, peers_path(peers, "ours.key"));
	identity_write(&peers->theirs, peers_path(peers, "theirs.pem"), NULL);
}

void peers_begin(struct peers *peers)
{
	const char *bundles[] = {NULL, NULL};

	*peers = (struct peers){0};
	strcpy(peers->folder, "/tmp/chaos-bridge-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(peers->folder));
	peers->api = bridge_api(BRIDGE_VERSION);
	make_authorities(peers);
	bundles[0] = strdup(peers_path(peers, "theirs.pem"));
	peers_trust(peers, bundles);
	free((char *)bundles[0]);
	peers->target = (struct bridge_target){"localhost", "127.0.0.1", 443};
	peers->client_context = make_context(TLS_client_method());
	SSL_CTX_set_verify(peers->client_context, SSL_VERIFY_PEER, NULL);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(peers->client_context), peers->ours.certificate);
	SSL_CTX_set_session_cache_mode(
		peers->client_context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(peers->client_context, keep_session);
	peers->server_context = make_context(TLS_server_method());
	SSL_CTX_set_session_id_context(peers->server_context, (const unsigned char *)"s", 1);
	peers_server_is(peers, &(struct wish){.name = "localhost",
				       .names = "DNS:localhost,IP:127.0.0.1",
				       .begins = -10,
				       .ends = 10});
}

void peers_end(struct peers *peers)
{
	char command[128];

	peers_disconnect(peers);
	SSL_SESSION_free(peers->session);
	SSL_CTX_free(peers->client_context);
	SSL_CTX_free(peers->server_context);
	if (peers->maker)
		peers->api->unmake(peers->maker);
	identity_free(&peers->ours);
	identity_free(&peers->theirs);
	snprintf(command, sizeof(command), "rm -r %s", peers->folder);
	ck_assert_int_eq(system(command), 0);
}

static SSL *make_end(SSL_CTX *context)
{
	SSL *ssl = SSL_new(context);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	BIO_set_mem_eof_return(in, -1);
	BIO_set_mem_eof_return(out, -1);
	SSL_set_bio(ssl, in, out);
	return ssl;
}

void peers_connect(struct peers *peers)
{
	const struct bridge_target *target = &peers->target;
	char *hello;
	long len;
	size_t early;

	peers->client = make_end(peers->client_context);
	peers->server = make_end(peers->server_context);
	SSL_set_app_data(peers->client, peers);
	SSL_set_connect_state(peers->client);
	SSL_set_accept_state(peers->server);
	if (*target->name) {
		SSL_set_tlsext_host_name(peers->client, target->name);
		SSL_set1_host(peers->client, target->name);
	}
	if (peers->session)
		SSL_set_session(peers->client, peers->session);
	if (peers->early)
		SSL_write_early_data(peers->client, peers->early, strlen(peers->early), &early);
	else
		SSL_do_handshake(peers->client);
	len = BIO_get_mem_data(SSL_get_wbio(peers->client), &hello);
	ck_assert_int_gt(len, 0);
	peers->bridge = peers->api->open(peers->maker, target, hello, (size_t)len);
	ck_assert_ptr_nonnull(peers->bridge);
	(void)BIO_reset(SSL_get_wbio(peers->client));
}

/* Its session stays good. */
static void leave(SSL *end)
{
	if (end)
		SSL_set_shutdown(end, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(end);
}

void peers_disconnect(struct peers *peers)
{
	peers->api->close(peers->bridge);
	leave(peers->client);
	leave(peers->server);
	peers->bridge = NULL;
	peers->client = peers->server = NULL;
	peers->client_down = peers->server_down = false;
}

static size_t part_of(const struct peers *peers, size_t len)
{
	return peers->step && len > peers->step ? peers->step : len;
}

/* Changes the byte whose turn it is. */
static void damage(struct peers *peers, char *data, size_t len)
{
	if (peers->damage > peers->moved && peers->damage <= peers->moved + len)
		data[peers->damage - peers->moved - 1] ^= (char)(1 << peers->damage % 8);
	peers->moved += len;
}

typedef void from_peer(struct bridge *bridge, const char *data, size_t len);

/* What an end has written goes to the bridge. */
static bool move_in(struct peers *peers, SSL *end, from_peer *from)
{
	char data[4096];
	int len = BIO_read(SSL_get_wbio(end), data, (int)part_of(peers, sizeof(data)));

	if (len <= 0)
		return false;
	damage(peers, data, (size_t)len);
	from(peers->bridge, data, (size_t)len);
	return true;
}

static bool move_out(struct peers *peers, SSL *end, struct span out,
	void (*sent)(struct bridge *bridge, size_t len))
{
	char data[4096];
	size_t len = part_of(peers, out.len < sizeof(data) ? out.len : sizeof(data));

	if (!len)
		return false;
	memcpy(data, out.at, len);
	damage(peers, data, len);
	ck_assert_int_eq(BIO_write(SSL_get_rbio(end), data, (int)len), (int)len);
	sent(peers->bridge, len);
	return true;
}

/* Plaintext goes through as it is, and so does its end. */
static bool move_plaintext(struct peers *peers, bool *down,
	long (*read)(struct bridge *bridge, char *data, size_t cap),
	bool (*write)(struct bridge *bridge, const char *data, size_t len),
	void (*end)(struct bridge *bridge))
{
	char data[10000];
	long len = *down ? 0 : read(peers->bridge, data, sizeof(data));

	if (len == 0)
		return false;
	if (len < 0) {
		*down = true;
		end(peers->bridge);
		return true;
	}
	return write(peers->bridge, data, (size_t)len);
}

/* An end does what it can without plaintext. */
static void step_end(SSL *end)
{
	char byte;

	if (SSL_is_init_finished(end))
		SSL_peek(end, &byte, 1);
	else
		SSL_do_handshake(end);
}

static void step_client(struct peers *peers)
{
	ERR_clear_error();
	step_end(peers->client);
	if (!peers->client_error)
		peers->client_error = ERR_peek_error();
	ERR_clear_error();
}

void peers_server_step(struct peers *peers)
{
	move_out(peers, peers->server, peers->api->for_server(peers->bridge),
		peers->api->sent_to_server);
	step_end(peers->server);
	ERR_clear_error();
}

void peers_move(struct peers *peers)
{
	const struct bridge_api *api = peers->api;
	bool moved = true;

	for (long turns = 0; moved; turns++) {
		ck_assert_int_lt(turns, 10000000);
		step_client(peers);
		step_end(peers->server);
		ERR_clear_error();
		moved = move_in(peers, peers->client, api->from_program);
		moved |= move_in(peers, peers->server, api->from_server);
		moved |= move_plaintext(peers, &peers->client_down, api->read_program,
			api->to_server, api->end_server);
		moved |= move_plaintext(peers, &peers->server_down, api->read_server,
			api->to_program, api->end_program);
		if (!peers->deaf)
			moved |= move_out(peers, peers->client, api->for_program(peers->bridge),
				api->sent_to_program);
		moved |= move_out(
			peers, peers->server, api->for_server(peers->bridge), api->sent_to_server);
	}
}

void peers_shake(struct peers *peers)
{
	peers_connect(peers);
	peers_move(peers);
}

void peers_exchange(struct peers *peers)
{
	char data[32];

	ck_assert_int_eq(peers->api->state(peers->bridge), BRIDGE_OPEN);
	ck_assert_int_eq(SSL_write(peers->client, "GET /", 5), 5);
	peers_move(peers);
	ck_assert_int_eq(SSL_read(peers->server, data, sizeof(data)), 5);
	ck_assert_mem_eq(data, "GET /", 5);
	ck_assert_int_eq(SSL_write(peers->server, "200 OK", 6), 6);
	peers_move(peers);
	ck_assert_int_eq(SSL_read(peers->client, data, sizeof(data)), 6);
	ck_assert_mem_eq(data, "200 OK", 6);
}

void peers_speak(SSL_CTX *context, int version)
{
	ck_assert_int_eq(SSL_CTX_set_min_proto_version(context, version), 1);
	ck_assert_int_eq(SSL_CTX_set_max_proto_version(context, version), 1);
}

X509 *peers_leaf(const struct peers *peers)
{
	return SSL_get0_peer_certificate(peers->client);
}
