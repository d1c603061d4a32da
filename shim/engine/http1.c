/* SPDX-License-Identifier: Apache-2.0 */
#include "http1.h"

#include "http1_scan.h"

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

static inline struct span trim(struct span text)
{
	while (text.len && is_space(text.at[0])) {
		text.at++;
		text.len--;
	}
	while (text.len && is_space(text.at[text.len - 1]))
		text.len--;
	return text;
}

/* The value of a field, given as all between its ':' and its '\n', which both can be read. */
static inline struct span value_of(const char *at, const char *end)
{
	/* Nearly all have one space before, and "\r" behind. */
	if (__builtin_expect(at[0] == ' ' && at[1] > ' ' && end[-1] == '\r' && end[-2] > ' ', 1))
		return (struct span){at + 1, (size_t)(end - at - 2)};
	return trim((struct span){at, (size_t)(end - at)});
}

int http1_sniff(const char *data, size_t len)
{
	static const char *const methods[] = {
		"GET ", "PUT ", "POST ", "HEAD ", "DELETE ", "PATCH ", "OPTIONS ", "CONNECT "};
	bool partial = false;

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		size_t size = strlen(methods[i]);

		if (memcmp(data, methods[i], len < size ? len : size))
			continue;
		if (len >= size)
			return 1;
		partial = true;
	}
	return partial ? HTTP1_PARTIAL : 0;
}

/* The line that ends with this line feed, without its end. */
static inline struct span line_of(const char *at, const char *feed)
{
	return (struct span){at, (size_t)(feed - at) - (feed > at && feed[-1] == '\r')};
}

/* Takes the next line off `rest`, without its line end. False: no line end in sight. */
static inline bool next_line(struct span *rest, struct span *line)
{
	const char *end = span_find(*rest, '\n');

	if (!end)
		return false;
	*line = line_of(rest->at, end);
	*rest = span_from(*rest, (size_t)(end - rest->at) + 1);
	return true;
}

/* "GET /target HTTP/1.1": one space between. */
static int parse_request_line(struct http1_head *head, struct span line, const char *end)
{
	static const struct span version = SPAN(" HTTP/1.");
	const char *space = scan_token(line.at, end);
	size_t method = (size_t)(space - line.at), tail = version.len + 1;
	struct span rest;

	if (!method || method + 1 + tail >= line.len || *space != ' ')
		return HTTP1_BAD;
	head->method = (struct span){line.at, method};
	head->target = (struct span){space + 1, line.len - method - 1 - tail};
	rest = span_from(line, line.len - tail);
	if (!span_starts(rest, version) || !scan_lacks(head->target, ' ', end))
		return HTTP1_BAD;
	head->minor = rest.at[version.len] - '0';
	head->closes = head->minor == 0;
	return head->minor == 0 || head->minor == 1 ? 0 : HTTP1_BAD;
}

/* RFC 9110 8.6: digits only; a list of equal values counts as one. */
static int parse_length(struct http1_head *head, struct span value)
{
	bool is_first = !http1_has(head, HTTP1_CONTENT_LENGTH);
	uint64_t length = 0;

	if (!value.len || value.len > 18)
		return HTTP1_BAD;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return HTTP1_BAD;
		length = length * 10 + (uint64_t)(value.at[i] - '0');
	}
	if (!is_first && length != head->content_length)
		return HTTP1_BAD;
	head->content_length = length;
	return 0;
}

static void note_connection(struct http1_head *head, struct span list)
{
	while (list.len) {
		const char *comma = span_find(list, ',');
		size_t size = comma ? (size_t)(comma - list.at) : list.len;
		struct span option = trim((struct span){list.at, size});

		head->upgrades |= span_equal_nocase(option, SPAN("upgrade"));
		head->closes |= span_equal_nocase(option, SPAN("close"));
		list = span_from(list, size + 1);
	}
}

