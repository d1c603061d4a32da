/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"

#include <errno.h>

#include "escape.h"
#include "model.h"

static const char lower_hex[] = "0123456789abcdef", upper_hex[] = "0123456789ABCDEF";

/* What an error looks like in one protocol. In the templates a '$' begins a variable:
 *   $C code  $M message  $T Sender or Receiver  $N namespace attribute
 *   $R request id  $S request id of S3  $H host id of S3 */
struct form {
	struct span content_type;
	struct span headers; /* lines with their ends */
	struct span body;
	void (*escape)(struct sink *sink, struct span text); /* for $C and $M in the body */
	bool error_type;				     /* x-amzn-errortype: $C */
	bool query_error; /* x-amzn-query-error: $C;$T, if the service wants it */
	bool echo_type;	  /* the request's Content-Type comes back if it is of this family */
};

#define AMZN_ID	     "x-amzn-RequestId: $R\r\n"
#define XML_HEAD     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define JSON_FAMILY  "application/x-amz-json-1."
#define JSON_BODY    "{\"__type\":\"$C\",\"message\":\"$M\"}"
#define CBOR_BODY    "\xa2\x66__type$C\x67message$M" /* a map of two pairs */
#define ERROR_FIELDS "<Code>$C</Code><Message>$M</Message>"
#define ERROR_RESPONSE                                                                             \
	"<ErrorResponse$N><Error><Type>$T</Type>" ERROR_FIELDS                                     \
	"</Error><RequestId>$R</RequestId></ErrorResponse>"

/* Smithy's protocol specifications ("Operation error serialization" of each), and S3's and EC2's
 * own documents (API references, "Error responses"). */
static const struct form forms[AWS_PROTOCOLS] = {
	[AWS_JSON] = {.content_type = SPAN(JSON_FAMILY "1"),
		.headers = SPAN(AMZN_ID),
		.body = SPAN(JSON_BODY),
		.escape = sink_json,
		.error_type = true,
		.query_error = true,
		.echo_type = true},
	[AWS_QUERY] = {.content_type = SPAN("text/xml"),
		.headers = SPAN(AMZN_ID),
		.body = SPAN(XML_HEAD ERROR_RESPONSE),
		.escape = sink_xml},
	[AWS_EC2] = {.content_type = SPAN("text/xml;charset=UTF-8"),
		.headers = SPAN(AMZN_ID),
		.body = SPAN(XML_HEAD "<Response><Errors><Error>" ERROR_FIELDS
				      "</Error></Errors><RequestID>$R</RequestID></Response>"),
		.escape = sink_xml},
	[AWS_REST_JSON] = {.content_type = SPAN("application/json"),
		.headers = SPAN(AMZN_ID),
		.body = SPAN(JSON_BODY),
		.escape = sink_json,
		.error_type = true},
	[AWS_REST_XML] = {.content_type = SPAN("text/xml"),
		.headers = SPAN(AMZN_ID),
		.body = SPAN(XML_HEAD ERROR_RESPONSE),
		.escape = sink_xml},
	[AWS_S3] = {.content_type = SPAN("application/xml"),
		.headers = SPAN("x-amz-request-id: $S\r\nx-amz-id-2: $H\r\n"),
		.body = SPAN(XML_HEAD "<Error>" ERROR_FIELDS
				      "<RequestId>$S</RequestId><HostId>$H</HostId></Error>"),
		.escape = sink_xml},
	[AWS_RPC_V2_CBOR] = {.content_type = SPAN("application/cbor"),
		.headers = SPAN("smithy-protocol: rpc-v2-cbor\r\n" AMZN_ID),
		.body = SPAN(CBOR_BODY),
		.escape = sink_cbor,
		.query_error = true},
	[AWS_JSON_CBOR] = {.content_type = SPAN("application/x-amz-cbor-1.1"),
		.headers = SPAN(AMZN_ID),
		.body = SPAN(CBOR_BODY),
		.escape = sink_cbor,
		.error_type = true,
		.query_error = true},
	[AWS_RPC_V2_JSON] = {.content_type = SPAN("application/json"),
		.headers = SPAN("smithy-protocol: rpc-v2-json\r\n" AMZN_ID),
		.body = SPAN(JSON_BODY),
		.escape = sink_json,
		.query_error = true},
};

