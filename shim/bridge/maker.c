/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

#define EARLY_DATA_MAX (1 << 20) /* is skipped */

static const unsigned char http1[] = "\x08http/1.1";

/* Also where the connection goes on without: then its outcome is mirrored. */
static int verify_server(X509_STORE_CTX *context, void *arg)
{
	int error = trust_verify(
		arg, X509_STORE_CTX_get0_cert(context), X509_STORE_CTX_get0_untrusted(context));

	X509_STORE_CTX_set_error(context, error);
	return error == X509_V_OK;
}

/* The handshake waits, and nobody will go on with it. */
static int wants_certificate(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
	(void)ssl;
	(void)certificate;
	(void)key;
	return -1;
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct maker_target *target = SSL_get_app_data(ssl);

	/* A server that is not believed may be mended, and its session would still say who it was. */
	if (SSL_get_verify_result(ssl) != X509_V_OK)
		return 0;
	sessions_keep(target->sessions, target->key, session);
	return 1;
}

/* The program gets what the server has chosen. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_len,
	const unsigned char *offers, unsigned len, void *arg)
{
	unsigned of_server;

	(void)offers;
	(void)len;
	(void)arg;
	SSL_get0_alpn_selected(SSL_get_app_data(ssl), chosen, &of_server);
	*chosen_len = (unsigned char)of_server;
	return of_server ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/* Not stricter than programs are. */
static SSL_CTX *make_context(const SSL_METHOD *method)
{
	SSL_CTX *context = SSL_CTX_new(method);

	if (!context)
		return NULL;
	SSL_CTX_set_security_level(context, 1);
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
		SSL_CTX_free(context);
		return NULL;
	}
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_NO_AUTO_CHAIN);
	return context;
}

static bool make_contexts(struct bridge_maker *maker)
{
	maker->to_server = make_context(TLS_client_method());
	maker->to_program = make_context(TLS_server_method());
	if (!maker->to_server || !maker->to_program)
		return false;
	/* Of finite fields none: no program has them alone, and they are slow. */
	if (SSL_CTX_set1_groups_list(maker->to_program, "X25519:P-256:P-384:P-521") != 1)
		return false;
	SSL_CTX_set_options(maker->to_server, SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_cert_verify_callback(maker->to_server, verify_server, &maker->trust);
	SSL_CTX_set_client_cert_cb(maker->to_server, wants_certificate);
	SSL_CTX_set_session_cache_mode(
		maker->to_server, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(maker->to_server, keep_session);
	SSL_CTX_set_session_cache_mode(maker->to_program, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_recv_max_early_data(maker->to_program, EARLY_DATA_MAX);
	SSL_CTX_set_alpn_select_cb(maker->to_program, choose_protocol, NULL);
	return true;
}

static const char *fill(struct bridge_maker *maker, const struct bridge_settings *settings)
{
	static const char no_memory[] = "no memory";
	const char *reason;

	sessions_begin(&maker->sessions);
	if (!leaves_begin(&maker->leaves, &maker->authority))
		return no_memory;
	reason = authority_read(&maker->authority, settings->certificate, settings->key);
	if (reason)
		return reason;
	maker->method = side_method();
	if (!trust_begin(&maker->trust, settings->bundles, settings->password) || !maker->method ||
		!make_contexts(maker))
		return no_memory;
	return NULL;
}

struct bridge_maker *maker_make(const struct bridge_settings *settings, const char **reason)
{
	/* Nothing of the host's configuration is meant for us, and nothing of us may run when it ends. */
	const uint64_t init = OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG;
	struct bridge_maker *maker;

	*reason = "OpenSSL cannot begin";
	if (OPENSSL_init_crypto(init, NULL) != 1 || OPENSSL_init_ssl(init, NULL) != 1)
		return NULL;
	*reason = "no memory";
	maker = calloc(1, sizeof(*maker));
	if (!maker)
		return NULL;
	*reason = fill(maker, settings);
	ERR_clear_error();
	if (!*reason)
		return maker;
	maker_free(maker);
	return NULL;
}

void maker_free(struct bridge_maker *maker)
{
	SSL_CTX_free(maker->to_server);
	SSL_CTX_free(maker->to_program);
	BIO_meth_free(maker->method);
	sessions_free(&maker->sessions);
	leaves_free(&maker->leaves);
	trust_free(&maker->trust);
	authority_free(&maker->authority);
	free(maker);
}

SSL *maker_to_server(struct bridge_maker *maker, struct maker_target *target, const char *name,
	const struct hello *offers)
{
	SSL *ssl = SSL_new(maker->to_server);
	SSL_SESSION *session;

	if (!ssl)
		return NULL;
	target->sessions = &maker->sessions;
	SSL_set_app_data(ssl, target);
	SSL_set_connect_state(ssl);
	if ((*name && SSL_set_tlsext_host_name(ssl, name) != 1) || !policy_apply(ssl, offers) ||
		(offers->http1 && SSL_set_alpn_protos(ssl, http1, sizeof(http1) - 1) != 0)) {
		SSL_free(ssl);
		return NULL;
	}
	session = sessions_take(&maker->sessions, target->key);
	if (session)
		SSL_set_session(ssl, session);
	SSL_SESSION_free(session);
	return ssl;
}

/* A session is resumed only where the program would be shown the same leaf again. */
static bool show_leaf(struct bridge_maker *maker, SSL *program, SSL *server)
{
	const struct maker_target *target = SSL_get_app_data(server);
	X509 *certificate = SSL_get0_peer_certificate(server);
	unsigned char both[SESSIONS_KEY_LEN + LEAVES_KEY_LEN], context[EVP_MAX_MD_SIZE];
	unsigned len;
	struct leaf leaf;
	bool done;

	if (!certificate || !leaves_find(&maker->leaves, certificate,
				    SSL_get_servername(server, TLSEXT_NAMETYPE_host_name) != NULL,
				    SSL_get_verify_result(server), &leaf))
		return false;
	memcpy(both, target->key, SESSIONS_KEY_LEN);
	memcpy(both + SESSIONS_KEY_LEN, leaf.key, LEAVES_KEY_LEN);
	done = EVP_Digest(both, sizeof(both), context, &len, EVP_sha256(), NULL) == 1 &&
	       SSL_set_session_id_context(program, context, len) == 1 &&
	       SSL_use_certificate(program, leaf.certificate) == 1 &&
	       SSL_use_PrivateKey(program, maker->leaves.key) == 1 &&
	       (!leaf.chain || SSL_add1_chain_cert(program, leaf.chain) == 1);
	leaf_release(&leaf);
	return done;
}

SSL *maker_to_program(struct bridge_maker *maker, SSL *server)
{
	SSL *ssl = SSL_new(maker->to_program);

	if (!ssl)
		return NULL;
	SSL_set_app_data(ssl, server);
	SSL_set_accept_state(ssl);
	if (show_leaf(maker, ssl, server))
		return ssl;
	SSL_free(ssl);
	return NULL;
}
