/* SPDX-License-Identifier: Apache-2.0 */
#include "http1.h"

#include "shim/base/hex.h"

/* RFC 9110 5.6.2: the characters of a token. */
static const bool token_bytes[256] = {
	['!'] = true,
	['#' ... '\''] = true,
	['*'] = true,
	['+'] = true,
	['-'] = true,
	['.'] = true,
	['0' ... '9'] = true,
	['A' ... 'Z'] = true,
	['^' ... 'z'] = true,
	['|'] = true,
	['~'] = true,
};

static inline bool is_token(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!token_bytes[(uint8_t)text.at[i]])
			return false;
	return text.len > 0;
}

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

/* Takes the next line off `rest`, without its line end. False: no line end in sight. */
static inline bool next_line(struct span *rest, struct span *line)
{
	const char *end = span_find(*rest, '\n');

	if (!end)
		return false;
	*line = (struct span){rest->at, (size_t)(end - rest->at)};
	*rest = span_from(*rest, line->len + 1);
	if (line->len && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

static int parse_request_line(struct http1_head *head, struct span line)
{
	const char *first = span_find(line, ' ');
	const char *last = line.len ? memrchr(line.at, ' ', line.len) : NULL;
	struct span version;

	if (!first || first == last)
		return HTTP1_BAD;
	head->method = (struct span){line.at, (size_t)(first - line.at)};
	head->target = (struct span){first + 1, (size_t)(last - first - 1)};
	version = span_from(line, (size_t)(last + 1 - line.at));
	if (!is_token(head->method) || !head->target.len || span_find(head->target, ' '))
		return HTTP1_BAD;
	if (version.len != 8 || memcmp(version.at, "HTTP/1.", 7))
		return HTTP1_BAD;
	head->minor = version.at[7] - '0';
	return head->minor == 0 || head->minor == 1 ? 0 : HTTP1_BAD;
}

/* RFC 9110 8.6: digits only; a list of equal values counts as one. */
static int parse_length(struct http1_head *head, struct span value)
{
	bool is_first = !head->known[HTTP1_CONTENT_LENGTH].at;
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

static bool list_has(struct span list, struct span token)
{
	while (list.len) {
		const char *comma = span_find(list, ',');
		size_t size = comma ? (size_t)(comma - list.at) : list.len;

		if (span_equal_nocase(trim((struct span){list.at, size}), token))
			return true;
		list = span_from(list, size + 1);
	}
	return false;
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

struct span http1_field(const struct http1_head *head, struct span wanted)
{
	struct span cursor = head->fields, name, value;

	if (!(head->name_lengths >> wanted.len % 64 & 1))
		return (struct span){NULL, 0};
	while (http1_next_field(&cursor, &name, &value))
		if (span_equal_nocase(name, wanted))
			return value;
	return (struct span){NULL, 0};
}

/* Which of the known fields is this? HTTP1_FIELDS: none. */
static enum http1_field field_of(struct span name)
{
	static const char names[][24] = {
#define FIRST(id, name) name,
#define NEXT(id, name)	name,
#include "fields.def"
#undef FIRST
#undef NEXT
	};
	static const uint8_t lengths[] = {
#define FIRST(id, name) sizeof(name) - 1,
#define NEXT(id, name)	sizeof(name) - 1,
#include "fields.def"
#undef FIRST
#undef NEXT
		0,
	};
	static const uint8_t first[sizeof(*names)] = {
#define FIRST(id, name) [sizeof(name) - 1] = HTTP1_##id,
#define NEXT(id, name)
#include "fields.def"
#undef FIRST
#undef NEXT
	};

	if (name.len >= sizeof(first))
		return HTTP1_FIELDS;
	for (unsigned i = first[name.len]; lengths[i] == name.len; i++)
		if ((name.at[0] | 0x20) == names[i][0] &&
			strncasecmp(name.at, names[i], name.len) == 0)
			return (enum http1_field)i;
	return HTTP1_FIELDS;
}

/* What framing needs to know of a field. Returns 0 or HTTP1_BAD. */
static int note_framing(struct http1_head *head, enum http1_field field, struct span value)
{
	switch (field) {
	case HTTP1_HOST: /* RFC 9112 3.2: two of them are an error */
		return head->known[HTTP1_HOST].at ? HTTP1_BAD : 0;
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
		head->upgrades |= list_has(value, SPAN("upgrade"));
		head->closes |= list_has(value, SPAN("close"));
		return 0;
	default:
		return 0;
	}
}

static int note_field(struct http1_head *head, struct span name, struct span value)
{
	enum http1_field field = field_of(name);

	head->name_lengths |= 1ull << name.len % 64;
	if (field == HTTP1_FIELDS)
		return is_token(name) ? 0 : HTTP1_BAD;
	if (note_framing(head, field, value))
		return HTTP1_BAD;
	if (!head->known[field].at)
		head->known[field] = value;
	return 0;
}

/*
 * Reads the fields to the empty line that ends them, and refuses what two parsers would read in two
 * ways (RFC 9112 6.3). Returns the bytes read, HTTP1_PARTIAL or HTTP1_BAD.
 */
static ssize_t parse_fields(struct http1_head *head, struct span rest)
{
	struct span line, name, value;
	const char *start = rest.at;
	bool bad = false;

	head->closes = head->minor == 0;
	for (;;) {
		const char *at = rest.at;

		if (!next_line(&rest, &line))
			return HTTP1_PARTIAL;
		if (line.len == 0) {
			head->fields = (struct span){start, (size_t)(at - start)};
			break;
		}
		/* Told at the end, however the head comes in pieces. */
		if (!split_field(line, &name, &value) || note_field(head, name, value))
			bad = true;
	}
	head->upgrades = (head->upgrades && head->known[HTTP1_UPGRADE].at) ||
			 span_equal(head->method, SPAN("CONNECT"));
	if (bad || (head->chunked && head->known[HTTP1_CONTENT_LENGTH].at))
		return HTTP1_BAD;
	return rest.at - start;
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

ssize_t http1_parse(struct http1_head *head, const char *data, size_t len, size_t seen)
{
	struct span rest = {data, len}, line;
	ssize_t fields;

	memset(head, 0, sizeof(*head));
	/* RFC 9112 2.2: empty lines before a request line are to be ignored. */
	while (rest.len && (rest.at[0] == '\r' || rest.at[0] == '\n'))
		rest = span_from(rest, 1);
	if (!next_line(&rest, &line))
		return partial(len);
	/* Checked before the head is whole: what is no request must not be waited for. */
	if (parse_request_line(head, line))
		return HTTP1_BAD;
	/* What has been walked once is not walked again before its end is there: it may have come in
	 * two pieces. */
	if (seen && !has_end(data, len, seen > 3 ? seen - 3 : 0))
		return partial(len);
	fields = parse_fields(head, rest);
	if (fields == HTTP1_PARTIAL)
		return partial(len);
	if (fields < 0)
		return HTTP1_BAD;
	head->size = (size_t)(rest.at - data) + (size_t)fields;
	return head->size <= HTTP1_HEAD_MAX ? (ssize_t)head->size : HTTP1_BAD;
}

void http1_body_begin(struct http1_body *body, const struct http1_head *head)
{
	*body = (struct http1_body){.state = HTTP1_BODY_DONE};
	if (head->chunked) {
		body->state = HTTP1_BODY_CHUNK_SIZE;
	} else if (head->content_length) {
		body->state = HTTP1_BODY_LENGTH;
		body->left = head->content_length;
	}
}

static void after_size_line(struct http1_body *body)
{
	body->state = body->left ? HTTP1_BODY_CHUNK_DATA : HTTP1_BODY_TRAILER;
}

static void feed_size(struct http1_body *body, char byte)
{
	int digit = hex_digit(byte);

	if (digit >= 0 && body->digits < 15) {
		body->left = body->left << 4 | (uint64_t)digit;
		body->digits++;
	} else if (digit >= 0 || !body->digits) {
		body->state = HTTP1_BODY_BAD;
	} else if (byte == '\r') {
		body->state = HTTP1_BODY_CHUNK_SIZE_LF;
	} else if (byte == '\n') {
		after_size_line(body);
	} else if (byte == ';' || byte == ' ' || byte == '\t') {
		body->state = HTTP1_BODY_CHUNK_SIZE_EXT;
	} else {
		body->state = HTTP1_BODY_BAD;
	}
}

/* One byte of chunk framing. */
static void feed_framing(struct http1_body *body, char byte)
{
	switch (body->state) {
	case HTTP1_BODY_CHUNK_SIZE:
		feed_size(body, byte);
		break;
	case HTTP1_BODY_CHUNK_SIZE_EXT:
		if (byte == '\n')
			after_size_line(body);
		break;
	case HTTP1_BODY_CHUNK_SIZE_LF:
		body->state = HTTP1_BODY_BAD;
		if (byte == '\n')
			after_size_line(body);
		break;
	case HTTP1_BODY_CHUNK_DATA_CR:
	case HTTP1_BODY_CHUNK_DATA_LF:
		if (byte == '\r' && body->state == HTTP1_BODY_CHUNK_DATA_CR)
			body->state = HTTP1_BODY_CHUNK_DATA_LF;
		else
			body->state = byte == '\n' ? HTTP1_BODY_CHUNK_SIZE : HTTP1_BODY_BAD;
		body->left = 0;
		body->digits = 0;
		break;
	case HTTP1_BODY_TRAILER:
		if (byte == '\r')
			body->state = HTTP1_BODY_TRAILER_LF;
		else
			body->state = byte == '\n' ? HTTP1_BODY_DONE : HTTP1_BODY_TRAILER_LINE;
		break;
	case HTTP1_BODY_TRAILER_LINE:
		if (byte == '\n')
			body->state = HTTP1_BODY_TRAILER;
		break;
	case HTTP1_BODY_TRAILER_LF:
		body->state = byte == '\n' ? HTTP1_BODY_DONE : HTTP1_BODY_BAD;
		break;
	default:
		body->state = HTTP1_BODY_BAD;
	}
}

static void append(struct http1_copy *copy, const char *data, size_t len)
{
	if (!copy)
		return;
	if (len > copy->cap - copy->len)
		len = copy->cap - copy->len;
	memcpy(copy->at + copy->len, data, len);
	copy->len += len;
}

ssize_t http1_body_feed(
	struct http1_body *body, const char *data, size_t len, struct http1_copy *copy)
{
	size_t at = 0;

	while (at < len && body->state != HTTP1_BODY_DONE) {
		if (body->state == HTTP1_BODY_LENGTH || body->state == HTTP1_BODY_CHUNK_DATA) {
			size_t take = len - at < body->left ? len - at : (size_t)body->left;

			append(copy, data + at, take);
			at += take;
			body->left -= take;
			if (body->left == 0)
				body->state = body->state == HTTP1_BODY_LENGTH
						      ? HTTP1_BODY_DONE
						      : HTTP1_BODY_CHUNK_DATA_CR;
			continue;
		}
		feed_framing(body, data[at++]);
		if (body->state == HTTP1_BODY_BAD)
			return HTTP1_BAD;
	}
	return (ssize_t)at;
}
