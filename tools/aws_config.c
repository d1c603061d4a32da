/* SPDX-License-Identifier: Apache-2.0 */
#include "aws_config.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/engine/endpoints.h"

/* One look through the file. */
struct look {
	const char *profile, *services; /* whose section is looked at; NULL: not that of any */
	bool is_inside;			/* it */
	bool secure;
	char *taken; /* [services] that the profile takes; NULL: none */
	bool is_ignoring;
	char *hosts;
};

static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t");
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text;
}

static void add_host(struct look *look, const char *url)
{
	struct endpoints named = {.count = 0};
	bool is_secure = strncasecmp(url, "https:", 6) == 0;
	char *list, *entry = NULL;
	const char *host;
	bool is_v6;

	if ((!is_secure && (look->secure || strncasecmp(url, "http:", 5) != 0)) ||
		asprintf(&entry, "AWS_ENDPOINT_URL=%s", url) < 0)
		return;
	endpoints_read(&named, (char *const[]){entry, NULL}, &(struct span){0});
	free(entry);
	host = named.count ? named.all[0].host : "";
	if (endpoints_check_host(span_of(host)))
		return;
	is_v6 = strchr(host, ':');
	if (asprintf(&list, "%s%s%s%s%s:%u", look->hosts ?: "", look->hosts ? "," : "",
		    is_v6 ? "[" : "", host, is_v6 ? "]" : "", named.all[0].port) < 0)
		return;
	free(look->hosts);
	look->hosts = list;
}

/* [default], [profile NAME], [services NAME]; there may be quotes around the name. */
static bool is_section(char *head, const char *kind, const char *name)
{
	char *end = strchr(head, ']'), *text;

	if (!name || !end)
		return false;
	*end = '\0';
	text = trim(head + 1);
	if (strcmp(kind, "profile") == 0 && strcmp(name, "default") == 0 &&
		strcmp(text, "default") == 0)
		return true;
	if (strncmp(text, kind, strlen(kind)) != 0 || !strchr(" \t", text[strlen(kind)]))
		return false;
	text = trim(text + strlen(kind));
	if (*text == '"' && strlen(text) > 1 && text[strlen(text) - 1] == '"') {
		text[strlen(text) - 1] = '\0';
		text++;
	}
	return strcmp(text, name) == 0;
}

static void take_setting(struct look *look, const char *name, const char *value)
{
	if (strcmp(name, "endpoint_url") == 0)
		add_host(look, value);
	if (strcmp(name, "ignore_configured_endpoint_urls") == 0)
		look->is_ignoring = strcasecmp(value, "true") == 0;
	if (strcmp(name, "services") == 0) {
		free(look->taken);
		look->taken = strdup(value);
	}
}

static void take_line(struct look *look, char *line)
{
	char *text = trim(line), *value = strchr(text, '=');

	if (*text == '[') {
		look->is_inside = look->services ? is_section(text, "services", look->services)
						 : is_section(text, "profile", look->profile);
		return;
	}
	if (!look->is_inside || !value || strchr("#;", *text))
		return;
	*value++ = '\0';
	take_setting(look, trim(text), trim(value));
}

static void look_through(struct look *look, FILE *file)
{
	char *line = NULL;
	size_t size = 0;

	rewind(file);
	look->is_inside = false;
	while (getline(&line, &size, file) >= 0)
		take_line(look, line);
	free(line);
}

/* What is in a pipe is for the program alone. */
static FILE *open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		return fdopen(fd, "r");
	close(fd);
	return NULL;
}

static FILE *open_file(void)
{
	const char *named = getenv("AWS_CONFIG_FILE"), *home = getenv("HOME");
	char path[PATH_MAX];

	if (named && *named && strncmp(named, "~/", 2) != 0)
		return open_regular(named);
	if (!home)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", home, named && *named ? named + 2 : ".aws/config");
	return open_regular(path);
}

static bool is_ignored(void)
{
	const char *value = getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");

	return value && strcasecmp(value, "true") == 0;
}

char *aws_config_hosts(bool secure)
{
	const char *profile = getenv("AWS_PROFILE");
	struct look look = {.profile = profile && *profile ? profile : "default", .secure = secure};
	FILE *file = is_ignored() ? NULL : open_file();

	if (!file)
		return NULL;
	look_through(&look, file);
	look.services = look.taken;
	if (look.services)
		look_through(&look, file);
	fclose(file);
	free(look.taken);
	if (!look.is_ignoring)
		return look.hosts;
	free(look.hosts);
	return NULL;
}
