/* SPDX-License-Identifier: Apache-2.0 */
/* The bridge's library: loaded when the first connection wants one. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim.h"
#include "shim/libc/loader.h"
#include "shim/libc/real.h"
#include "shim/memory/blocks.h"
#include "shim/memory/runtime.h"

#define LIBRARY "libchaos-bridge.so"

/* Beside our own library. False: it has no path. */
static bool find_library(char *path, size_t size)
{
	const char *slash;
	Dl_info self;
	int len;

	if (!dladdr(&shim, &self) || !(slash = strrchr(self.dli_fname, '/')))
		return false;
	len = snprintf(path, size, "%.*s/" LIBRARY, (int)(slash - self.dli_fname), self.dli_fname);
	return len < (int)size;
}

static void give_up(const char *why)
{
	atomic_store(&shim.bridge.obstacle, why);
	atomic_store(&shim.bridge.state, BRIDGE_NOT_THERE);
}

void *shim_bridge_symbol(const char *name)
{
	char path[4096];
	void *library = find_library(path, sizeof(path))
				? loader_dlopen(path, RTLD_NOW | RTLD_LOCAL)
				: NULL;

	return library ? loader_dlsym(library, name) : NULL;
}

static const struct bridge_api *find_api(void)
{
	const struct bridge_api *(*find)(uint32_t version);

	*(void **)&find = shim_bridge_symbol("bridge_api");
	return find ? find(BRIDGE_VERSION) : NULL;
}

/* Who looks into a variable, or may and would not be seen to. */
enum reader { BY_NODE = 1, BY_RELAY = 2, BY_OTHERS = 4 };

/* Where a program is told whom to trust besides: files and folders. A program that obeys another variable is
 * seen to open what it names, unless it makes its own system calls. */
static const struct {
	const char *name;
	unsigned readers; /* of enum reader */
} bundle_variables[] = {
	{"AWS_CA_BUNDLE", BY_RELAY | BY_OTHERS},
	{"SSL_CERT_FILE", BY_RELAY | BY_OTHERS},
	{"NODE_EXTRA_CA_CERTS", BY_NODE},
	{"DENO_CERT", BY_NODE},
	{"REQUESTS_CA_BUNDLE", BY_RELAY},
	{"CURL_CA_BUNDLE", BY_RELAY},
};
#define VARIABLES (sizeof(bundle_variables) / sizeof(*bundle_variables))
#define FOLDERS	  8

/* Bound as the program is loaded, so that looking costs nothing. */
extern __attribute__((weak)) void napi_create_object(void);

bool shim_is_node(void)
{
	return napi_create_object;
}

static bool is_ours(const char *path)
{
	size_t len = strlen(shim.folder);

	return strncmp(path, shim.folder, len) == 0 && strcmp(path + len, "/" RUNTIME_CA) == 0;
}

/* FOLDER:FOLDER. They are put into `text`. */
static size_t list_folders(const char *bundles[FOLDERS], char text[PATH_MAX])
{
	const char *value = getenv("SSL_CERT_DIR");
	size_t count = 0;
	char *rest = text;

	if (snprintf(text, PATH_MAX, "%s", value ? value : "") >= PATH_MAX)
		return 0;
	for (char *folder; count < FOLDERS && (folder = strsep(&rest, ":"));)
		if (*folder)
			bundles[count++] = folder;
	return count;
}

static int is_virtual_machine(struct dl_phdr_info *object, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	return strstr(object->dlpi_name, "/libjvm.so") != NULL;
}

static unsigned reader(void)
{
	if (shim_is_node())
		return BY_NODE;
	return atomic_load(&shim.is_relay) ? BY_RELAY : BY_OTHERS;
}

/* Java has its trust stores alone, which it is seen to open. */
static void list_bundles(const char *bundles[VARIABLES + FOLDERS + 1], char text[PATH_MAX])
{
	bool is_java = dl_iterate_phdr(is_virtual_machine, NULL);
	size_t count = is_java ? 0 : list_folders(bundles, text);

	for (size_t i = 0; i < VARIABLES && !is_java; i++) {
		const char *value = getenv(bundle_variables[i].name);

		if (!(bundle_variables[i].readers & reader()))
			continue;
		/* What we add to a program's trust vouches for no server. */
		if (value && *value && !is_ours(value))
			bundles[count++] = value;
	}
	bundles[count] = NULL;
}

