/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base64.h"
#include "suite.h"

/* RFC 4648, section 10, and all bits of a digit. */
static const struct {
	const char *text, *bytes;
} decoded[] = {
	{"", ""},
	{"Zg==", "f"},
	{"Zm8=", "fo"},
	{"Zm9v", "foo"},
	{"Zm9vYg==", "foob"},
	{"Zm9vYmE=", "fooba"},
	{"Zm9vYmFy", "foobar"},
	{"+/+/", "\xfb\xff\xbf"},
	{"/w==", "\xff"},
};

START_TEST(text_is_decoded)
{
	size_t len = strlen(decoded[_i].text);
	/* In a block of its size, so that ASan sees a read past the end. */
	char *text = malloc(len ? len : 1);

	memcpy(text, decoded[_i].text, len);
	ck_assert_int_eq(base64_decode(text, len), (ssize_t)strlen(decoded[_i].bytes));
	ck_assert_mem_eq(text, decoded[_i].bytes, strlen(decoded[_i].bytes));
	free(text);
}
END_TEST

static const char *const refused[] = {
	"Z",	    /* no whole byte */
	"Zg",	    /* no padding */
	"Zg=",	    /* not enough of it */
	"Z===",	    /* too much */
	"====",	    /* nothing else */
	"Zg==Zg==", /* not at the end */
	"Zh==",	    /* bits that are lost */
	"Zm9=",	    /* likewise */
	"Zm 9v",    /* white space */
	"Zm-_",	    /* another alphabet */
	"Zm9\xff",
};

START_TEST(what_is_not_base64_is_refused)
{
	char *text = strdup(refused[_i]);

	ck_assert_int_eq(base64_decode(text, strlen(text)), -EINVAL);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base64");
	TCase *tests = tcase_create("base64");

	tcase_add_loop_test(tests, text_is_decoded, 0, COUNT(decoded));
	tcase_add_loop_test(tests, what_is_not_base64_is_refused, 0, COUNT(refused));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