/* RFC 9110, section 15, with RFC 6585 and the codes of IANA's registry. */
static const struct {
	int status;
	struct span phrase;
} phrases[] = {
	{400, SPAN("Bad Request")},
	{401, SPAN("Unauthorized")},
	{402, SPAN("Payment Required")},
	{403, SPAN("Forbidden")},
	{404, SPAN("Not Found")},
	{405, SPAN("Method Not Allowed")},
	{406, SPAN("Not Acceptable")},
	{407, SPAN("Proxy Authentication Required")},
	{408, SPAN("Request Timeout")},
	{409, SPAN("Conflict")},
	{410, SPAN("Gone")},
	{411, SPAN("Length Required")},
	{412, SPAN("Precondition Failed")},
	{413, SPAN("Content Too Large")},
	{414, SPAN("URI Too Long")},
	{415, SPAN("Unsupported Media Type")},
	{416, SPAN("Range Not Satisfiable")},
	{417, SPAN("Expectation Failed")},
	{421, SPAN("Misdirected Request")},
	{422, SPAN("Unprocessable Content")},
	{423, SPAN("Locked")},
	{424, SPAN("Failed Dependency")},
	{425, SPAN("Too Early")},
	{426, SPAN("Upgrade Required")},
	{428, SPAN("Precondition Required")},
	{429, SPAN("Too Many Requests")},
	{431, SPAN("Request Header Fields Too Large")},
	{451, SPAN("Unavailable For Legal Reasons")},
	{500, SPAN("Internal Server Error")},
	{501, SPAN("Not Implemented")},
	{502, SPAN("Bad Gateway")},
	{503, SPAN("Service Unavailable")},
	{504, SPAN("Gateway Timeout")},
	{505, SPAN("HTTP Version Not Supported")},
	{506, SPAN("Variant Also Negotiates")},
	{507, SPAN("Insufficient Storage")},
	{508, SPAN("Loop Detected")},
	{511, SPAN("Network Authentication Required")},
};

static struct span reason_phrase(int status)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(*phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return status < 500 ? SPAN("Client Error") : SPAN("Server Error");
}

/* IMF-fixdate of RFC 9110, 5.6.7. The C library's own would take the locale's lock. */
static void put_date(struct sink *sink, time_t now)
{
	static const char days[] = "ThuFriSatSunMonTueWed"; /* 1 January 1970 was a Thursday */
	static const char months[] = "MarAprMayJunJulAugSepOctNovDecJanFeb";
	const int64_t last = 253402300799; /* of the year 9999 */
	uint64_t seconds = now < 0 ? 0 : now > last ? (uint64_t)last : (uint64_t)now;
	uint64_t days_since_1970 = seconds / 86400;
	/* Years begin in March here, so that a leap day is the last of its year. */
	uint64_t day = days_since_1970 + 719468;
	uint64_t era = day / 146097, of_era = day % 146097;
	uint64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint64_t month = (5 * of_year + 2) / 153; /* 0: March */
	uint64_t year = era * 400 + year_of_era + (month >= 10);

	sink_put(sink, (struct span){days + 3 * (days_since_1970 % 7), 3});
	sink_put(sink, SPAN(", "));
	sink_number(sink, of_year - (153 * month + 2) / 5 + 1, 2);
	sink_byte(sink, ' ');
	sink_put(sink, (struct span){months + 3 * month, 3});
	sink_byte(sink, ' ');
	sink_number(sink, year, 4);
	sink_byte(sink, ' ');
	sink_number(sink, seconds / 3600 % 24, 2);
	sink_byte(sink, ':');
	sink_number(sink, seconds / 60 % 60, 2);
	sink_byte(sink, ':');
	sink_number(sink, seconds % 60, 2);
	sink_put(sink, SPAN(" GMT"));
}

/* A UUID of version 4, as most services give their requests. */
static void put_request_id(struct sink *sink, const uint64_t random[2])
{
	const uint64_t version = 0x4000, variant = 0x8000;

	sink_hex(sink, random[0] >> 32, 8, lower_hex);
	sink_byte(sink, '-');
	sink_hex(sink, random[0] >> 16, 4, lower_hex);
	sink_byte(sink, '-');
	sink_hex(sink, (random[0] & 0x0fff) | version, 4, lower_hex);
	sink_byte(sink, '-');
	sink_hex(sink, (random[1] >> 48 & 0x3fff) | variant, 4, lower_hex);
	sink_byte(sink, '-');
	sink_hex(sink, random[1], 12, lower_hex);
}

/* 56 bytes in base64, as S3 has it. */
static void put_host_id(struct sink *sink, const uint64_t random[2])
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t bits = random[0] ^ random[1];

	for (int i = 0; i < 75; i++) {
		bits = bits * 6364136223846793005ull + 1442695040888963407ull;
		sink_byte(sink, alphabet[bits >> 58]);
	}
	sink_byte(sink, '=');
}

/* All that a reply is made of. */
struct source {
	const struct aws_call *call;
	const struct aws_error *error;
	const struct aws_candidate *candidate;
	const struct form *form;
	const uint64_t *random;
};

