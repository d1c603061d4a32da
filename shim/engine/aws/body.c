/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include <zlib.h>

/* What inflate allocates, given from a piece of the stack: its state and a window of 32 KiB. */
struct arena {
	size_t used;
	_Alignas(16) char bytes[48 * 1024];
};

static voidpf arena_take(voidpf opaque, uInt items, uInt size)
{
	struct arena *arena = opaque;
	size_t want = ((size_t)items * size + 15) & ~(size_t)15;
	char *piece = arena->bytes + arena->used;

	if (want > sizeof(arena->bytes) - arena->used)
		return Z_NULL;
	arena->used += want;
	return piece;
}

static void arena_give_back(voidpf opaque, voidpf address)
{
	(void)opaque;
	(void)address;
}

/* Unpacks as much of a gzip (or zlib) stream as there is and fits. Returns the length. */
__attribute__((noinline)) static size_t unpack(struct span packed, char *out, size_t cap)
{
	struct arena arena;
	z_stream stream = {
		.zalloc = arena_take,
		.zfree = arena_give_back,
		.opaque = &arena,
		.next_in = (z_const Bytef *)packed.at,
		.avail_in = (uInt)packed.len,
		.next_out = (Bytef *)out,
		.avail_out = (uInt)cap,
	};

	arena.used = 0;
	if (!packed.len || packed.len > UINT32_MAX || inflateInit2(&stream, 15 + 32) != Z_OK)
		return 0;
	inflate(&stream, Z_SYNC_FLUSH);
	inflateEnd(&stream);
	return cap - stream.avail_out;
}

/* The bytes of a chunked body without their framing. */
static struct span dechunk(const struct aws_request *request, char *out, size_t cap)
{
	struct http1_body body;
	struct http1_copy copy = {.at = out, .cap = cap};

	http1_body_begin(&body, request->head);
	http1_body_feed(&body, request->body->bytes.at, request->body->bytes.len, &copy);
	return (struct span){out, copy.len};
}

static bool is_gzip(const struct aws_request *request)
{
	return aws_starts_nocase(aws_field(request, HTTP1_CONTENT_ENCODING), SPAN("gzip"));
}

bool aws_body_is_packed(const struct aws_request *request)
{
	return request->head->chunked || is_gzip(request);
}

struct aws_plain aws_body_plain(const struct aws_request *request, char scratch[AWS_SCRATCH])
{
	struct aws_plain plain = {request->body->bytes, request->body->complete, false};
	size_t start = 0;

	if (!plain.text.len)
		return plain;
	if (request->head->chunked) {
		plain.text = dechunk(request, scratch, AWS_SCRATCH / 2);
		plain.is_copy = true;
		start = AWS_SCRATCH / 2;
	}
	if (is_gzip(request)) {
		size_t room = AWS_SCRATCH - start;

		plain.text =
			(struct span){scratch + start, unpack(plain.text, scratch + start, room)};
		plain.is_copy = true;
	}
	/* A full scratch takes no more, however much comes. */
	if (plain.is_copy && plain.text.len >= AWS_SCRATCH / 2)
		plain.complete = true;
	return plain;
}
