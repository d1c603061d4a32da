/* SPDX-License-Identifier: Apache-2.0 */

#include "identify_of.h"
#include "suite.h"

#define POST_FORM "Content-Type: multipart/form-data; boundary=x\r\n"
#define PART(name, value)                                                                          \
	"--x\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART                                                                                  \
	"--x\r\nContent-Disposition: form-data; name=\"file\"; "                                   \
	"filename=\"f\"\r\n\r\nX-Amz-Credential"

static const struct example forms[] = {
	{"POST /bucket" LOCAL POST_FORM END PART("key", "k")
			PART("x-amz-credential", "AK/20260101/eu-west-2/s3/aws4_request") FILE_PART,
		"s3:PostObject eu-west-2 s3"},
	{"POST /bucket/" LOCAL POST_FORM END PART("AWSAccessKeyId", "AK") FILE_PART,
		"s3:PostObject - s3"},
	{"POST /" HTTP HOST("b.s3.eu-west-2.amazonaws.com") POST_FORM END PART("key", "k")
			FILE_PART,
		"s3:PostObject eu-west-2 s3"},
	{"POST /upload" HTTP HOST("localhost:8080") POST_FORM END PART("key", "k") FILE_PART,
		"none"},
	{"POST /upload/it" LOCAL POST_FORM END PART("AWSAccessKeyId", "AK"), "none"},
};

START_TEST(an_upload_form_of_s3_is_known_by_its_signature_or_host)
{
	check_example(&forms[_i]);
}
END_TEST

START_TEST(an_upload_form_is_waited_for_up_to_its_file)
{
	const char *request = "POST /upload" LOCAL POST_FORM END PART("key", "k");
	const char *with_file = "POST /upload" LOCAL POST_FORM END PART("key", "k") FILE_PART;
	char words[1024];
	struct wire wire;

	wire_identify(&wire, request, strlen(request), false);
	ck_assert_str_eq(wire_words(&wire, words), "more");
	wire_done(&wire);
	wire_identify(&wire, with_file, strlen(with_file), false);
	ck_assert_str_eq(wire_words(&wire, words), "none");
	wire_done(&wire);
}
END_TEST