static void put_namespace(struct sink *sink, const struct source *from)
{
	struct span service = from->candidate->service, version = from->call->version;
	struct span namespace = {"", 0};

	if (from->candidate->model >= 0)
	namespace = aws_model_xml_namespace(from->candidate->model);
	/* What is off the wire is no longer than what AWS has. */
	if (!namespace.len && (!version.len || version.len > 16 || service.len > 64))
		return;
	sink_put(sink, SPAN(" xmlns=\""));
	if (namespace.len) {
		sink_xml(sink, namespace);
	} else {
		/* SQS' old query API is in no model; its name there is "queue". */
		sink_put(sink, SPAN("http://"));
		sink_xml(sink, span_equal(service, SPAN("sqs")) ? SPAN("queue") : service);
		sink_put(sink, SPAN(".amazonaws.com/doc/"));
		sink_xml(sink, version);
		sink_byte(sink, '/');
	}
	sink_byte(sink, '"');
}

static void put_variable(struct sink *sink, const struct source *from, char variable)
{
	switch (variable) {
	case 'C':
		from->form->escape(sink, from->error->code);
		break;
	case 'M':
		from->form->escape(sink, from->error->message);
		break;
	case 'T':
		sink_put(sink, from->error->status < 500 ? SPAN("Sender") : SPAN("Receiver"));
		break;
	case 'N':
		put_namespace(sink, from);
		break;
	case 'R':
		put_request_id(sink, from->random);
		break;
	case 'S':
		sink_hex(sink, from->random[0], 16, upper_hex);
		break;
	case 'H':
		put_host_id(sink, from->random);
		break;
	}
}

static void put_template(struct sink *sink, const struct source *from, struct span template)
{
	const char *dollar;

	while ((dollar = span_find(template, '$'))) {
		size_t before = (size_t)(dollar - template.at);

		sink_put(sink, (struct span){template.at, before});
		put_variable(sink, from, dollar[1]);
		template = span_from(template, before + 2);
	}
	sink_put(sink, template);
}

/* May this stand in a header line and be read back unchanged? Else it stands in the body alone. */
static bool is_header_word(struct span text, char forbidden)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~' || text.at[i] == forbidden)
			return false;
	return text.len != 0;
}

static struct span content_type(const struct source *from)
{
	struct span type = from->call->content_type;
	const char *parameters = span_find(type, ';');

	if (parameters)
		type.len = (size_t)(parameters - type.at);
	if (from->form->echo_type && type.len == sizeof(JSON_FAMILY) &&
		span_starts(type, SPAN(JSON_FAMILY)) && is_header_word(type, ';'))
		return type;
	return from->form->content_type;
}

static void put_line(struct sink *sink, struct span name, struct span value)
{
	sink_put(sink, name);
	sink_put(sink, value);
	sink_put(sink, SPAN("\r\n"));
}

static void put_error_headers(struct sink *sink, const struct source *from)
{
	struct span code = from->error->code;

	if (from->form->error_type && is_header_word(code, '\0'))
		put_line(sink, SPAN("x-amzn-errortype: "), code);
	/* Botocore's parser wants exactly one ';'. */
	if (from->form->query_error && from->call->query_compatible && is_header_word(code, ';')) {
		sink_put(sink, SPAN("x-amzn-query-error: "));
		sink_put(sink, code);
		put_line(sink, SPAN(";"),
			from->error->status < 500 ? SPAN("Sender") : SPAN("Receiver"));
	}
}

static void put_head(struct sink *sink, const struct source *from, time_t now, bool keep_alive)
{
	struct sink measure = {.at = NULL};

	sink_put(sink, SPAN("HTTP/1.1 "));
	sink_number(sink, (uint64_t)from->error->status, 3);
	put_line(sink, SPAN(" "), reason_phrase(from->error->status));
	sink_put(sink, SPAN("Date: "));
	put_date(sink, now);
	sink_put(sink, SPAN("\r\n"));
	put_template(sink, from, from->form->headers);
	put_error_headers(sink, from);
	put_line(sink, SPAN("Content-Type: "), content_type(from));
	/* After HEAD it would have to tell of a body that never comes (RFC 9110, 8.6). */
	if (!from->call->is_head) {
		put_template(&measure, from, from->form->body);
		sink_put(sink, SPAN("Content-Length: "));
		sink_number(sink, measure.len, 1);
		sink_put(sink, SPAN("\r\n"));
	}
	if (!keep_alive)
		put_line(sink, SPAN("Connection: "), SPAN("close"));
	sink_put(sink, SPAN("\r\n"));
}

ssize_t aws_reply(const struct aws_call *call, const struct aws_error *error, time_t now,
	const uint64_t random[2], bool keep_alive, char *out, size_t cap)
{
	struct source from = {
		.call = call,
		.error = error,
		.candidate = &call->candidates[error->candidate],
		.form = &forms[call->protocol],
		.random = random,
	};
	struct sink sink = {.at = out, .cap = cap};

	put_head(&sink, &from, now, keep_alive);
	if (!call->is_head)
		put_template(&sink, &from, from.form->body);
	return sink.len <= cap ? (ssize_t)sink.len : -ENOSPC;
}
