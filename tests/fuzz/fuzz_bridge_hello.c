/* SPDX-License-Identifier: Apache-2.0 */

/* A ClientHello, as the bridge reads it, as the engine does, and as OpenSSL does: of one that all of
 * them take, they say the same. */

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "fuzz.h"
#include "shim/bridge/hello.h"
#include "shim/engine/tls.h"

/* What OpenSSL finds; .at NULL: nothing. */
struct found {
	bool is_read;
	char name[512];
	size_t name_len;
	bool is_name_broken;
	bool alpn, http1, is_broken;
};

/* RFC 6066 3, RFC 7301 3.1: OpenSSL gives extensions as they are. */
static void find_name(struct found *found, const uint8_t *at, size_t len)
{
	size_t name_len = len >= 5 ? (size_t)at[3] << 8 | at[4] : 0;

	found->is_name_broken = len < 2 || ((size_t)at[0] << 8 | at[1]) != len - 2;
	if (len < 5 || at[2] != 0 || name_len > len - 5 || name_len > sizeof(found->name))
		return;
	memcpy(found->name, at + 5, name_len);
	found->name_len = name_len;
}

/* OpenSSL does not look at a list before it needs it; one that is broken tells nothing. */
static void find_http1(struct found *found, const uint8_t *at, size_t len)
{
	found->alpn = true;
	found->is_broken = len < 2 || ((size_t)at[0] << 8 | at[1]) != len - 2;
	for (size_t i = 2; i < len; i += 1 + (size_t)at[i]) {
		if (i + 1 + at[i] > len) {
			found->is_broken = true;
			return;
		}
		found->http1 |= at[i] == 8 && memcmp(at + i + 1, "http/1.1", 8) == 0;
	}
}

static int on_hello(SSL *ssl, int *alert, void *arg)
{
	struct found *found = arg;
	const unsigned char *at;
	size_t len;

	(void)alert;
	found->is_read = true;
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &at, &len))
		find_name(found, at, len);
	if (SSL_client_hello_get0_ext(
		    ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &at, &len))
		find_http1(found, at, len);
	return SSL_CLIENT_HELLO_ERROR; /* enough */
}

static struct found ask_openssl(const uint8_t *data, size_t size)
{
	static SSL_CTX *context;
	struct found found = {0};
	SSL *ssl;

	if (!context)
		context = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_client_hello_cb(context, on_hello, &found);
	ssl = SSL_new(context);
	check(ssl != NULL);
	SSL_set_bio(ssl, BIO_new_mem_buf(data, (int)size), BIO_new(BIO_s_null()));
	SSL_set_accept_state(ssl);
	SSL_do_handshake(ssl);
	SSL_free(ssl);
	ERR_clear_error();
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *block = block_of(data, size);
	struct tls_hello engine;
	struct hello bridge;
	bool is_read = !hello_read(&bridge, block, size);
	bool is_hello = tls_parse_hello(&engine, block, size);

	if (is_read) {
		struct found found = ask_openssl(data, size);

		check(!bridge.http1 || bridge.alpn);
		check(!tls_sniff(block, size) || is_hello);
		if (found.is_read) {
			check(bridge.alpn == found.alpn);
			check(found.is_broken || bridge.http1 == found.http1);
			if (is_hello && engine.server_name.len && !found.is_name_broken)
				check(engine.server_name.len == found.name_len &&
					memcmp(engine.server_name.at, found.name, found.name_len) ==
						0);
			if (is_hello && found.name_len && found.name_len <= TLS_NAME_MAX &&
				!found.is_name_broken)
				check(engine.server_name.len == found.name_len);
		}
	}
	free(block);
	return 0;
}
