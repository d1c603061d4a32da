/* SPDX-License-Identifier: Apache-2.0 */
#include "serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"
#include "authority.h"
#include "folder.h"
#include "http.h"
#include "leftovers.h"
#include "listen.h"
#include "living.h"
#include "processes.h"
#include "model.h"
#include "shim/memory/runtime.h"

#define LOOK_NS	    250000000 /* between two looks at whether a private daemon is still needed */
#define EMPTY_LOOKS 2	      /* a process may be on its way into the list */
#define HOUR	    3600      /* between two looks at the authority, or attempts to renew it */

struct server {
	struct folder folder;
	struct writer writer;
	struct api api;
	struct streams *streams;
	struct http *local, *network;
	int local_fd, network_fd;
	time_t renew_at; /* the authority */
	char socket[PATH_MAX];
	char next_socket[PATH_MAX];
	char state[PATH_MAX];
	char listening[64];
};

/* Returns the exit code. */
static int fail(const struct refusal *why)
{
	char text[REFUSAL_TEXT_MAX];

	refusal_text(why, text, sizeof(text));
	fprintf(stderr, "chaos-control: %s\n", text);
	return why->status == FOLDER_BUSY ? EX_TEMPFAIL : EXIT_FAILURE;
}

/* An absolute path, since a daemon in the background leaves its directory. */
static int choose_state(
	struct server *server, const struct serve_options *options, struct refusal *why)
{
	char here[PATH_MAX] = "";
	int len;

	/* It takes what another daemon has saved there, and saves nothing. */
	if (options->owner)
		return folder_file(
			&server->folder, RUNTIME_STATE, server->state, sizeof(server->state), why);
	server->api.state_path = server->state;
	if (options->state)
		refusal_of_option(why, "--state", "");
	if (options->state && !*options->state)
		return refuse(why, 400, "the path of a file is expected");
	if (!options->state)
		return folder_file(
			&server->folder, RUNTIME_STATE, server->state, sizeof(server->state), why);
	if (*options->state != '/' && !getcwd(here, sizeof(here)))
		return refuse(why, 500, "no current directory: %s", strerror(errno));
	len = snprintf(server->state, sizeof(server->state), "%s%s%s", here, *here ? "/" : "",
		options->state);
	return len < (int)sizeof(server->state)
		       ? 0
		       : refuse(why, 500, "the path of the state file is too long");
}

/* Before anything is changed, since a port in use is what fails most. Two that have bound a port
 * without listening would both believe to have it; who connects to it now waits for the answer. */
static int open_sockets(
	struct server *server, const struct serve_options *options, struct refusal *why)
{
	if (folder_file(
		    &server->folder, RUNTIME_SOCKET, server->socket, sizeof(server->socket), why) ||
		folder_file(&server->folder, RUNTIME_SOCKET_NEXT, server->next_socket,
			sizeof(server->next_socket), why))
		return -EINVAL;
	if (options->listen) {
		refusal_of_option(why, "--listen", "");
		server->network_fd = listen_tcp(
			options->listen, server->listening, sizeof(server->listening), why);
		if (server->network_fd < 0)
			return -EINVAL;
		server->api.listening = server->listening;
		*why->source = '\0';
	}
	/* A killed daemon's, which answers nobody. */
	if (unlink(server->socket) < 0 && errno != ENOENT)
		return refuse(why, 500, "cannot remove %s: %s", server->socket, strerror(errno));
	server->local_fd = listen_unix(server->next_socket, why);
	return server->local_fd < 0 ? -EINVAL : 0;
}

/* Names of the configuration are looked up in it. A bad one is said, and done without. */
static struct loaded_model *load_model(const struct serve_options *options)
{
	char reason[MODEL_REASON_MAX];
	struct loaded_model *model = model_load_chosen(options->model, reason);

	if (*reason)
		fprintf(stderr, "chaos-control: %s\n", reason);
	return model;
}

/* Before there is a table that programs look for. */
static int publish_model(
	struct server *server, const struct serve_options *options, struct refusal *why)
{
	int error = model_publish(load_model(options), server->folder.path);

	return error ? refuse(why, 500, "cannot write %s/" RUNTIME_MODEL ": %s",
			       server->folder.path, strerror(-error))
		     : 0;
}

static int load(struct server *server, const struct serve_options *options, struct refusal *why)
{
	struct api *api = &server->api;
	const char *reason = "";

	api->observe.is_option = options->observe;
	if (publish_model(server, options, why) || choose_state(server, options, why) ||
		initial_config(&options->initial, server->state, &api->config, why))
		return -EINVAL;
	*why->source = '\0';
	if (authority_keep(server->folder.path, &options->intercept, &server->renew_at, why))
		return -EINVAL;
	if (writer_open(&server->writer, server->folder.path, &reason))
		return refuse(why, 500, "%s", reason);
	api->writer = &server->writer;
	api->folder = server->folder.path;
	return 0;
}

/* Takes the socket over. */
static int start_http(struct server *server, int *fd, struct http **http, struct refusal *why)
{
	*http = http_start(&server->api, server->streams, *fd);
	*fd = -1;
	return *http ? 0 : refuse(why, 500, "cannot start libmicrohttpd: %s", strerror(errno));
}

