/* SPDX-License-Identifier: Apache-2.0 */

/* A client's side of a TLS connection, whole and in pieces. */

#include "fuzz.h"
#include "shim/engine/tls.h"

static bool read_hello(struct tls_hello *hello, const uint8_t *data, size_t size)
{
	char *block = block_of(data, size);
	bool is_hello = tls_parse_hello(hello, block, size);

	check(!is_hello || tls_sniff(block, size));
	if (is_hello && hello->server_name.len) {
		check(hello->server_name.at == hello->name);
		check(hello->server_name.len <= sizeof(hello->name));
	}
	free(block);
	return is_hello;
}

/* A piece may lack the server's name, and nothing else. */
static void check_hello(const uint8_t *data, size_t size, const struct cuts *cuts)
{
	struct tls_hello whole, part;
	bool is_hello = read_hello(&whole, data, size);

	for (int i = 0; i < cuts->count; i++) {
		if (!read_hello(&part, data, cuts->at[i]))
			continue;
		check(is_hello && memcmp(part.random, whole.random, TLS_RANDOM_LEN) == 0);
		check(!part.server_name.len || part.server_name.len == whole.server_name.len);
	}
}

static void check_records(const uint8_t *data, size_t size, const struct cuts *cuts)
{
	struct tls_records whole = {.left = 0}, parts = {.left = 0};
	size_t from = 0;

	tls_follow(&whole, (const char *)data, size);
	check(whole.application <= size && whole.header_len <= sizeof(whole.header));
	for (int i = 0; i < cuts->count; from = cuts->at[i++]) {
		char *block = block_of(data + from, cuts->at[i] - from);

		tls_follow(&parts, block, cuts->at[i] - from);
		free(block);
	}
	check(whole.left == parts.left && whole.application == parts.application);
	check(whole.header_len == parts.header_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cuts cuts = cuts_of(data, size);

	check_hello(data, size, &cuts);
	check_records(data, size, &cuts);
	return 0;
}
