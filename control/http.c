/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "memory.h"
#include "origin.h"

#define IDLE_SECONDS 60
#define CLIENTS	     448
#define LEAVING	     64 /* whose connections are shut down, but not closed yet */
#define LISTENERS    2	/* that may share the descriptors */
#define OWN_FILES    40 /* descriptors of the daemon's that are no client's */
#define PARAMETERS   16 /* of an URL that are looked at */

struct http {
	struct api *api;
	struct streams *streams;
	struct MHD_Daemon *daemon;
	struct places places;
};

/* A request whose body is still coming in. */
struct incoming {
	char *body;
	size_t len, cap;
	struct refusal why; /* why.status: 0 as long as nothing is wrong */
};

static void append(struct incoming *incoming, const char *data, size_t len)
{
	if (incoming->why.status)
		return;
	if (len > API_BODY_MAX - incoming->len) {
		refuse(&incoming->why, 413, "the body is over %u bytes", API_BODY_MAX);
		free(incoming->body);
		incoming->body = NULL;
		return;
	}
	if (incoming->len + len > incoming->cap) {
		incoming->cap = 2 * (incoming->len + len);
		incoming->body = sure(realloc(incoming->body, incoming->cap));
	}
	memcpy(incoming->body + incoming->len, data, len);
	incoming->len += len;
}

static enum MHD_Result check_header(
	void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct refusal *why = context;

	(void)kind;
	if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0 && !origin_host_is_own(value))
		refuse(why, 403, "Host '%.100s' is not this daemon's; use localhost", value);
	else if (strcasecmp(name, MHD_HTTP_HEADER_ORIGIN) == 0 && !origin_is_own(value))
		refuse(why, 403, "Origin '%.100s' may not use this daemon; pages of localhost may",
			value);
	return MHD_YES;
}

/* Takes the response. */
static enum MHD_Result send_response(struct MHD_Connection *connection,
	const struct api_answer *answer, struct MHD_Response *response)
{
	enum MHD_Result result;

	MHD_add_response_header(
		response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type ?: "application/json");
	if (answer->feed)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (*answer->allow)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow);
	for (int i = 0; i < answer->warnings.count; i++)
		MHD_add_response_header(response, "X-Chaos-Warning", answer->warnings.text[i]);
	result = MHD_queue_response(connection, (unsigned)answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct api_answer *answer)
{
	struct MHD_Response *response = sure(MHD_create_response_from_buffer(
		strlen(answer->body), answer->body, MHD_RESPMEM_MUST_FREE));

	return send_response(connection, answer, response);
}

static enum MHD_Result refuse_now(struct MHD_Connection *connection, const struct refusal *why)
{
	struct api_answer answer = {0};

	api_refuse(why, &answer);
	return send_answer(connection, &answer);
}

/*
 * The head is there. A client that waits for "100 Continue" gets its refusal now; any other one is
 * heard out first, since one that is cut off while it writes never reads the answer.
 */
static enum MHD_Result begin(struct MHD_Connection *connection, void **state)
{
	struct incoming *incoming = sure(calloc(1, sizeof(*incoming)));
	const char *length = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	const char *expect =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT);

	*state = incoming;
	MHD_get_connection_values(connection, MHD_HEADER_KIND, check_header, &incoming->why);
	if (!incoming->why.status && length && strtoull(length, NULL, 10) > API_BODY_MAX)
		refuse(&incoming->why, 413, "the body is over %u bytes", API_BODY_MAX);
	if (incoming->why.status && expect)
		return refuse_now(connection, &incoming->why);
	return MHD_YES;
}

static struct place *place_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

struct parameters {
	struct parameter list[PARAMETERS];
	size_t count;
};

static enum MHD_Result add_parameter(void *context, __attribute__((unused)) enum MHD_ValueKind kind,
	const char *name, const char *value)
{
	struct parameters *parameters = context;

	if (parameters->count == PARAMETERS)
		return MHD_NO;
	parameters->list[parameters->count++] = (struct parameter){name, value};
	return MHD_YES;
}

static bool accepts_stream(struct MHD_Connection *connection)
{
	const char *accept =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);

	return accept && strcasestr(accept, "text/event-stream");
}

static enum MHD_Result answer(struct http *http, struct MHD_Connection *connection,
	const char *method, const char *path, const struct incoming *incoming)
{
	struct parameters parameters = {.count = 0};
	struct api_answer answer = {0};
	struct api_request request = {.method = method,
		.path = path,
		.body = incoming->body ? incoming->body : "",
		.len = incoming->len,
		.parameters = parameters.list,
		.wants_stream = accepts_stream(connection),
		.last_event_id =
			MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Last-Event-ID")};

	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_parameter, &parameters);
	request.parameter_count = parameters.count;
	api_answer(http->api, &request, &answer);
	streams_look(http->streams);
	if (!answer.feed)
		return send_answer(connection, &answer);
	return send_response(connection, &answer,
		streams_response(http->streams, answer.feed, connection, &http->places,
			place_of(connection)));
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *data_len, void **state)
{
	struct http *http = context;
	struct incoming *incoming = *state;

	(void)version;
	places_touch(&http->places, place_of(connection));
	if (!incoming)
		return begin(connection, state);
	if (*data_len > 0) {
		append(incoming, data, *data_len);
		*data_len = 0;
		return MHD_YES;
	}
	if (incoming->why.status)
		return refuse_now(connection, &incoming->why);
	return answer(http, connection, method, url, incoming);
}

static void on_end(void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	struct incoming *incoming = *state;

	(void)context;
	(void)connection;
	(void)code;
	if (incoming)
		free(incoming->body);
	free(incoming);
	*state = NULL;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **place,
	enum MHD_ConnectionNotificationCode code)
{
	struct http *http = context;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		places_leave(&http->places, *place);
	else
		*place = places_take(&http->places,
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
				->connect_fd);
}

/* So many that descriptors do not run out first: then nobody could be told to go. */
static unsigned count_places(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 ||
		files.rlim_cur >= LISTENERS * (CLIENTS + LEAVING) + OWN_FILES)
		return CLIENTS;
	if (files.rlim_cur < OWN_FILES + 4 * LISTENERS)
		return 2;
	return (unsigned)(files.rlim_cur - OWN_FILES) / LISTENERS / 2;
}

struct http *http_start(struct api *api, struct streams *streams, int listening)
{
	struct http *http = sure(calloc(1, sizeof(*http)));

	http->api = api;
	http->streams = streams;
	http->places.most = count_places();
	/* One thread polls all clients: a slow one holds up nobody, and requests are short. */
	http->daemon = MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0,
		NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET, listening,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_LIMIT,
		http->places.most + LEAVING, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
	if (http->daemon)
		return http;
	free(http);
	return NULL;
}

void http_stop(struct http *http)
{
	if (!http)
		return;
	MHD_stop_daemon(http->daemon);
	free(http);
}