static inline bool split_field(struct span line, struct span *name, struct span *value)
{
	const char *colon = span_find(line, ':');

	if (!colon)
		return false;
	*name = (struct span){line.at, (size_t)(colon - line.at)};
	*value = trim(span_from(line, name->len + 1));
	return true;
}

bool http1_next_field(struct span *cursor, struct span *name, struct span *value)
{
	struct span line;

	return next_line(cursor, &line) && split_field(line, name, value);
}

struct span http1_find_field(const struct http1_head *head, struct span wanted)
{
	struct span cursor = head->fields, name, value;

	while (http1_next_field(&cursor, &name, &value))
		if (span_equal_nocase(name, wanted))
			return value;
	return (struct span){NULL, 0};
}

/* Do eight bytes of a name equal those of a known one, but for the case of letters, which alone have
 * the bit 0x40 there? */
static inline bool same_word(const char *wire, const char *known)
{
	uint64_t a, b;

	memcpy(&a, wire, sizeof(a));
	memcpy(&b, known, sizeof(b));
	return ((a ^ b) & ~((b & 0x4040404040404040ull) >> 1)) == 0;
}

static inline bool same_half(const char *wire, const char *known)
{
	uint32_t a, b;

	memcpy(&a, wire, sizeof(a));
	memcpy(&b, known, sizeof(b));
	return ((a ^ b) & ~((b & 0x40404040u) >> 1)) == 0;
}

/* Is it this name of fields.def, which has four letters or more? */
static inline bool is_named(const char *wire, const char *known, size_t len)
{
	if (len < 8)
		return same_half(wire, known) && same_half(wire + (len - 4), known + (len - 4));
	for (size_t at = 0; at + 8 < len; at += 8)
		if (!same_word(wire + at, known + at))
			return false;
	return same_word(wire + (len - 8), known + (len - 8));
}

/* Which of the known fields is this? HTTP1_FIELDS: none. */
static inline enum http1_field field_of(struct span name)
{
	switch (name.len) {
#define FIRST(id, text)                                                                            \
	break;                                                                                     \
	case sizeof(text) - 1:                                                                     \
		NEXT(id, text)
#define NEXT(id, text)                                                                             \
	if (is_named(name.at, text, sizeof(text) - 1))                                             \
		return HTTP1_##id;
#include "fields.def"
#undef FIRST
#undef NEXT
	}
	return HTTP1_FIELDS;
}

#define FRAMING_FIELDS                                                                             \
	(1u << HTTP1_HOST | 1u << HTTP1_CONTENT_LENGTH | 1u << HTTP1_TRANSFER_ENCODING |           \
		1u << HTTP1_EXPECT | 1u << HTTP1_CONNECTION)

/* What framing needs to know of one of these. Returns 0 or HTTP1_BAD. */
static int note_framing(struct http1_head *head, enum http1_field field, struct span value)
{
	switch (field) {
	case HTTP1_HOST: /* RFC 9112 3.2: two of them are an error */
		return http1_has(head, HTTP1_HOST) ? HTTP1_BAD : 0;
	case HTTP1_CONTENT_LENGTH:
		return parse_length(head, value);
	case HTTP1_TRANSFER_ENCODING:
		if (head->chunked || !span_equal_nocase(value, SPAN("chunked")))
			return HTTP1_BAD;
		head->chunked = true;
		return 0;
	case HTTP1_EXPECT:
		head->expects_continue = span_equal_nocase(value, SPAN("100-continue"));
		return 0;
	case HTTP1_CONNECTION:
		note_connection(head, value);
		return 0;
	default:
		return 0;
	}
}

/* Takes one header line, of which `line` tells, on. False: it is none, or spoils the framing. */
static inline bool note_line(struct http1_head *head, const char *at, struct scan_marks line,
	const char *end, uint64_t *name_lengths)
{
	struct span name = {at, (size_t)(line.colon - at)}, value;
	enum http1_field field = field_of(name);

	*name_lengths |= 1ull << name.len % 64;
	if (field == HTTP1_FIELDS)
		return name.len && scan_token(at, end) == line.colon;
	value = value_of(line.colon + 1, line.feed);
	if (1u << field & FRAMING_FIELDS && note_framing(head, field, value))
		return false;
	if (__builtin_expect(!http1_has(head, field), 1))
		head->known[field] = value;
	head->has |= 1u << field;
	return true;
}

