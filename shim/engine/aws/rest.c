/* SPDX-License-Identifier: Apache-2.0 */
#include "rest.h"

/* Paths are matched by backtracking; no honest one takes as many steps. */
#define STEPS_MAX 4096

/* A piece of text longer than all literal segments. */
#define LITERAL_MAX (1 << MODEL_TEXT_LENGTH_BITS)

static enum model_method method_of(struct span method)
{
	static const char names[MODEL_METHODS][8] = {
		[MODEL_GET] = "GET",
		[MODEL_HEAD] = "HEAD",
		[MODEL_POST] = "POST",
		[MODEL_PUT] = "PUT",
		[MODEL_DELETE] = "DELETE",
		[MODEL_PATCH] = "PATCH",
		[MODEL_OPTIONS] = "OPTIONS",
	};

	for (int i = 0; i < MODEL_METHODS; i++)
		if (span_equal(method, span_of(names[i])))
			return (enum model_method)i;
	return MODEL_METHODS;
}

/* One trailing slash is no segment; more of them are the end of an S3 key. */
static void read_segments(struct aws_rest *rest, struct span path)
{
	path = span_from(path, 1);
	if (path.len && path.at[path.len - 1] == '/') {
		path.len--;
		rest->slash = true;
	}
	if (!path.len && !rest->slash)
		return;
	while (rest->segment_count < AWS_SEGMENTS_MAX - 1) {
		const char *slash = span_find(path, '/');

		if (!slash)
			break;
		rest->segments[rest->segment_count++] =
			(struct span){path.at, (size_t)(slash - path.at)};
		path = span_from(path, (size_t)(slash - path.at) + 1);
	}
	rest->segments[rest->segment_count++] = path;
}

static void add_param(struct aws_rest *rest, struct span key, struct span value)
{
	rest->keys[rest->param_count] = key;
	rest->values[rest->param_count++] = value;
	rest->key_starts |= 1ull << model_key_start(key);
	/* What an escape stands for is not looked at here. */
	if (span_find(key, '%'))
		rest->key_starts = UINT64_MAX;
}

static void read_params(struct aws_rest *rest, struct span query)
{
	struct span key, value;

	while (rest->param_count < AWS_PARAMS_MAX && aws_params_next(&query, &key, &value)) {
		if (span_equal(key, SPAN("x-id")))
			rest->id = value;
		if (key.len == 0 || span_starts(key, SPAN("X-Amz-")) ||
			span_equal(key, SPAN("x-id")))
			continue;
		add_param(rest, key, value);
	}
}

void aws_rest_read(struct aws_rest *rest, const struct aws_request *request, struct span bucket)
{
	rest->request = request;
	rest->method = method_of(request->head->method);
	rest->segment_count = rest->param_count = 0;
	rest->key_starts = 1ull << MODEL_NO_START;
	rest->slash = false;
	rest->id = (struct span){0};
	if (bucket.len)
		rest->segments[rest->segment_count++] = bucket;
	read_segments(rest, request->path);
	read_params(rest, request->query);
}

static int find_param(const struct aws_rest *rest, struct span key)
{
	if (!rest->param_count || !(rest->key_starts >> model_key_start(key) & 1))
		return -1;
	for (unsigned i = 0; i < rest->param_count; i++)
		if (aws_decoded_equal(rest->keys[i], key))
			return (int)i;
	return -1;
}

/* Is "key" or "key=value" in the query? */
static bool has_param(const struct aws_rest *rest, struct span param)
{
	struct span key, value;
	int found;

	aws_params_next(&param, &key, &value);
	found = find_param(rest, key);
	return found >= 0 && (!value.len || aws_decoded_equal(rest->values[found], value));
}

/* Does the JSON document in the body have this key? A look for the quoted word is good enough. */
static bool has_member(const struct aws_rest *rest, struct span key)
{
	struct span text = rest->request->body->bytes;

	for (size_t i = 0; i + key.len + 2 <= text.len; i++)
		if (text.at[i] == '"' && text.at[i + key.len + 1] == '"' &&
			memcmp(text.at + i + 1, key.at, key.len) == 0)
			return true;
	return false;
}