void shim_note_bundle(struct span content)
{
	struct span *copy = NULL;

	for (size_t i = 0; i < SHIM_BUNDLES; i++) {
		struct span *other = atomic_load(&shim.bridge.bundles[i]);

		if (!other && !copy) {
			copy = blocks_take(sizeof(*copy) + content.len);
			if (!copy)
				return;
			*copy = (struct span){(char *)(copy + 1), content.len};
			memcpy(copy + 1, content.at, content.len);
		}
		if (!other && atomic_compare_exchange_strong(&shim.bridge.bundles[i], &other, copy))
			return;
		if (span_equal(*other, content))
			break;
	}
	blocks_give(copy);
}

/* Told of nothing, Node would refuse us. */
static bool would_refuse(void)
{
	const char *named = getenv("NODE_EXTRA_CA_CERTS"), *deno = getenv("DENO_CERT");

	return shim_is_node() && !(named && *named) && !(deno && *deno);
}

static void make(const struct bridge_api *api)
{
	char key[sizeof(shim.folder) + 16];
	/* Key and certificate stand there, so that both are of one authority. */
	struct bridge_settings settings = {.certificate = key, .key = key};
	const char *bundles[VARIABLES + FOLDERS + 1];
	char text[PATH_MAX];
	const char *reason = NULL;

	snprintf(key, sizeof(key), "%s/" RUNTIME_CA_KEY, shim.folder);
	if (access(key, R_OK)) {
		give_up(atomic_load(&shim.guests)
				? "it runs as another user than chaos-run, and such programs get "
				  "no bridge; put chaos-run behind what changes the user, as in "
				  "sudo -u USER chaos-run"
				: "the runtime folder has no authority that it can read; start "
				  "chaos-control again");
		return;
	}
	list_bundles(bundles, text);
	settings.bundles = bundles;
	settings.password = shim.bridge.password;
	shim.bridge.api = api;
	shim.bridge.maker = api->make(&settings, &reason);
	if (!shim.bridge.maker)
		give_up(reason);
}

/* The loader does not tell by a number. */
static const char *why_not_loaded(void)
{
	char path[4096];
	int fd = find_library(path, sizeof(path)) ? real.open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		return "too many files are open to load " LIBRARY "; raise 'ulimit -n'";
	if (fd >= 0)
		real.close(fd);
	return LIBRARY " cannot be loaded from beside the library, for want of memory or since it "
		       "is not there or another; install chaos-run anew";
}

static void load(void)
{
	const struct bridge_api *api;

	if (would_refuse()) {
		give_up("it trusts its own list of authorities alone; run it by chaos-run, or name "
			"what 'chaos-ctl ca --path' says in NODE_EXTRA_CA_CERTS or DENO_CERT");
		return;
	}
	api = find_api();
	if (!api) {
		give_up(why_not_loaded());
		return;
	}
	make(api);
	if (shim.bridge.maker)
		atomic_store(&shim.bridge.state, BRIDGE_LOADED);
}

void shim_begin_bridge(void)
{
	const char *wanted = getenv("CHAOS_BRIDGE");

	if (wanted && strcmp(wanted, "0") == 0)
		give_up("its TLS is built in, and is to be left alone; "
			"leave out --no-bridge, or CHAOS_BRIDGE=0");
}

void shim_bridge_after_fork(void)
{
	int state = BRIDGE_BEING_LOADED;

	/* What it was in the middle of, the loader's own lists included, is nothing to build on. */
	if (atomic_compare_exchange_strong(&shim.bridge.state, &state, BRIDGE_NOT_THERE))
		atomic_store(&shim.bridge.obstacle, "it forked while " LIBRARY " was being loaded");
}

bool shim_may_bridge(void)
{
	return atomic_load(&shim.bridge.state) != BRIDGE_NOT_THERE && !atomic_load(&shim.sandboxed);
}

/* Of what the program has read by now. Twice does no harm. */
static void tell_bundles(void)
{
	uint32_t told = atomic_load(&shim.bridge.told);

	for (; told < SHIM_BUNDLES; told++) {
		const struct span *content = atomic_load(&shim.bridge.bundles[told]);

		if (!content)
			break;
		shim.bridge.api->believe(shim.bridge.maker, *content);
	}
	atomic_store(&shim.bridge.told, told);
}

bool shim_has_bridge(void)
{
	int state = BRIDGE_NOT_TRIED;

	if (atomic_compare_exchange_strong(&shim.bridge.state, &state, BRIDGE_BEING_LOADED)) {
		load();
		state = atomic_load(&shim.bridge.state);
	}
	/* Another thread is at it: the connection is not to be missed. */
	for (; state == BRIDGE_BEING_LOADED; state = atomic_load(&shim.bridge.state))
		sched_yield();
	if (state == BRIDGE_LOADED)
		tell_bundles();
	return state == BRIDGE_LOADED;
}

