/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "control/constraints.h"
#include "suite.h"

static struct endpoints of(const char *list)
{
	struct endpoints hosts = {.count = 0};
	struct span wrong;

	ck_assert_ptr_null(endpoints_add(&hosts, list, &wrong));
	return hosts;
}

/* As it stands in a certificate. The caller frees it. */
static unsigned char *encode(const struct endpoints *hosts, int *len)
{
	NAME_CONSTRAINTS *constraints = constraints_make(hosts);
	unsigned char *der = NULL;
	X509_EXTENSION *extension = X509V3_EXT_i2d(NID_name_constraints, 1, constraints);

	*len = i2d_X509_EXTENSION(extension, &der);
	ck_assert_int_gt(*len, 0);
	X509_EXTENSION_free(extension);
	NAME_CONSTRAINTS_free(constraints);
	return der;
}

static bool is_same(const char *one, const char *other)
{
	struct endpoints left = of(one), right = of(other);
	int len, other_len;
	unsigned char *der = encode(&left, &len), *other_der = encode(&right, &other_len);
	bool result = len == other_len && memcmp(der, other_der, (size_t)len) == 0;

	OPENSSL_free(der);
	OPENSSL_free(other_der);
	return result;
}

START_TEST(the_same_hosts_in_another_way_make_the_same)
{
	ck_assert(is_same("a,b,192.0.2.1,::1", "[0:0::1]:80,192.0.2.1:1,B:443,A"));
	ck_assert(is_same("a", "a,a:1,A:2"));
	ck_assert(is_same("localhost:1", "localhost"));
	ck_assert(!is_same("a", "b"));
	ck_assert(!is_same("192.0.2.1", "192.0.2.2"));
}
END_TEST

static const struct {
	const char *host;
	bool is_permitted;
} hosts[] = {
	{"s3.amazonaws.com", true},
	{"S3.AMAZONAWS.COM", true},
	{"sqs.cn-north-1.amazonaws.com.cn", true},
	{"localhost", true},
	{"bucket.localhost", true},
	{"s3.localhost.localstack.cloud", true},
	{"127.0.0.1", true},
	{"127.255.0.1", true},
	{"::1", true},
	{"minio.example", true},
	{"bucket.minio.example", true},
	{"192.0.2.1", true},
	{"fd00::1", true},
	{"example", false},
	{"aminio.example", false},
	{"amazonaws.com.example", false},
	{"128.0.0.1", false},
	{"192.0.2.2", false},
	{"::2", false},
	{"fd00::2", false},
	{"7f00::1", false},
	{"", false},
};

START_TEST(a_host_is_permitted_or_not)
{
	struct endpoints named = of("minio.example,192.0.2.1,fd00::1");
	NAME_CONSTRAINTS *constraints = constraints_make(&named);

	ck_assert_int_eq(constraints_permit(constraints, hosts[_i].host), hosts[_i].is_permitted);
	NAME_CONSTRAINTS_free(constraints);
}
END_TEST

START_TEST(what_no_certificate_can_be_for_is_left_out)
{
	struct endpoints none = {.count = 0}, odd = {.count = 1, .all = {{.host = "a b,c"}}};
	int len, other_len;

	OPENSSL_free(encode(&none, &len));
	OPENSSL_free(encode(&odd, &other_len));
	ck_assert_int_eq(len, other_len);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("constraints");
	TCase *tests = tcase_create("constraints");

	tcase_add_test(tests, the_same_hosts_in_another_way_make_the_same);
	tcase_add_loop_test(tests, a_host_is_permitted_or_not, 0, COUNT(hosts));
	tcase_add_test(tests, what_no_certificate_can_be_for_is_left_out);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
