/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"

/* No name of services is longer; what stands before is variable. */
#define KEY_MAX 128

static struct span without_end(struct span text, size_t len)
{
	return (struct span){text.at, text.len - len};
}

/* Everything before the last label, and the last label. */
static struct span last_label(struct span name, struct span *label)
{
	for (size_t i = name.len; i > 0; i--) {
		if (name.at[i - 1] != '.')
			continue;
		*label = span_from(name, i);
		return (struct span){name.at, i - 1};
	}
	*label = name;
	return (struct span){name.at, 0};
}

static struct span first_label(struct span name)
{
	const char *dot = span_find(name, '.');

	return dot ? (struct span){name.at, (size_t)(dot - name.at)} : name;
}

bool aws_is_region(struct span text)
{
	size_t groups = 1, group = 0;

	for (size_t i = 0; i < text.len; i++) {
		char byte = text.at[i];

		if (byte == '-') {
			if (group == 0 || (groups == 1 && group > 4))
				return false;
			groups++;
			group = 0;
			continue;
		}
		if (byte >= '0' && byte <= '9') {
			if (groups < 3 || i + 2 < text.len)
				return false;
		} else if (byte < 'a' || byte > 'z') {
			return false;
		}
		group++;
	}
	return groups >= 3 && group > 0 && text.at[text.len - 1] <= '9';
}

static bool is_filler(struct span label)
{
	return span_equal(label, SPAN("dualstack")) || span_equal(label, SPAN("global")) ||
	       span_equal(label, SPAN("fips")) || span_equal(label, SPAN("us-gov")) ||
	       span_equal(label, SPAN("vpce"));
}

/* An address is no name. */
static bool may_have_suffix(struct span name)
{
	return name.len && name.at[name.len - 1] > '9';
}

/* The DNS suffix of a partition that the name ends with, or NULL. */
static const struct model_suffix *suffix_of(struct span name)
{
	const struct model_suffix *suffix = model_suffixes, *end = suffix + model_suffixes_count;

	for (; suffix < end; suffix++) {
		struct span text = model_span(suffix->text);
		size_t start = name.len - text.len;

		if (name.len > text.len + 1 && name.at[start - 1] == '.' &&
			strncasecmp(name.at + start, text.at, text.len) == 0)
			return suffix;
	}
	return NULL;
}

static bool cut_suffix(struct aws_host *host, struct span *name)
{
	const struct model_suffix *suffix = may_have_suffix(*name) ? suffix_of(*name) : NULL;

	if (!suffix)
		return false;
	name->len -= model_span(suffix->text).len + 1;
	host->partition = suffix->partition;
	return true;
}

/* A name may end with the dot of the root. */
static struct span without_root(struct span name)
{
	if (name.len && name.at[name.len - 1] == '.')
		name.len--;
	return name;
}

/* Without port and root. */
static struct span name_of(struct span host)
{
	const char *at;

	if (!host.len)
		return host;
	at = host.at + host.len;
	while (at > host.at && (uint8_t)(at[-1] - '0') <= 9)
		at--;
	if (at > host.at && at[-1] == ':')
		host.len = (size_t)(at - 1 - host.at);
	return without_root(host);
}

bool aws_host_has_suffix(struct span name)
{
	/* A port that is no number makes no name of AWS's, so that it need not be looked at. */
	const char *colon =
		name.len && name.at[name.len - 1] <= ':' ? memrchr(name.at, ':', name.len) : NULL;

	if (colon)
		name.len = (size_t)(colon - name.at);
	name = without_root(name);
	return may_have_suffix(name) && suffix_of(name) != NULL;
}

/* Cuts region and filler off the end: "my.bucket.s3.dualstack.us-east-1" becomes "my.bucket.s3". */
static void cut_region(struct aws_host *host, struct span *name)
{
	for (;;) {
		struct span label, rest = last_label(*name, &label);

		if (!host->region.len && aws_is_region(label))
			host->region = label;
		else if (!is_filler(label))
			return;
		*name = rest;
		if (!rest.len)
			return;
	}
}

/* "-fips", or the "-cell1" of a discovered endpoint: how much of it, at the end of a label's part. */
static size_t ornament(struct span rest)
{
	static const char ornaments[][8] = {"-fips", "-cell"};

	for (size_t i = 0; i < sizeof(ornaments) / sizeof(*ornaments); i++) {
		size_t len = strlen(ornaments[i]);

		if (!span_starts(rest, span_of(ornaments[i])))
			continue;
		while (i == 1 && len < rest.len && rest.at[len] >= '0' && rest.at[len] <= '9')
			len++;
		if (len == rest.len || rest.at[len] == '.' || rest.at[len] == '-')
			return len;
	}
	return 0;
}

/* Lower case, and without what is no part of a name. Keeps the end of a long name. */
static struct span normal_key(struct span name, char out[KEY_MAX])
{
	size_t len = 0;

