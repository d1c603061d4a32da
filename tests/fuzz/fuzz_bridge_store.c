/* SPDX-License-Identifier: Apache-2.0 */

/* Files of trusted certificates, as PEM, JKS or PKCS12: what is made of one stays within its room, is
 * one of its kind, holds one certificate more, and is left as it is the second time. */

#include <openssl/err.h>
#include <openssl/pem.h>

#include "peers.h"
#include "shim/bridge/anchors.h"
#include "shim/bridge/store.h"
#include "shim/bridge/stores.h"
#include "shim/trust/pem.h"

static const char *const passwords[] = {"", "changeit", NULL};

static struct span authority(void)
{
	static char *pem;
	static size_t len;
	char *at;

	if (!pem) {
		struct identity ours =
			identity_make(&(struct wish){.name = "ours", .authority = true, .ends = 1});
		BIO *bio = BIO_new(BIO_s_mem());

		PEM_write_bio_X509(bio, ours.certificate);
		len = (size_t)BIO_get_mem_data(bio, &at);
		pem = block_of(at, len);
		BIO_free(bio);
		identity_free(&ours);
	}
	return (struct span){pem, len};
}

static size_t count_of(struct span content)
{
	struct anchors anchors = {0};
	size_t count;

	stores_read(&anchors, content);
	count = anchors.count;
	anchors_free(&anchors);
	ERR_clear_error();
	return count;
}

static void check_store(struct span store)
{
	const struct store_api *api = bridge_store_api(STORE_VERSION);
	const size_t cap = store.len + store_room(authority().len);
	char *out = malloc(cap), *again = malloc(cap + store_room(authority().len));
	size_t len = api->add(store, passwords, authority(), out, cap);

	check(len <= cap && ERR_peek_error() == 0);
	if (len) {
		const struct span made = {out, len};

		check(made.at[0] == store.at[0]);
		check(count_of(made) > count_of(store));
		check(api->add(made, passwords, authority(), again,
			      cap + store_room(authority().len)) == 0);
	}
	free(again);
	free(out);
}

static char *resized(char *block, size_t size)
{
	char *now = realloc(block, size);

	check(now != NULL);
	return now;
}

/* Is it the bundle, with something put into it at one place, and its last line ended? */
static bool is_put_into(const char *out, size_t len, struct span bundle)
{
	size_t same = 0;

	if (len > bundle.len && bundle.len && bundle.at[bundle.len - 1] != '\n' &&
		out[len - 1] == '\n')
		len--;
	while (same < bundle.len && out[same] == bundle.at[same])
		same++;
	return memcmp(out + len - (bundle.len - same), bundle.at + same, bundle.len - same) == 0;
}

static void check_pem(struct span bundle)
{
	const size_t cap = bundle.len + pem_room(authority().len);
	char *out = malloc(cap + pem_room(authority().len));
	size_t len;

	memcpy(out, bundle.at, bundle.len);
	out = resized(out, cap); /* exactly its room */
	len = pem_append(out, bundle.len, authority());
	check(len >= bundle.len && len <= cap && is_put_into(out, len, bundle));
	if (len > bundle.len) {
		out = resized(out, cap + pem_room(authority().len));
		check(pem_append(out, len, authority()) == len);
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *block = block_of(data, size);
	const struct span content = {block, size};

	draw_anew();
	count_of(content);
	if (size)
		check_store(content);
	check_pem(content);
	free(block);
	return 0;
}
