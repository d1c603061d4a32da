/* SPDX-License-Identifier: Apache-2.0 */

/* Uploads to S3 by an HTML form: multipart/form-data, with the signature among the form's fields. */

#include "look.h"

struct form {
	struct span credential;
	bool is_signed; /* with SigV4 or SigV2 */
	bool has_file;	/* the file comes last: what S3 needs to know stands before it */
};

/* The value of a part, given from the end of its Content-Disposition. */
static struct span part_value(struct span rest)
{
	const char *end;

	for (size_t i = 0; i + 4 <= rest.len; i++) {
		struct span value;

		if (memcmp(rest.at + i, "\r\n\r\n", 4) != 0)
			continue;
		value = span_from(rest, i + 4);
		end = span_find(value, '\r');
		return end ? (struct span){value.at, (size_t)(end - value.at)} : (struct span){0};
	}
	return (struct span){0};
}

static void read_part(struct span name, struct span rest, struct form *form)
{
	if (span_equal_nocase(name, SPAN("x-amz-credential"))) {
		/* The first one that is whole: it may have been decided on before another came. */
		if (!form->credential.len)
			form->credential = part_value(rest);
		form->is_signed = true;
	} else if (span_equal_nocase(name, SPAN("AWSAccessKeyId"))) {
		form->is_signed = true;
	} else if (span_equal_nocase(name, SPAN("file"))) {
		form->has_file = true;
	}
}

static void read_form(struct span text, struct form *form)
{
	struct span key = SPAN(" name=\""), file = SPAN(" filename=");

	for (size_t i = 0; i + key.len < text.len && !form->has_file; i++) {
		struct span rest = span_from(text, i), name;
		const char *quote;

		if (rest.at[0] != ' ')
			continue;
		if (span_starts(rest, file))
			form->has_file = true;
		if (!span_starts(rest, key))
			continue;
		name = span_from(rest, key.len);
		quote = span_find(name, '"');
		if (!quote)
			return;
		name.len = (size_t)(quote - name.at);
		read_part(name, span_from(rest, key.len + name.len), form);
	}
}

/* POST to a bucket: "/bucket", or "/" of its virtual host. */
static bool may_be_form(struct aws_look *look)
{
	const struct aws_request *request = &look->request;
	struct span name = span_from(request->path, 1);

	if (request->signing != AWS_UNSIGNED || request->query.len ||
		!span_equal(request->head->method, SPAN("POST")) ||
		!aws_starts_nocase(
			aws_field(request, HTTP1_CONTENT_TYPE), SPAN("multipart/form-data")))
		return false;
	if (aws_look_host(look)->is_aws && !aws_host_has(&look->host, aws_model_find(SPAN("s3"))))
		return false;
	if (name.len && name.at[name.len - 1] == '/')
		name.len--;
	return look->host.bucket.len ? name.len == 0 : name.len && !span_find(name, '/');
}

static enum aws_identity call_by_form(struct aws_look *look, struct aws_plain body)
{
	struct form form = {0};
	struct span service, region;

	read_form(body.text, &form);
	if (!body.complete && !form.has_file && !form.credential.len)
		return AWS_NEEDS_BODY;
	if (!form.is_signed && !aws_look_host(look)->is_aws)
		return AWS_NOT_A_CALL;

	if (aws_credential_read(form.credential, true, &region, &service)) {
		if (body.is_copy)
			region = aws_model_region_name(model_find_region(region));
		look->call->region = region;
	}
	look->call->protocol = AWS_S3;
	/* botocore has no such operation; PostObject is what the S3 documents call it. */
	aws_add_candidate(look->call, aws_model_find(SPAN("s3")), SPAN("PostObject"));
	return AWS_CALL;
}

/* Few forms need so much of the program's stack. */
__attribute__((noinline)) static enum aws_identity call_by_packed_form(struct aws_look *look)
{
	char scratch[AWS_SCRATCH];

	return call_by_form(look, aws_body_plain(&look->request, scratch));
}

enum aws_identity aws_identify_form(struct aws_look *look)
{
	if (!may_be_form(look))
		return AWS_NOT_A_CALL;
	if (aws_body_is_packed(&look->request))
		return call_by_packed_form(look);
	return call_by_form(look, aws_body_plain(&look->request, NULL));
}