/* Where requests to S3 go. */
static const struct {
	const char *host, *target, *operation, *region;
} s3[] = {
	{"127.0.0.1:9000", "GET /", "ListBuckets", "eu-west-2"},
	{"127.0.0.1:9000", "GET /b", "ListObjects", "eu-west-2"},
	{"127.0.0.1:9000", "GET /b/", "ListObjects", "eu-west-2"},
	{"127.0.0.1:9000", "GET /b?list-type=2&prefix=p", "ListObjectsV2", "eu-west-2"},
	{"127.0.0.1:9000", "GET /b?l%69st-type=%32", "ListObjectsV2", "eu-west-2"},
	{"127.0.0.1:9000", "GET /b?%6Cist-type=2", "ListObjectsV2", "eu-west-2"},
	{"127.0.0.1:9000", "GET /b?location", "GetBucketLocation", "eu-west-2"},
	{"127.0.0.1:9000", "GET /b?%6cocation", "GetBucketLocation", "eu-west-2"},
	{"127.0.0.1:9000", "GET /b/?location=", "GetBucketLocation", "eu-west-2"},
	{"127.0.0.1:9000", "GET /b/k/with/slashes/", "GetObject", "eu-west-2"},
	{"127.0.0.1:9000", "GET /b//k", "GetObject", "eu-west-2"},
	{"127.0.0.1:9000", "GET /b/k?acl", "GetObjectAcl", "eu-west-2"},
	{"127.0.0.1:9000", "GET /b/k?uploadId=1", "ListParts", "eu-west-2"},
	{"127.0.0.1:9000", "GET /b/k?x-id=GetObject&versionId=1", "GetObject", "eu-west-2"},
	{"127.0.0.1:9000", "HEAD /b", "HeadBucket", "eu-west-2"},
	{"127.0.0.1:9000", "HEAD /b/k", "HeadObject", "eu-west-2"},
	{"127.0.0.1:9000", "PUT /b", "CreateBucket", "eu-west-2"},
	{"127.0.0.1:9000", "PUT /b/k?partNumber=1&uploadId=u", "UploadPart", "eu-west-2"},
	{"127.0.0.1:9000", "POST /b?delete", "DeleteObjects", "eu-west-2"},
	{"127.0.0.1:9000", "POST /b/k?uploads", "CreateMultipartUpload", "eu-west-2"},
	{"127.0.0.1:9000", "POST /b/k?uploadId=u", "CompleteMultipartUpload", "eu-west-2"},
	{"127.0.0.1:9000", "DELETE /b?delete", "DeleteBucket", "eu-west-2"},
	{"b.s3.eu-west-2.amazonaws.com", "GET /", "ListObjects", "eu-west-2"},
	{"b.s3.eu-west-2.amazonaws.com", "GET /k", "GetObject", "eu-west-2"},
	{"my.dotted.bucket.s3.eu-west-2.amazonaws.com", "GET /k", "GetObject", "eu-west-2"},
	{"b.s3.amazonaws.com", "GET /k", "GetObject", "eu-west-2"},
	{"b.s3-us-west-2.amazonaws.com", "GET /k", "GetObject", "eu-west-2"},
	{"s3.eu-west-2.amazonaws.com", "GET /b/k", "GetObject", "eu-west-2"},
	{"b.s3.dualstack.eu-west-2.amazonaws.com", "GET /k", "GetObject", "eu-west-2"},
	{"b.s3-fips.us-gov-west-1.amazonaws.com", "GET /k", "GetObject", "eu-west-2"},
	{"b.s3-accelerate.amazonaws.com", "GET /k", "GetObject", "eu-west-2"},
	{"b.s3-accelerate.dualstack.amazonaws.com", "GET /k", "GetObject", "eu-west-2"},
	{"b.s3.cn-north-1.amazonaws.com.cn", "GET /k", "GetObject", "eu-west-2"},
	{"ap-123456789012.s3-accesspoint.eu-west-2.amazonaws.com", "GET /k", "GetObject",
		"eu-west-2"},
	{"m.mrap.accesspoint.s3-global.amazonaws.com", "GET /k", "GetObject", "eu-west-2"},
	{"ap-123456789012.s3-object-lambda.eu-west-2.amazonaws.com", "GET /k", "GetObject",
		"eu-west-2"},
	{"ap-123456789012.op-1.s3-outposts.eu-west-2.amazonaws.com", "GET /k", "GetObject",
		"eu-west-2"},
	{"b--euw2-az1--x-s3.s3express-euw2-az1.eu-west-2.amazonaws.com", "GET /?session",
		"CreateSession", "eu-west-2"},
	{"b.bucket.vpce-1a-2b.s3.eu-west-2.vpce.amazonaws.com", "GET /k", "GetObject", "eu-west-2"},
	{"bucket.vpce-1a-2b.s3.eu-west-2.vpce.amazonaws.com", "GET /b/k", "GetObject", "eu-west-2"},
	{"my-bucket.bucket.vpce-1a-2b.s3.eu-west-2.vpce.amazonaws.com", "GET /k", "GetObject",
		"eu-west-2"},
	{"bucket.s3.eu-west-2.amazonaws.com", "GET /k", "GetObject", "eu-west-2"},
	{"control.s3.eu-west-2.amazonaws.com", "GET /k", "GetObject", "eu-west-2"},
	{"my-bucket.localhost:4566", "GET /k", "GetObject", "eu-west-2"},
	{"my-bucket.s3.localhost:4566", "GET /k", "GetObject", "eu-west-2"},
	{"s3.localhost:4566", "GET /b/k", "GetObject", "eu-west-2"},
	{"b.s3.localhost.localstack.cloud:4566", "GET /k", "GetObject", "eu-west-2"},
	{"s3.localhost.localstack.cloud:4566", "GET /b/k", "GetObject", "eu-west-2"},
	{"b.s3.eu-west-2.localhost.localstack.cloud:4566", "GET /k", "GetObject", "eu-west-2"},
	{"b.s3.minio.example:9000", "GET /k", "GetObject", "eu-west-2"},
};

