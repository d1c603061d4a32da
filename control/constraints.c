/* SPDX-License-Identifier: Apache-2.0 */
#include "constraints.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "shim/engine/aws/model.h"

/* A domain, or an address and its mask. */
struct base {
	int type; /* GEN_DNS, GEN_IPADD */
	size_t len;
	unsigned char bytes[sizeof(((struct endpoint *)NULL)->host)];
};

struct bases {
	size_t count;
	struct base *all;
};

static void add_name(struct bases *bases, struct span name)
{
	struct base *base = &bases->all[bases->count++];

	*base = (struct base){.type = GEN_DNS, .len = name.len};
	for (size_t i = 0; i < name.len; i++)
		base->bytes[i] = (unsigned char)tolower((unsigned char)name.at[i]);
}

/* Returns the size of the address, 0: it is none. */
static size_t read_address(const char *host, unsigned char address[16])
{
	if (inet_pton(AF_INET, host, address) == 1)
		return 4;
	return inet_pton(AF_INET6, host, address) == 1 ? 16 : 0;
}

/* `prefix`: how many bytes of it count. */
static void add_address(struct bases *bases, const char *host, size_t prefix)
{
	struct base *base = &bases->all[bases->count++];

	*base = (struct base){.type = GEN_IPADD};
	base->len = 2 * read_address(host, base->bytes);
	memset(base->bytes + base->len / 2, 0xff, prefix);
}

static void add_host(struct bases *bases, const char *host)
{
	unsigned char address[16];
	size_t len = read_address(host, address);

	if (len)
		add_address(bases, host, len);
	else if (!endpoints_check_host(span_of(host)))
		add_name(bases, span_of(host));
}

static int compare(const void *a, const void *b)
{
	const struct base *left = a, *right = b;

	if (left->type != right->type)
		return left->type - right->type;
	return span_compare((struct span){(const char *)left->bytes, left->len},
		(struct span){(const char *)right->bytes, right->len});
}

/* Sorted. The caller frees `all`. */
static struct bases collect(const struct endpoints *hosts)
{
	size_t most = (size_t)aws_model_suffix_count() + 3 + hosts->count;
	struct bases bases = {.all = sure(calloc(most, sizeof(struct base)))};

	for (int i = 0; i < aws_model_suffix_count(); i++)
		add_name(&bases, aws_model_suffix(i));
	add_name(&bases, SPAN("localhost"));
	add_address(&bases, "127.0.0.0", 1);
	add_address(&bases, "::1", 16);
	for (unsigned i = 0; i < hosts->count; i++)
		add_host(&bases, hosts->all[i].host);
	qsort(bases.all, bases.count, sizeof(*bases.all), compare);
	return bases;
}

static void permit(NAME_CONSTRAINTS *constraints, const struct base *base)
{
	GENERAL_SUBTREE *subtree = sure(GENERAL_SUBTREE_new());
	ASN1_STRING *value = sure(ASN1_STRING_type_new(
		base->type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING));

	sure(ASN1_STRING_set(value, base->bytes, (int)base->len) ? value : NULL);
	GENERAL_NAME_set0_value(subtree->base, base->type, value);
	sure(sk_GENERAL_SUBTREE_push(constraints->permittedSubtrees, subtree) ? subtree : NULL);
}

NAME_CONSTRAINTS *constraints_make(const struct endpoints *hosts)
{
	NAME_CONSTRAINTS *constraints = sure(NAME_CONSTRAINTS_new());
	struct bases bases = collect(hosts);

	constraints->permittedSubtrees = sure(sk_GENERAL_SUBTREE_new_null());
	for (size_t i = 0; i < bases.count; i++)
		if (i == 0 || compare(&bases.all[i - 1], &bases.all[i]) != 0)
			permit(constraints, &bases.all[i]);
	free(bases.all);
	return constraints;
}

static bool is_below(struct span name, struct span domain)
{
	struct span end;

	if (name.len < domain.len)
		return false;
	end = span_from(name, name.len - domain.len);
	return span_equal_nocase(end, domain) && (end.at == name.at || end.at[-1] == '.');
}

static bool is_in_network(
	const unsigned char *address, size_t len, const unsigned char *network, size_t network_len)
{
	if (network_len != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((address[i] ^ network[i]) & network[len + i])
			return false;
	return true;
}

static bool permits(const GENERAL_NAME *base, const char *host)
{
	unsigned char address[16];
	size_t len = read_address(host, address);
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(base, &type);
	const unsigned char *bytes = ASN1_STRING_get0_data(value);
	size_t size = (size_t)ASN1_STRING_length(value);

	if (type == GEN_IPADD)
		return len && is_in_network(address, len, bytes, size);
	return type == GEN_DNS && !len &&
	       is_below(span_of(host), (struct span){(const char *)bytes, size});
}

bool constraints_permit(const NAME_CONSTRAINTS *constraints, const char *host)
{
	for (int i = 0; i < sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees); i++)
		if (permits(sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, i)->base,
			    host))
			return true;
	return false;
}