const char *shim_bridge_obstacle(const char *name, uint16_t port, bool inner)
{
	if (inner)
		return "it speaks TLS inside of TLS";
	if (atomic_load(&shim.sandboxed))
		return "it has put itself under a seccomp filter; run it without that one";
	if (shim_leaves_alone(name, port))
		return "it would not be bridged before; let it trust what 'chaos-ctl ca' prints";
	return atomic_load(&shim.bridge.obstacle);
}

static bool has_host(const struct shim_hosts *hosts, const char *name)
{
	uint32_t count = atomic_load(&hosts->count);

	for (uint32_t i = 0; i < count && i < SHIM_HOSTS; i++)
		if (strcmp(hosts->names[i], name) == 0)
			return true;
	return false;
}

/* False: there are too many to remember another. */
static bool add_host(struct shim_hosts *hosts, const char *name)
{
	uint32_t place = atomic_fetch_add(&hosts->begun, 1);

	if (place >= SHIM_HOSTS)
		return false;
	snprintf(hosts->names[place], sizeof(hosts->names[place]), "%s", name);
	atomic_fetch_add(&hosts->count, 1);
	return true;
}

/* A host at one port. */
struct place {
	char text[JOURNAL_HOST_MAX];
};

static struct place place_of(const char *name, uint16_t port)
{
	struct place place;

	snprintf(place.text, sizeof(place.text), "%s:%u", name, port);
	return place;
}

bool shim_leaves_alone(const char *name, uint16_t port)
{
	return has_host(&shim.bridge.refused, name) ||
	       has_host(&shim.bridge.refused, place_of(name, port).text);
}

bool shim_is_believed(const char *name)
{
	return atomic_load(&shim.bridge.believed.count) == SHIM_HOSTS ||
	       has_host(&shim.bridge.believed, name);
}

void shim_note_believed(const char *name)
{
	if (!shim_is_believed(name))
		add_host(&shim.bridge.believed, name);
}

/* From now on. Is that new? */
static bool leave(const char *name)
{
	if (has_host(&shim.bridge.refused, name))
		return false;
	/* A program that will not be bridged to so many will not be to others either. */
	if (!add_host(&shim.bridge.refused, name))
		give_up("it would not be bridged to others either; "
			"let it trust what 'chaos-ctl ca' prints");
	/* It needs not be said twice. */
	atomic_fetch_or(&shim.blind_said, 1u << JOURNAL_BLIND_REFUSED);
	return true;
}

static void leave_alone(const char *name, const char *reason, const char *remedy)
{
	if (leave(name))
		shim_say_of_program(
			"calls to %s get no faults any more: %s (%s)\n", name, reason, remedy);
}

bool shim_is_servers_fault(const struct bridge *bridge)
{
	enum bridge_failure failure = shim.bridge.api->failure(bridge);

	return failure != BRIDGE_WANTS_CERTIFICATE && failure != BRIDGE_PROGRAM_FAILED &&
	       failure != BRIDGE_PROGRAM_RENEGOTIATES &&
	       shim.bridge.api->server(bridge) == BRIDGE_SERVER_BAD;
}

/* Where a program like this one is told whom to trust besides. */
static const char *trust_of_program(void)
{
	if (shim.is_relay)
		return "SSL_CERT_FILE";
	if (strcmp(program_invocation_short_name, "java") == 0)
		return "-Djavax.net.ssl.trustStore";
	if (strcmp(program_invocation_short_name, "deno") == 0)
		return "DENO_CERT";
	return shim_is_node() ? "NODE_EXTRA_CA_CERTS" : "AWS_CA_BUNDLE or SSL_CERT_FILE";
}

void shim_note_refusal(const char *name, uint16_t port, const struct bridge *bridge)
{
	const char *reason = shim.bridge.api->reason(bridge);
	bool is_wanted = shim.bridge.api->failure(bridge) == BRIDGE_WANTS_CERTIFICATE;
	struct place place = place_of(name, port);

	if (!*reason)
		reason = "the program would not be bridged";
	if (is_wanted || shim.bridge.api->server(bridge) != BRIDGE_SERVER_DOUBTED)
		leave_alone(is_wanted ? place.text : name, reason,
			"let it trust what 'chaos-ctl ca' prints");
	else if (leave(name))
		shim_say_of_program(
			"it does not trust %s, and would fail without chaos-run, too: %s; "
			"name the authority of that server in %s (calls to it get no "
			"faults any more)\n",
			name, reason, trust_of_program());
}

bool shim_bridge_covers(const char *name)
{
	if (!*name || shim.bridge.api->permits(shim.bridge.maker, name))
		return true;
	leave_alone(name, "the authority of the runtime folder is not good for it",
		"start chaos-control again, with --intercept and that name");
	return false;
}