static int start_listening(struct server *server, struct refusal *why)
{
	server->streams = streams_start(&server->api);
	if (!server->streams)
		return refuse(why, 500, "cannot start a thread: %s", strerror(errno));
	if (server->network_fd >= 0 &&
		start_http(server, &server->network_fd, &server->network, why))
		return -EINVAL;
	return start_http(server, &server->local_fd, &server->local, why);
}

/* Who comes before all is ready waits for the lock. */
static int put_in_force(struct server *server, struct refusal *why)
{
	int error;

	pthread_mutex_lock(&server->api.lock);
	if (rename(server->next_socket, server->socket) < 0)
		error = refuse(
			why, 500, "cannot rename %s: %s", server->next_socket, strerror(errno));
	else
		error = api_start(&server->api, why);
	if (!error)
		writer_serve_guests(&server->writer);
	pthread_mutex_unlock(&server->api.lock);
	/* There may be a lease from the start. */
	streams_look(server->streams);
	return error;
}

static void stop_listening(struct server *server)
{
	unlink(server->socket);
	unlink(server->next_socket);
	if (server->streams)
		streams_end(server->streams);
	http_stop(server->local);
	http_stop(server->network);
	streams_free(server->streams);
	if (server->local_fd >= 0)
		close(server->local_fd);
	if (server->network_fd >= 0)
		close(server->network_fd);
}

/* What is done last can fail least, and what is in force and saved stays until then. Returns the exit
 * code of a failure, or 0. */
static int start(struct server *server, const struct serve_options *options)
{
	struct refusal why = {0};

	server->folder.is_private = options->owner != 0;
	if (folder_open(&server->folder, options->dir, &why))
		return fail(&why);
	if (!open_sockets(server, options, &why) && !load(server, options, &why) &&
		!start_listening(server, &why) && !put_in_force(server, &why))
		return 0;
	stop_listening(server);
	api_stop(&server->api, &(struct refusal){0});
	if (server->api.writer)
		writer_close(&server->writer);
	folder_restore(&server->folder);
	folder_close(&server->folder);
	return fail(&why);
}

static void stop(struct server *server, const struct serve_options *options)
{
	struct refusal why = {0};

	stop_listening(server);
	if (api_stop(&server->api, &why)) {
		snprintf(why.source, sizeof(why.source), "cannot lift the rules");
		fail(&why);
	}
	writer_close(&server->writer);
	if (options->owner)
		folder_remove(&server->folder);
	folder_close(&server->folder);
}

/* Programs that have begun go on with the old one. */
static void renew_authority(struct server *server, const struct serve_options *options)
{
	struct refusal why = {0};

	if (time(NULL) < server->renew_at)
		return;
	if (!authority_keep(server->folder.path, &options->intercept, &server->renew_at, &why))
		return;
	fail(&why);
	server->renew_at = time(NULL) + HOUR;
}

/* Returns when a signal asks for the end, or nobody needs a private daemon any more. */
static void wait_for_end(
	struct server *server, const struct serve_options *options, const sigset_t *signals)
{
	const struct timespec look = {.tv_nsec = LOOK_NS}, hour = {.tv_sec = HOUR};
	pid_t owner = options->owner;
	uint64_t begin = owner ? journal_process_start((uint32_t)owner) : 0;
	int empty = 0;

	while (empty < EMPTY_LOOKS) {
		int signal = sigtimedwait(signals, NULL, owner ? &look : &hour);

		if (signal > 0)
			return;
		renew_authority(server, options);
		if (!owner)
			continue;
		if (living_pid((uint32_t)owner, begin) ||
			processes_any(server->writer.journal, &server->writer.guests) ||
			folder_is_supervised(&server->folder))
			empty = 0;
		else
			empty++;
	}
}

int serve(const struct serve_options *options, void (*ready)(void *context), void *context)
{
	struct server server = {
		.api.lock = PTHREAD_MUTEX_INITIALIZER, .local_fd = -1, .network_fd = -1};
	sigset_t signals;
	int code;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* Before there are threads, so that all of them leave these signals to this one. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	umask(077);
	code = start(&server, options);
	if (code)
		return code;
	fprintf(options->out, "chaos-control: listening on %s%s%s\n", server.socket,
		*server.listening ? " and http://" : "", server.listening);
	fflush(options->out);
	ready(context);
	leftovers_remove();
	wait_for_end(&server, options, &signals);
	stop(&server, options);
	return 0;
}

int serve_check(const struct serve_options *options)
{
	struct refusal why = {0};
	struct config config = {0};
	char reason[MODEL_REASON_MAX];
	int error;

	/* The daemon itself will say what is wrong with it. */
	model_load_chosen(options->model, reason);
	error = initial_config(&options->initial, NULL, &config, &why);
	if (!error) {
		*why.source = '\0';
		error = apply_check(&config, &why);
	}
	config_clear(&config);
	return error ? fail(&why) : EXIT_SUCCESS;
}
