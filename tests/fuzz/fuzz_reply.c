/* SPDX-License-Identifier: Apache-2.0 */

/* A code, a message and a call: the reply must read back as just these, in every protocol. */

#include "fuzz.h"
#include "shim/engine/aws/reply.h"
#include "shim/memory/table.h"

/* Texts as they are to come back, and as they did. */
struct text {
	size_t len;
	uint8_t at[4 * TABLE_MESSAGE_MAX];
};

static void add(struct text *text, const void *bytes, size_t len)
{
	check(len <= sizeof(text->at) - text->len);
	memcpy(text->at + text->len, bytes, len);
	text->len += len;
}

static bool same(const struct text *a, const struct text *b)
{
	return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

/* The length of the UTF-8 character at `at`, 0 if it is none. By the ranges of RFC 3629, section 4. */
static size_t character(const uint8_t *at, size_t left)
{
	static const struct {
		uint8_t low, high, low2, high2;
		size_t len;
	} ranges[] = {
		{0x00, 0x7f, 0, 0, 1},
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		if (at[0] < ranges[i].low || at[0] > ranges[i].high)
			continue;
		if (left < ranges[i].len)
			return 0;
		if (ranges[i].len > 1 && (at[1] < ranges[i].low2 || at[1] > ranges[i].high2))
			return 0;
		for (size_t more = 2; more < ranges[i].len; more++)
			if (at[more] < 0x80 || at[more] > 0xbf)
				return 0;
		return ranges[i].len;
	}
	return 0;
}

static bool is_of_xml(const uint8_t *at, size_t len)
{
	if (len == 1)
		return at[0] >= ' ' || at[0] == '\t' || at[0] == '\n' || at[0] == '\r';
	return len != 3 || (memcmp(at, "\xef\xbf\xbe", 3) && memcmp(at, "\xef\xbf\xbf", 3));
}

static void expect(struct text *text, struct span from, bool xml)
{
	const uint8_t *at = (const uint8_t *)from.at, *end = at + from.len;

	text->len = 0;
	while (at < end) {
		size_t len = character(at, (size_t)(end - at));

		if (len && (!xml || is_of_xml(at, len)))
			add(text, at, len);
		else
			add(text, "\xef\xbf\xbd", 3);
		at += len ? len : 1;
	}
}

static struct span after(struct span text, struct span mark)
{
	const char *at = memmem(text.at, text.len, mark.at, mark.len);

	check(at != NULL);
	return span_from(text, (size_t)(at - text.at) + mark.len);
}

static void read_json(struct span from, struct text *text)
{
	static const char escapes[] = "\"\"\\\\n\nr\rt\t";

	for (; from.len && *from.at != '"'; from = span_from(from, 1)) {
		char byte = *from.at;

		check((uint8_t)byte >= ' ');
		if (byte == '\\' && from.at[1] == 'u') {
			const char digits[] = {
				from.at[2], from.at[3], from.at[4], from.at[5], '\0'};

			byte = (char)strtol(digits, NULL, 16);
			from = span_from(from, 5);
		} else if (byte == '\\') {
			const char *escape = strchr(escapes, from.at[1]);

			check(escape && (escape - escapes) % 2 == 0);
			byte = escape[1];
			from = span_from(from, 1);
		}
		add(text, &byte, 1);
	}
}

static void read_xml(struct span from, struct text *text)
{
	static const struct {
		struct span reference;
		char byte;
	} references[] = {{SPAN("&amp;"), '&'}, {SPAN("&lt;"), '<'}, {SPAN("&gt;"), '>'},
		{SPAN("&quot;"), '"'}, {SPAN("&#xD;"), '\r'}};

	while (from.len && *from.at != '<') {
		char byte = *from.at;
		size_t len = 1;

		check(byte != '\r' && byte != '>');
		for (size_t i = 0; byte == '&' && i < sizeof(references) / sizeof(*references); i++)
			if (span_starts(from, references[i].reference)) {
				byte = references[i].byte;
				len = references[i].reference.len;
			}
		check(byte != '&' || len > 1);
		add(text, &byte, 1);
		from = span_from(from, len);
	}
}

static void read_cbor(struct span from, struct text *text)
{
	const uint8_t *at = (const uint8_t *)from.at;
	size_t len = at[0] & 0x1f, head = 1;

	check(at[0] >> 5 == 3 && len <= 25);
	if (len >= 24) {
		head = len - 22;
		len = head == 2 ? at[1] : (size_t)at[1] << 8 | at[2];
	}
	check(from.len >= head + len);
	add(text, at + head, len);
}

/* What stands before a value in the body, and how it is read. */
static const struct {
	struct span code, message;
	void (*read)(struct span from, struct text *text);
} forms[AWS_PROTOCOLS] = {
	[AWS_JSON] = {SPAN("{\"__type\":\""), SPAN("\",\"message\":\""), read_json},
	[AWS_REST_JSON] = {SPAN("{\"__type\":\""), SPAN("\",\"message\":\""), read_json},
	[AWS_QUERY] = {SPAN("<Code>"), SPAN("</Code><Message>"), read_xml},
	[AWS_EC2] = {SPAN("<Code>"), SPAN("</Code><Message>"), read_xml},
	[AWS_REST_XML] = {SPAN("<Code>"), SPAN("</Code><Message>"), read_xml},
	[AWS_S3] = {SPAN("<Code>"), SPAN("</Code><Message>"), read_xml},
	[AWS_RPC_V2_CBOR] = {SPAN("\xa2\x66__type"), SPAN("\x67message"), read_cbor},
	[AWS_JSON_CBOR] = {SPAN("\xa2\x66__type"), SPAN("\x67message"), read_cbor},
	[AWS_RPC_V2_JSON] = {SPAN("{\"__type\":\""), SPAN("\",\"message\":\""), read_json},
};

static void check_body(const struct aws_call *call, const struct aws_error *error, struct span body)
{
	static struct text expected, got;
	bool xml = forms[call->protocol].read == read_xml;
	struct span at = after(body, forms[call->protocol].code);

	got.len = 0;
	forms[call->protocol].read(at, &got);
	expect(&expected, error->code, xml);
	check(same(&got, &expected));
	/* Not by a mark that the code may hold as well. */
	at = span_from(at, forms[call->protocol].read == read_cbor ? got.len : 0);
	got.len = 0;
	forms[call->protocol].read(after(at, forms[call->protocol].message), &got);
	expect(&expected, error->message, xml);
	check(same(&got, &expected));
}

/* Every line is one that the renderer writes, and the length is the body's. */
static void check_head(struct span head, size_t body_len, bool is_head)
{
	static const struct span names[] = {SPAN("Date: "), SPAN("Content-Type: application/"),
		SPAN("Content-Type: text/xml"), SPAN("x-amzn-RequestId: "),
		SPAN("x-amz-request-id: "), SPAN("x-amz-id-2: "), SPAN("x-amzn-errortype: "),
		SPAN("x-amzn-query-error: "), SPAN("smithy-protocol: rpc-v2-"),
		SPAN("Content-Length: "), SPAN("Connection: close")};
	const struct span length = SPAN("Content-Length: ");

	check(span_starts(head, SPAN("HTTP/1.1 ")));
	for (head = after(head, SPAN("\r\n")); head.len; head = after(head, SPAN("\r\n"))) {
		bool known = false;

		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			known |= span_starts(head, names[i]);
		check(known);
		if (span_starts(head, length))
			check(!is_head && strtoul(head.at + length.len, NULL, 10) == body_len);
	}
}

static struct span take_span(const uint8_t **data, size_t *size, size_t len)
{
	struct span span = {(const char *)*data, len < *size ? len : *size};

	*data += span.len;
	*size -= span.len;
	return span;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char out[AWS_REPLY_MAX];
	const uint64_t random[2] = {size, ~size};
	struct aws_call call = {.candidate_count = 1};
	struct aws_error error = {.candidate = 0};
	struct span reply, head, body;
	uint8_t facts[6];
	ssize_t len;

	if (size < sizeof(facts))
		return 0;
	memcpy(facts, data, sizeof(facts));
	data += sizeof(facts);
	size -= sizeof(facts);
	call.protocol = (enum aws_protocol)(facts[0] % AWS_PROTOCOLS);
	call.is_head = facts[1] & 1;
	call.query_compatible = facts[1] & 2;
	error.status = 400 + facts[1] % 200;
	call.content_type = take_span(&data, &size, facts[2]);
	call.version = take_span(&data, &size, facts[3]);
	call.candidates[0].service = take_span(&data, &size, facts[4]);
	call.candidates[0].model = -1;
	error.code = take_span(&data, &size, facts[5]);
	error.message = take_span(&data, &size, TABLE_MESSAGE_MAX);

	len = aws_reply(&call, &error, (time_t)size << 20, random, facts[1] & 4, out, sizeof(out));
	check(len > 0);
	reply = (struct span){out, (size_t)len};
	body = after(reply, SPAN("\r\n\r\n"));
	head = (struct span){out, reply.len - body.len - 2};
	check_head(head, body.len, call.is_head);
	if (call.is_head)
		check(body.len == 0);
	else
		check_body(&call, &error, body);
	return 0;
}