START_TEST(s3_is_found_at_all_its_addresses)
{
	char request[1024], words[1024], expected[128];
	struct wire wire;

	snprintf(request, sizeof(request), "%s HTTP/1.1\r\nHost: %s\r\n%s\r\n", s3[_i].target,
		s3[_i].host, SIGNED("eu-west-2", "s3"));
	snprintf(expected, sizeof(expected), "s3:%s %s s3", s3[_i].operation, s3[_i].region);
	wire_identify(&wire, request, strlen(request), true);
	ck_assert_str_eq(wire_words(&wire, words), expected);
	wire_done(&wire);
}
END_TEST

static const struct example s3_forms[] = {
	{"PUT /b/k" LOCAL "x-amz-copy-source: /c/d\r\n" SIGNED("eu-west-2", "s3") END,
		"s3:CopyObject eu-west-2 s3"},
	{"PUT /b/k" LOCAL "Transfer-Encoding: chunked\r\nContent-Encoding: aws-chunked\r\n" SIGNED(
		 "eu-west-2", "s3") END "5\r\nhello\r\n0\r\n\r\n",
		"s3:PutObject eu-west-2 s3"},
	{"GET /" LOCAL SIGNED("eu-west-2", "s3express") END,
		"s3:ListDirectoryBuckets eu-west-2 s3"},
	{"GET /b?lifecycle" LOCAL SIGNED("eu-west-2", "s3") END,
		"s3:GetBucketLifecycleConfiguration s3:GetBucketLifecycle eu-west-2 s3"},
	{"PUT /b?notification" LOCAL SIGNED("eu-west-2", "s3") END,
		"s3:PutBucketNotificationConfiguration s3:PutBucketNotification eu-west-2 s3"},
	{"GET /v20180820/accesspoint" HTTP HOST(
		 "123456789012.s3-control.eu-west-2.amazonaws.com") "x-amz-account-id: "
								    "123456789012\r"
								    "\n" SIGNED("eu-west-2", "s3")
									    END,
		"s3control:ListAccessPoints eu-west-2 rest-xml"},
	{"GET /v20180820/accesspoint" HTTP HOST(
		 "control.vpce-1a-2b.s3.eu-west-2.vpce.amazonaws."
		 "com") "x-amz-account-id: 123456789012\r\n" SIGNED("eu-west-2", "s3") END,
		"s3control:ListAccessPoints eu-west-2 rest-xml"},
	{"POST /WriteGetObjectResponse" HTTP HOST("route.s3-object-lambda.eu-west-2.amazonaws.com")
			SIGNED("eu-west-2", "s3-object-lambda") END,
		"s3:WriteGetObjectResponse eu-west-2 s3"},
};

START_TEST(s3_operations_are_told_apart)
{
	check_example(&s3_forms[_i]);
}
END_TEST

START_TEST(damaged_forms_are_read_within_their_bounds)
{
	check_damaged(forms[_i].request);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("s3");
	TCase *tests = tcase_create("s3");

	tcase_add_loop_test(tests, s3_is_found_at_all_its_addresses, 0, COUNT(s3));
	tcase_add_loop_test(tests, s3_operations_are_told_apart, 0, COUNT(s3_forms));
	tcase_add_loop_test(
		tests, an_upload_form_of_s3_is_known_by_its_signature_or_host, 0, COUNT(forms));
	tcase_add_test(tests, an_upload_form_is_waited_for_up_to_its_file);
	tcase_add_loop_test(tests, damaged_forms_are_read_within_their_bounds, 0, COUNT(forms));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
