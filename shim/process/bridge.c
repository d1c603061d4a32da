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

void shim_give_up_bridge(const char *why)
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
		shim_give_up_bridge(
			atomic_load(&shim.guests)
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
		shim_give_up_bridge(reason);
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
		shim_give_up_bridge(
			"it trusts its own list of authorities alone; run it by chaos-run, or name "
			"what 'chaos-ctl ca --path' says in NODE_EXTRA_CA_CERTS or DENO_CERT");
		return;
	}
	api = find_api();
	if (!api) {
		shim_give_up_bridge(why_not_loaded());
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
		shim_give_up_bridge("its TLS is built in, and is to be left alone; "
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
