/* SPDX-License-Identifier: Apache-2.0 */

#include "client.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "shim/base/span.h"
#include "shim/memory/runtime.h"

/* A daemon that compiles 65,536 rules may take its time. */
#define TIMEOUT_SECONDS 60L

static int append(char **text, size_t *size, const char *more, size_t len)
{
	char *longer = realloc(*text, *size + len + 1);

	if (!longer)
		return -ENOMEM;
	memcpy(longer + *size, more, len);
	*text = longer;
	*size += len;
	longer[*size] = '\0';
	return 0;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *user)
{
	struct client_answer *answer = user;

	return append(&answer->body, &answer->body_size, bytes, size * count) ? 0 : size * count;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *user)
{
	static const struct span name = SPAN("X-Chaos-Warning:");
	struct client_answer *answer = user;
	struct span line = {bytes, size * count};
	size_t length = strlen(answer->warnings);

	if (line.len <= name.len || !span_equal_nocase((struct span){line.at, name.len}, name))
		return line.len;
	line = span_from(line, name.len);
	while (line.len && strchr(" \r\n", line.at[line.len - 1]))
		line.len--;
	while (line.len && *line.at == ' ')
		line = span_from(line, 1);
	if (append(&answer->warnings, &length, line.at, line.len) ||
		append(&answer->warnings, &length, "\n", 1))
		return 0;
	return size * count;
}

static CURLcode perform(CURL *curl, const struct client_request *request,
	struct client_answer *answer, struct curl_slist *headers, char reason[256])
{
	char socket[PATH_MAX + sizeof(RUNTIME_SOCKET)], url[256], error[CURL_ERROR_SIZE] = "";
	CURLcode code;

	snprintf(socket, sizeof(socket), "%s/" RUNTIME_SOCKET, request->folder);
	snprintf(url, sizeof(url), "http://localhost%s", request->path);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
	if (request->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	code = curl_easy_perform(curl);
	snprintf(reason, 256, "%s", *error ? error : curl_easy_strerror(code));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
	return code;
}

int client_call(
	const struct client_request *request, struct client_answer *answer, char reason[256])
{
	int error = folder_probe(request->folder);
	struct curl_slist *headers;
	CURLcode code;
	CURL *curl;

	if (error)
		return error;
	*answer = (struct client_answer){.body = strdup(""), .warnings = strdup("")};
	/* No "Expect: 100-continue": on this socket the wait for it costs more than the body. */
	headers = curl_slist_append(NULL, "Expect:");
	headers = curl_slist_append(headers, "Content-Type: application/json");
	curl = curl_easy_init();
	if (curl && headers && answer->body && answer->warnings)
		code = perform(curl, request, answer, headers, reason);
	else
		code = CURLE_OUT_OF_MEMORY;
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	if (code == CURLE_OK)
		return 0;
	if (code == CURLE_OUT_OF_MEMORY)
		snprintf(reason, 256, "%s", strerror(ENOMEM));
	client_free(answer);
	return -EIO;
}

void client_free(struct client_answer *answer)
{
	free(answer->body);
	free(answer->warnings);
	*answer = (struct client_answer){0};
}