/* What was found of an operation's constraints. */
struct found {
	uint8_t literals, missing, required, known;
	bool impossible, wants_body;
};

static void check(const struct aws_rest *rest, uint32_t constraint, struct found *found)
{
	const struct aws_request *request = rest->request;
	struct span text = model_span(constraint);
	bool there = false;

	switch (model_bits(constraint) & (MODEL_CONSTRAINT_LAST - 1)) {
	case MODEL_QUERY_LITERAL:
		there = has_param(rest, text);
		found->literals += there;
		found->impossible |= !there;
		return;
	case MODEL_SIGNING_NAME:
		if (!request->signing_name.len)
			return;
		there = span_equal(request->signing_name, text);
		found->impossible |= !there;
		break;
	case MODEL_QUERY_KNOWN:
		found->known += find_param(rest, text) >= 0;
		return;
	case MODEL_QUERY_REQUIRED:
		there = find_param(rest, text) >= 0;
		found->known += there;
		break;
	case MODEL_HEADER_REQUIRED:
		there = http1_field(request->head, text).at != NULL;
		break;
	case MODEL_BODY_REQUIRED:
		there = has_member(rest, text);
		if (!there && !request->body->complete) {
			found->wants_body = true;
			return;
		}
		break;
	}
	found->required += there;
	found->missing += !there;
}

static int compare(const struct aws_fit *a, const struct aws_fit *b)
{
	if (a->path != b->path)
		return a->path > b->path ? 1 : -1;
	if (a->missing != b->missing)
		return a->missing < b->missing ? 1 : -1;
	return (a->rest > b->rest) - (a->rest < b->rest);
}

/* The likeliest come first. */
static void add(struct aws_matches *matches, const struct aws_match *match)
{
	unsigned at = matches->count;

	if (at == AWS_CANDIDATES_MAX)
		return;
	while (at > 0 && matches->at[at - 1].doubts > match->doubts)
		at--;
	memmove(matches->at + at + 1, matches->at + at,
		(matches->count - at) * sizeof(*matches->at));
	matches->at[at] = *match;
	matches->count++;
}

static unsigned at_most(unsigned value, unsigned limit)
{
	return value < limit ? value : limit;
}

struct walk {
	const struct aws_rest *rest;
	int service;
	unsigned steps;
	struct aws_labels labels;
	struct aws_matches *matches;
};

/* Looks for what the constraints ask for, up to one without which the request is another's. */
static void look_for(const struct aws_rest *rest, unsigned constraint, struct found *found)
{
	const uint32_t *at = model_constraints + constraint - 1;

	if (constraint == 0)
		return;
	do
		check(rest, *at, found);
	while (!found->impossible && !(model_bits(*at++) & MODEL_CONSTRAINT_LAST));
}

static void consider(struct walk *walk, uint32_t terminal, uint64_t path)
{
	const struct aws_rest *rest = walk->rest;
	struct found found = {0};
	bool has_slash = MODEL_TERMINAL_SLASH(terminal);
	struct aws_match match;
	struct aws_fit fit;
	bool is_id;
	int order;

	look_for(rest, MODEL_TERMINAL_CONSTRAINT(terminal), &found);
	if (found.impossible)
		return;
	walk->matches->wants_body |= found.wants_body;
	match = (struct aws_match){walk->service, MODEL_TERMINAL_OPERATION(terminal),
		MODEL_TERMINAL_DEPRECATED(terminal) + (rest->slash != has_slash)};
	is_id = rest->id.len &&
		span_equal(rest->id, model_operation(match.service, match.operation));
	fit.missing = is_id ? 0 : found.missing;
	fit.path = path;
	fit.rest = (uint32_t)is_id << 31 | at_most(found.literals, 15) << 24 |
		   (63 - at_most(rest->param_count -
					 at_most(found.literals + found.known, rest->param_count),
				 63))
			   << 16 |
		   at_most(found.required, 63) << 8 |
		   /* Some SDKs drop the slash at the end, none adds it here. */
		   (rest->slash && has_slash);
	order = walk->matches->count ? compare(&fit, &walk->matches->fit) : 1;
	if (order > 0) {
		walk->matches->count = 0;
		walk->matches->fit = fit;
		walk->matches->labels = walk->labels;
	}
	if (order >= 0)
		add(walk->matches, &match);
}

