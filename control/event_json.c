/* SPDX-License-Identifier: Apache-2.0 */
#include "event_json.h"

#include <inttypes.h>
#include <time.h>

#include <openssl/sha.h>

#include "shim/memory/journal.h"
#include "utf8.h"

static uint64_t now_of(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

uint64_t event_wall_time(uint64_t monotonic)
{
	return now_of(CLOCK_REALTIME) - now_of(CLOCK_MONOTONIC) + monotonic;
}

const char *event_lane_name(const struct event *event)
{
	static const char *const names[] = {"plain", "inside", "bridge", "relay"};

	return event->lane < sizeof(names) / sizeof(*names) ? names[event->lane] : NULL;
}

const char *event_action_name(const struct event *event)
{
	static const char *const names[] = {NULL, "error", "delay", "delay+error"};

	return names[event->action & (EVENT_ERROR | EVENT_DELAY)];
}

/* What is no UTF-8 becomes '?', what a terminal would obey is escaped. */
static size_t print_character(FILE *out, const char *at, size_t len)
{
	size_t step = utf8_step(at, len);

	if (step == 1 && (*at == '"' || *at == '\\'))
		fprintf(out, "\\%c", *at);
	else if (step && utf8_is_obeyed(at, step))
		fprintf(out, "\\u%04x", (unsigned)utf8_code(at, step));
	else if (step)
		fwrite_unlocked(at, 1, step, out);
	else
		putc_unlocked('?', out);
	return step ? step : 1;
}

static void print_string(FILE *out, struct span text)
{
	putc_unlocked('"', out);
	for (size_t i = 0; i < text.len;)
		i += print_character(out, text.at + i, text.len - i);
	putc_unlocked('"', out);
}

static void print_text(FILE *out, const char *name, struct span text)
{
	fprintf(out, ", \"%s\": ", name);
	if (text.len)
		print_string(out, text);
	else
		fputs_unlocked("null", out);
}

static void print_name(FILE *out, const char *name, const char *text)
{
	print_text(out, name, text ? span_of(text) : (struct span){NULL, 0});
}

static void print_number(FILE *out, const char *name, uint64_t number, bool is_known)
{
	if (is_known)
		fprintf(out, ", \"%s\": %" PRIu64, name, number);
	else
		fprintf(out, ", \"%s\": null", name);
}

static void print_ms(FILE *out, const char *name, uint64_t ns, bool is_known)
{
	if (is_known)
		fprintf(out, ", \"%s\": %" PRIu64 ".%03" PRIu64, name, ns / 1000000,
			ns / 1000 % 1000);
	else
		fprintf(out, ", \"%s\": null", name);
}

static void print_time(FILE *out, uint64_t wall)
{
	time_t seconds = (time_t)(wall / 1000000000);
	struct tm parts;
	char text[32];

	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	fprintf(out, "\"time\": \"%s.%06" PRIu64 "Z\"", text, wall / 1000 % 1000000);
}

struct span event_redact(struct span resource, char text[EVENT_REDACTED])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)resource.at, resource.len, digest);
	*text = '#';
	for (size_t i = 0; i < 8; i++)
		snprintf(text + 1 + 2 * i, 3, "%02x", digest[i]);
	return span_of(text);
}

size_t event_program_length(struct span command)
{
	const char *blank = span_find(command, ' ');

	return blank ? (size_t)(blank - command.at) : command.len;
}

static void print_resource(FILE *out, struct span resource, bool redact)
{
	char text[EVENT_REDACTED];

	if (redact && resource.len)
		resource = event_redact(resource, text);
	print_text(out, "resource", resource);
}

/* Its arguments name resources, too. */
static void print_process(FILE *out, struct span command, bool redact)
{
	if (redact)
		command.len = event_program_length(command);
	print_text(out, "process", command);
}

static void print_taken(FILE *out, const struct event *event)
{
	static const char *const readings[] = {NULL, "none", "part", "whole"};

	fprintf(out, ", \"taken\": %s",
		event->taken == EVENT_NOTHING_TO_TAKE ? "null"
		: event->taken == EVENT_TAKEN	      ? "true"
						      : "false");
	print_name(out, "read", readings[event->taken % (EVENT_TAKEN + 1)]);
}

static void print_end(FILE *out, const struct event *event)
{
	static const char *const ends[] = {NULL, "whole", "cut"};

	print_name(out, "end", event->end <= EVENT_CUT ? ends[event->end] : NULL);
}

/* Whether a token that makes the call idempotent was sent; null where there is none, or nobody saw. */
static void print_token(FILE *out, uint32_t token)
{
	fprintf(out, ", \"token\": %s",
		token < EVENT_TOKEN_MISSING    ? "null"
		: token == EVENT_TOKEN_MISSING ? "false"
					       : "true");
}

static void print_who(FILE *out, const struct event *event, bool redact)
{
	print_number(out, "pid", event->pid, event->pid != 0);
	print_process(out, event_text(event, EVENT_PROCESS), redact);
	print_text(out, "label", event_text(event, EVENT_LABEL));
	print_number(out, "connection", event->connection, true);
	fprintf(out, ", \"reused\": %s", event->is_reused ? "true" : "false");
	print_text(out, "service", event_text(event, EVENT_SERVICE));
	print_text(out, "also", event_text(event, EVENT_ALSO));
	print_text(out, "region", event_text(event, EVENT_REGION));
	print_text(out, "operation", event_text(event, EVENT_OPERATION));
	print_resource(out, event_text(event, EVENT_RESOURCE), redact);
	print_number(out, "attempt", event->attempt, event->attempt != 0);
	print_text(out, "call", event_text(event, EVENT_INVOCATION));
	print_text(out, "sdk", event_text(event, EVENT_SDK));
	print_text(out, "app", event_text(event, EVENT_APP));
	print_text(out, "retryMode", event_text(event, EVENT_MODE));
	print_number(out, "attemptsMax", event->attempts_max, event->attempts_max != 0);
	print_token(out, event->token);
}

static void print_what(FILE *out, const struct event *event)
{
	if (event->rule)
		fprintf(out, ", \"rule\": \"%" PRIu64 "\"", event->rule);
	else
		fputs_unlocked(", \"rule\": null", out);
	print_name(out, "action", event_action_name(event));
	print_ms(out, "delayMs", event->delayed, event->delayed != 0);
	print_number(out, "status", event->status, event->status != 0);
	print_text(out, "code", event_text(event, EVENT_CODE));
	print_ms(out, "firstByteMs", event->first, event->first != 0);
	print_ms(out, "durationMs", event->ended, event->started != 0);
	print_number(out, "bytesOut", event->sent, true);
	print_number(out, "bytesIn", event->received, true);
	print_end(out, event);
	print_taken(out, event);
	print_name(out, "lane", event_lane_name(event));
}

void event_print(FILE *out, uint64_t number, const struct event *event, bool redact)
{
	putc_unlocked('{', out);
	if (event->started)
		print_time(out, event_wall_time(event->started));
	else
		fputs_unlocked("\"time\": null", out);
	print_number(out, "number", number, true);
	print_who(out, event, redact);
	print_what(out, event);
	putc_unlocked('}', out);
}
