/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl, one handle: curl_client PORT LIBRARY, which may be any build of it. */

#include <curl/curl.h>
#include <dlfcn.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not linked: the library is chosen at run time. */
#define CURL(name) ((__typeof__(&name))find(#name))

static void *library;

static void *find(const char *name)
{
	void *function = dlsym(library, name);

	if (!function)
		errx(2, "%s", dlerror());
	return function;
}

struct answer {
	char code[128], body[65536];
	size_t len;
};

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
	struct answer *answer = user;
	size_t len = size * count;

	if (answer->len + len >= sizeof(answer->body))
		return 0;
	for (size_t i = 0; i < len; i++)
		answer->body[answer->len++] = data[i] == '\n' ? ' ' : data[i];
	return len;
}

static size_t on_field(char *data, size_t size, size_t count, void *user)
{
	static const char name[] = "x-amzn-errortype: ";
	struct answer *answer = user;

	if (strncasecmp(data, name, strlen(name)) == 0)
		sscanf(data + strlen(name), "%127[^\r\n]", answer->code);
	return size * count;
}

static void exchange(CURL *handle, const char *operation, long size)
{
	struct answer answer = {.code = "-"};
	struct curl_slist *fields = NULL;
	char *body = malloc((size_t)size + 1), target[256];
	long status = 0;
	CURLcode error;

	memset(body, 'x', (size_t)size);
	fields = CURL(curl_slist_append)(fields, "Expect:");
	if (strcmp(operation, "-") == 0) {
		fields = CURL(curl_slist_append)(fields, "Content-Type: text/plain");
	} else {
		snprintf(target, sizeof(target), "X-Amz-Target: Kinesis_20131202.%s", operation);
		fields = CURL(curl_slist_append)(fields, target);
		fields =
			CURL(curl_slist_append)(fields, "Content-Type: application/x-amz-json-1.1");
		fields = CURL(curl_slist_append)(fields, "X-Amz-Date: 20260101T000000Z");
		fields = CURL(curl_slist_append)(fields,
			"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/"
			"kinesis/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, "
			"Signature=00");
	}
	CURL(curl_easy_setopt)(handle, CURLOPT_HTTPHEADER, fields);
	CURL(curl_easy_setopt)(handle, CURLOPT_POSTFIELDS, body);
	CURL(curl_easy_setopt)(handle, CURLOPT_POSTFIELDSIZE, size);
	CURL(curl_easy_setopt)(handle, CURLOPT_WRITEDATA, &answer);
	CURL(curl_easy_setopt)(handle, CURLOPT_HEADERDATA, &answer);
	error = CURL(curl_easy_perform)(handle);
	CURL(curl_easy_getinfo)(handle, CURLINFO_RESPONSE_CODE, &status);
	if (error)
		printf("error %s\n", CURL(curl_easy_strerror)(error));
	else
		printf("%ld %s %.*s\n", status, answer.code, (int)answer.len, answer.body);
	fflush(stdout);
	CURL(curl_slist_free_all)(fields);
	free(body);
}

int main(int argc, char **argv)
{
	const char *scheme = getenv("SCHEME") ?: "http", *ca = getenv("SSL_CERT_FILE");
	char url[128], operation[128];
	CURL *handle;
	long size;

	library = argc > 2 ? dlopen(argv[2], RTLD_NOW) : NULL;
	if (!library)
		errx(2, "PORT LIBRARY: %s", dlerror());
	handle = CURL(curl_easy_init)();
	snprintf(url, sizeof(url), "%s://localhost:%s/", scheme, argv[1]);
	CURL(curl_easy_setopt)(handle, CURLOPT_URL, url);
	CURL(curl_easy_setopt)(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	CURL(curl_easy_setopt)(handle, CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_V4);
	CURL(curl_easy_setopt)(handle, CURLOPT_TIMEOUT, 20L);
	CURL(curl_easy_setopt)(handle, CURLOPT_WRITEFUNCTION, on_body);
	CURL(curl_easy_setopt)(handle, CURLOPT_HEADERFUNCTION, on_field);
	if (ca)
		CURL(curl_easy_setopt)(handle, CURLOPT_CAINFO, ca);
	while (scanf("%127s %ld", operation, &size) == 2)
		exchange(handle, operation, size);
	CURL(curl_easy_cleanup)(handle);
	return 0;
}