	if (name.len > KEY_MAX)
		name = span_from(name, name.len - KEY_MAX);
	if (span_starts(name, SPAN("fips.")) || span_starts(name, SPAN("fips-")))
		name = span_from(name, 5);
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.at[i];

		if (byte == '-')
			i += ornament(span_from(name, i));
		if (i == name.len)
			break;
		byte = name.at[i];
		out[len++] = byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
	}
	return (struct span){out, len};
}

static bool takes_variable_labels(struct model_list services)
{
	for (unsigned i = 0; i < services.count; i++)
		if (services.at[i] & 1)
			return true;
	return false;
}

/* Where a label of the normal key stands in the name itself, whose bytes stay. */
static struct span label_in(struct span name, struct span label)
{
	while (name.len) {
		struct span here = first_label(name);

		if (span_equal_nocase(here, label))
			return here;
		name = span_from(name, here.len + 1);
	}
	return (struct span){0};
}

/* Looks for the longest end of the name that names services. */
static void find_services(struct aws_host *host, struct span name)
{
	char buffer[KEY_MAX];
	struct span key = normal_key(name, buffer);
	bool only_known = true; /* all labels that were dropped are known to be no part of it */

	while (key.len) {
		struct model_list found = model_find_host(key);
		struct span label = first_label(key);

		if (found.count) {
			host->services = found;
			host->is_aws = only_known || takes_variable_labels(found);
			return;
		}
		if (!host->region.len && aws_is_region(label))
			host->region = label_in(name, label);
		else if (!span_starts(label, SPAN("vpce-")))
			only_known = false;
		key = span_from(key, label.len + 1);
	}
}

/* "s3", "s3-us-west-2", "s3express-use1-az4", … : the label that ends an S3 name. */
static bool is_s3_label(struct span label)
{
	static const char names[][20] = {"s3", "s3-accelerate", "s3-accesspoint",
		"s3-object-lambda", "s3-outposts", "s3-global", "s3-external-1"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (span_equal(label, span_of(names[i])))
			return true;
	if (span_starts(label, SPAN("s3express-")))
		return true;
	return span_starts(label, SPAN("s3-")) && aws_is_region(span_from(label, 3));
}

/*
 * Cuts off what of an endpoint stands before the service: "x.mrap.accesspoint" of a multi-region
 * access point, and of VPC endpoints "bucket.vpce-1a2b", "my-bucket.bucket.vpce-1a2b",
 * "control.vpce-1a2b". `key` becomes that of another service where it is one.
 */
static struct span cut_endpoint(struct span name, struct span *key)
{
	struct span label, rest = last_label(name, &label);

	if (span_starts(label, SPAN("vpce-")))
		rest = last_label(rest, &label);
	else if (!span_equal(*key, SPAN("s3-global")))
		return name;
	if (span_equal(label, SPAN("control")))
		*key = SPAN("s3-control");
	return rest;
}

/* Reads an S3 name, given without suffix and region: the bucket stands before its last label. */
static bool read_s3(struct aws_host *host, struct span name)
{
	char buffer[KEY_MAX];
	struct span label, bucket = last_label(name, &label);
	struct span key = normal_key(label, buffer);

	if (!is_s3_label(key))
		return false;
	if (!host->region.len && span_starts(label, SPAN("s3-")) &&
		aws_is_region(span_from(label, 3)))
		host->region = span_from(label, 3);
	bucket = cut_endpoint(bucket, &key);
	host->bucket = bucket;
	if (!bucket.len)
		host->services = model_find_host(key);
	if (!host->services.count)
		host->services = model_find_host(SPAN("s3"));
	host->is_aws = true;
	return true;
}

/* A virtual host of S3 under a name of somebody's own: "bucket.localhost", "bucket.s3.example". */
static void read_own_s3(struct aws_host *host, struct span name)
{
	if (span_ends(name, SPAN(".localhost"))) {
		struct span rest = without_end(name, sizeof(".localhost") - 1);

		host->bucket = rest;
		if (span_ends(rest, SPAN(".s3")))
			host->bucket = without_end(rest, 3);
		else if (span_equal(rest, SPAN("s3")))
			host->bucket.len = 0;
		return;
	}
	for (size_t i = 1; i + 4 < name.len; i++) {
		const char *at = name.at + i;

		if (at[0] == '.' && at[1] == 's' && at[2] == '3' &&
			(at[3] == '.' || at[3] == '-')) {
			host->bucket = (struct span){name.at, i};
			return;
		}
	}
}

void aws_host_read(struct aws_host *host, struct span name)
{
	*host = (struct aws_host){.partition = -1};
	name = name_of(name);
	if (!span_find(name, '.'))
		return;
	if (!cut_suffix(host, &name)) {
		read_own_s3(host, name);
		return;
	}
	cut_region(host, &name);
	if (name.len && !read_s3(host, name))
		find_services(host, name);
}

bool aws_host_has(const struct aws_host *host, int service)
{
	for (unsigned i = 0; i < host->services.count; i++)
		if (host->services.at[i] >> 1 == service)
			return true;
	return false;
}
