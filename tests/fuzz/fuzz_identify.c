/* SPDX-License-Identifier: Apache-2.0 */

/* The bytes of a request: what is said of it must lie within it, and hold when more of it comes. */

#include "fuzz.h"
#include "shim/engine/aws/identify.h"
#include "shim/engine/aws/request.h"

/* The program's own image: what stands there was neither copied nor allocated. */
extern const char __executable_start[], _end[];

struct request {
	struct span bytes;
	struct http1_head head;
	struct aws_body body;
	struct aws_call call;
	enum aws_identity identity;
};

static void check_span(const struct request *request, struct span span)
{
	uintptr_t at = (uintptr_t)span.at, begin = (uintptr_t)request->bytes.at;

	if (!span.len)
		return;
	if (at >= begin && at < begin + request->bytes.len)
		check(span.len <= begin + request->bytes.len - at);
	else
		check(at >= (uintptr_t)__executable_start && at + span.len <= (uintptr_t)_end);
}

static void check_call(const struct request *request)
{
	const struct aws_call *call = &request->call;

	check(call->candidate_count >= 1 && call->candidate_count <= AWS_CANDIDATES_MAX);
	check((unsigned)call->protocol < AWS_PROTOCOLS);
	check(call->attempt >= 0);
	for (int i = 0; i < call->candidate_count; i++) {
		check(call->candidates[i].service.len > 0);
		check(call->candidates[i].model >= -1);
		check_span(request, call->candidates[i].service);
		check_span(request, call->candidates[i].operation);
	}
	if (call->region.at == call->region_list)
		check(call->region.len <= sizeof(call->region_list));
	else
		check_span(request, call->region);
	check_span(request, call->home_region);
	check_span(request, call->content_type);
	check_span(request, call->version);
	check_span(request, call->invocation_id);
	check_span(request, call->sdk);
}

/* A resource that does not fit is cut, and nothing else of it changes. */
static void check_resource(const struct request *request)
{
	char whole[1024], cut[8];
	size_t len =
		aws_resource(&request->head, &request->body, &request->call, whole, sizeof(whole));
	size_t cut_len =
		aws_resource(&request->head, &request->body, &request->call, cut, sizeof(cut));

	check(len <= sizeof(whole));
	check(cut_len <= sizeof(cut) && cut_len <= len);
	check(memcmp(whole, cut, cut_len) == 0);
}

/* Asked for less, it says the same, and sooner if at all. */
static void check_brief(const struct request *request, unsigned wanted)
{
	const struct aws_call *call = &request->call;
	struct aws_call brief;
	enum aws_identity identity = aws_identify(&request->head, &request->body, wanted, &brief);

	check(identity == request->identity ||
		(request->identity == AWS_NEEDS_BODY && identity == AWS_CALL));
	if (identity != AWS_CALL)
		return;
	check(brief.candidate_count >= 1 && brief.candidate_count <= AWS_CANDIDATES_MAX);
	if (request->identity != AWS_CALL)
		return;
	if (wanted & AWS_WANT_REGION) {
		check(span_equal(brief.region, call->region));
		check(span_equal(brief.home_region, call->home_region));
	}
	if (wanted & AWS_WANT_OPERATION)
		check(brief.candidate_count == call->candidate_count);
	check(brief.candidate_count <= call->candidate_count);
}

/* Looks at the first `len` bytes, in a block of their own; to be freed. False: no whole head. */
static bool look(struct request *request, const uint8_t *data, size_t len, bool complete)
{
	ssize_t size;

	request->bytes = (struct span){block_of(data, len), len};
	size = http1_parse(&request->head, request->bytes.at, len, 0);
	if (size < 0)
		return false;
	check(size > 0 && (size_t)size <= len);
	request->body.bytes = span_from(request->bytes, (size_t)size);
	request->body.complete = complete;
	request->identity =
		aws_identify(&request->head, &request->body, AWS_WANT_ALL, &request->call);
	check(request->identity == AWS_NOT_A_CALL || !aws_tells_nothing(&request->head));
	if (complete)
		check(request->identity != AWS_NEEDS_BODY);
	for (unsigned wanted = 0; wanted < AWS_WANT_REST; wanted++)
		check_brief(request, wanted);
	if (request->identity == AWS_CALL) {
		check_call(request);
		check_resource(request);
	}
	return true;
}

static bool same_calls(const struct aws_call *a, const struct aws_call *b)
{
	if (a->protocol != b->protocol || a->candidate_count != b->candidate_count)
		return false;
	for (int i = 0; i < a->candidate_count; i++)
		if (!span_equal(a->candidates[i].service, b->candidates[i].service) ||
			!span_equal(a->candidates[i].operation, b->candidates[i].operation))
			return false;
	return span_equal(a->region, b->region) && span_equal(a->home_region, b->home_region);
}

/* What is said of a request before all of its body has come. */
static void check_part(const struct request *whole, const uint8_t *data, size_t len)
{
	struct request part;

	check(look(&part, data, len, false));
	if (part.identity != AWS_NEEDS_BODY) {
		check(part.identity == whole->identity);
		check(part.identity != AWS_CALL || same_calls(&part.call, &whole->call));
	}
	free((char *)part.bytes.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request whole;

	if (look(&whole, data, size, true)) {
		size_t head = whole.head.size;
		struct cuts cuts = cuts_of(data + head, size - head);

		for (int i = 0; i < cuts.count; i++)
			check_part(&whole, data, head + cuts.at[i]);
	}
	free((char *)whole.bytes.at);
	return 0;
}