/* The child for a segment among the literal ones low .. high - 1, or -1. */
static int literal_child(
	const struct model_node *nodes, unsigned low, unsigned high, struct span segment)
{
	char decoded[LITERAL_MAX];
	int found;

	if (low < high && span_find(segment, '%'))
		segment = (struct span){
			decoded, aws_decode(segment, false, decoded, sizeof(decoded))};
	found = model_find_text(
		&nodes[low].text, high - low, sizeof(*nodes) / sizeof(nodes->text), segment);
	return found < 0 ? -1 : (int)low + found;
}

static void consider_all(struct walk *walk, unsigned node, uint64_t path)
{
	const struct model_node *nodes = model_nodes + node;
	const uint32_t *end = model_terminals + nodes[1].terminal;
	const uint32_t *at = model_terminals + nodes->terminal;
	const uint64_t key_starts = walk->rest->key_starts;
	const enum model_method method = walk->rest->method;

	while (at < end && MODEL_TERMINAL_METHOD(*at) < method)
		at++;
	for (; at < end && MODEL_TERMINAL_METHOD(*at) == method; at++)
		if (key_starts >> MODEL_TERMINAL_START(*at) & 1)
			consider(walk, *at, path);
}

static void visit(struct walk *walk, unsigned node, unsigned segment, uint64_t path, unsigned used);

static bool has_children(const struct model_node *node)
{
	return node->child < node[1].child;
}

/* Goes on below a label that takes the segments first .. end - 1. */
static void visit_label(struct walk *walk, unsigned node, unsigned first, unsigned end,
	uint64_t path, unsigned used)
{
	struct aws_labels *labels = &walk->labels;

	if (labels->count < AWS_LABELS_MAX) {
		labels->at[labels->count].first = (uint8_t)first;
		labels->at[labels->count].end = (uint8_t)end;
	}
	labels->count++;
	visit(walk, node, end, path, used);
	labels->count--;
}

/* `node` has matched all before `segment`, with a path fit of `path` in its high `used` bits. */
static void visit(struct walk *walk, unsigned node, unsigned segment, uint64_t path, unsigned used)
{
	const struct aws_rest *rest = walk->rest;
	const struct model_node *nodes = model_nodes;
	unsigned first = nodes[node].child, end = nodes[node + 1].child;
	unsigned shift = 62 - used, first_end, literals = end;
	int literal;

	if (walk->steps++ >= STEPS_MAX || used > 60)
		return;
	if (segment == rest->segment_count) {
		consider_all(walk, node, path);
		return;
	}
	/* They stand first among children, and sorted. */
	while (literals > first && model_bits(nodes[literals - 1].text) != MODEL_LITERAL)
		literals--;
	literal = literal_child(nodes, first, literals, rest->segments[segment]);
	if (literal >= 0)
		visit(walk, (unsigned)literal, segment + 1, path | 3ull << shift, used + 2);
	for (unsigned child = end; child-- > literals;) {
		if (model_bits(nodes[child].text) == MODEL_LABEL && rest->segments[segment].len)
			visit_label(
				walk, child, segment, segment + 1, path | 2ull << shift, used + 2);
		if (model_bits(nodes[child].text) != MODEL_GREEDY)
			continue;
		/* What nothing stands below takes all. */
		first_end = has_children(&nodes[child]) ? segment + 1 : rest->segment_count;
		for (unsigned next = rest->segment_count; next >= first_end; next--)
			visit_label(walk, child, segment, next, path | 1ull << shift, used + 2);
	}
}

void aws_rest_match(const struct aws_rest *rest, int service, struct aws_matches *matches)
{
	struct walk walk = {.rest = rest, .service = service, .matches = matches};

	if (service < 0 || model_services[service].root == MODEL_NO_ROOT ||
		rest->method == MODEL_METHODS)
		return;
	visit(&walk, model_services[service].root, 0, 0, 0);
}