/* Returns 0, or HTTP1_BAD for what two parsers would read in two ways (RFC 9112 6.3). */
static int check_framing(struct http1_head *head)
{
	head->upgrades = (head->upgrades && http1_has(head, HTTP1_UPGRADE)) ||
			 span_equal(head->method, SPAN("CONNECT"));
	return head->chunked && http1_has(head, HTTP1_CONTENT_LENGTH) ? HTTP1_BAD : 0;
}

/*
 * Reads the fields to the empty line that ends them. Returns the bytes read, HTTP1_PARTIAL or
 * HTTP1_BAD, which is told at the end alone, however the head comes in pieces.
 */
static ssize_t parse_fields(struct http1_head *head, const char *begin, const char *end)
{
	const char *at = begin;
	uint64_t name_lengths = 0;
	bool bad = false;

	for (;;) {
		struct scan_marks line = scan_line(at, end);

		if (!line.feed)
			return HTTP1_PARTIAL;
		if (__builtin_expect(line.colon != NULL, 1))
			bad |= !note_line(head, at, line, end, &name_lengths);
		else if (line.feed == at || (line.feed == at + 1 && *at == '\r'))
			break;
		else
			bad = true;
		at = line.feed + 1;
	}
	head->name_lengths = name_lengths;
	head->fields = (struct span){begin, (size_t)(at - begin)};
	if (check_framing(head) || bad)
		return HTTP1_BAD;
	return at - begin + (*at == '\n' ? 1 : 2);
}

/* Is there an empty line in `data`, after byte `from`? */
static bool has_end(const char *data, size_t len, size_t from)
{
	struct span rest = {data + from, len - from};
	const char *end;

	while ((end = span_find(rest, '\n'))) {
		size_t after = (size_t)(end - data) + 1;

		if (after < len && data[after] == '\n')
			return true;
		if (after + 1 < len && data[after] == '\r' && data[after + 1] == '\n')
			return true;
		rest = (struct span){data + after, len - after};
	}
	return false;
}

static ssize_t partial(size_t len)
{
	return len < HTTP1_HEAD_MAX ? HTTP1_PARTIAL : HTTP1_BAD;
}

/* Nothing is known yet. What is not there is not cleared. */
static inline void clear(struct http1_head *head)
{
	head->has = 0;
	head->content_length = 0;
	head->chunked = head->expects_continue = head->closes = head->upgrades = false;
}

ssize_t http1_parse(struct http1_head *head, const char *data, size_t len, size_t seen)
{
	const char *at = data, *end = data + len, *feed;
	ssize_t fields;

	clear(head);
	/* RFC 9112 2.2: empty lines before a request line are to be ignored. */
	while (at < end && (*at == '\r' || *at == '\n'))
		at++;
	feed = scan_line(at, end).feed;
	if (!feed)
		return partial(len);
	/* Checked before the head is whole: what is no request must not be waited for. */
	if (parse_request_line(head, line_of(at, feed), end))
		return HTTP1_BAD;
	/* What has been walked once is not walked again before its end is there: it may have come in
	 * two pieces. */
	if (seen && !has_end(data, len, seen > 3 ? seen - 3 : 0))
		return partial(len);
	fields = parse_fields(head, feed + 1, end);
	if (fields == HTTP1_PARTIAL)
		return partial(len);
	if (fields < 0)
		return HTTP1_BAD;
	head->size = (size_t)(feed + 1 - data) + (size_t)fields;
	return head->size <= HTTP1_HEAD_MAX ? (ssize_t)head->size : HTTP1_BAD;
}
