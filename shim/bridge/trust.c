/* SPDX-License-Identifier: Apache-2.0 */
#include "trust.h"

#include <dirent.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "file.h"
#include "stores.h"

#define FOLDER_MAX 4096 /* files of one */

/* The first that is there. */
static const char *const system_bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Arch, Alpine */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL, Amazon Linux */
	"/etc/ssl/ca-bundle.pem",	      /* SUSE */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
	NULL,
};

/* How names are looked for, from the quickest on; a later one finds what an earlier one has found. */
enum stage {
	SYSTEM,
	GIVEN,
	LOOSELY,
	STAGES,
};

bool trust_begin(struct trust *trust, const char *const *bundles, const char *password)
{
	size_t count = 0;

	while (bundles && bundles[count])
		count++;
	trust->bundles = calloc(count + 1, sizeof(*trust->bundles));
	if (!trust->bundles)
		return false;
	for (size_t i = 0; i < count; i++) {
		trust->bundles[i] = strdup(bundles[i]);
		if (!trust->bundles[i])
			return false;
	}
	trust->password = password ? strdup(password) : NULL;
	return trust->password || !password;
}

static void free_anchors(struct anchors *anchors)
{
	if (anchors)
		anchors_free(anchors);
	free(anchors);
}

void trust_free(struct trust *trust)
{
	for (char **bundle = trust->bundles; bundle && *bundle; bundle++)
		free(*bundle);
	free(trust->bundles);
	free(trust->password);
	free_anchors(trust->system);
	free_anchors(trust->given);
	for (size_t i = 0; i < TRUST_FILES; i++) {
		free(trust->files[i].content);
		free_anchors(trust->files[i].anchors);
	}
}

void trust_give(struct trust *trust, struct span content)
{
	struct span *copy = malloc(sizeof(*copy));

	if (copy)
		*copy = content;
	for (size_t i = 0; copy && i < TRUST_FILES; i++) {
		struct span *other = NULL;

		if (atomic_compare_exchange_strong(&trust->files[i].content, &other, copy))
			return;
		if (span_equal(*other, content))
			break;
	}
	free(copy);
}

static bool add_file(struct anchors *anchors, const char *path)
{
	struct bytes content;

	if (!file_read(&content, path))
		return false;
	stores_read(anchors, bytes_all(&content));
	bytes_free(&content);
	return true;
}

static void read_system(struct anchors *anchors, const void *unused)
{
	(void)unused;
	for (const char *const *path = system_bundles; *path; path++)
		if (add_file(anchors, *path))
			return;
}

/* Go believes whatever is in it. */
static void add_folder(struct anchors *anchors, const char *folder)
{
	DIR *files = opendir(folder);
	const struct dirent *file;
	char path[PATH_MAX];
	int len;

	for (int i = 0; files && i < FOLDER_MAX && (file = readdir(files)); i++) {
		len = snprintf(path, sizeof(path), "%s/%s", folder, file->d_name);
		if (len > 0 && (size_t)len < sizeof(path) && *file->d_name != '.')
			add_file(anchors, path);
	}
	if (files)
		closedir(files);
}

static void read_given(struct anchors *anchors, const void *bundles)
{
	for (char *const *path = bundles; *path; path++) {
		if (file_is_folder(*path))
			add_folder(anchors, *path);
		else
			add_file(anchors, *path);
	}
}

static void read_content(struct anchors *anchors, const void *content)
{
	stores_read(anchors, *(const struct span *)content);
}

/* Reads them when they are first needed. Two threads may do so at once; one of them wins. No lock, for
 * after a fork its holder may be gone. */
static struct anchors *get(const struct trust *trust, struct anchors *_Atomic *place,
	void (*read)(struct anchors *anchors, const void *from), const void *from)
{
	struct anchors *anchors = atomic_load(place), *other = NULL;

	if (anchors)
		return anchors;
	anchors = calloc(1, sizeof(*anchors));
	if (!anchors)
		return NULL;
	anchors->password = trust->password;
	read(anchors, from);
	if (atomic_compare_exchange_strong(place, &other, anchors))
		return anchors;
	free_anchors(anchors);
	return other;
}

/* The certificates of a folder are found by a hash of their names (openssl-rehash). */
static void add_from_folder(struct anchors *anchors, const char *folder, X509_NAME *name)
{
	unsigned long hash = X509_NAME_hash_ex(name, NULL, NULL, NULL);
	char path[PATH_MAX];
	int len;

	for (int i = 0; i < 16; i++) {
		len = snprintf(path, sizeof(path), "%s/%08lx.%d", folder, hash, i);
		if (len < 0 || (size_t)len >= sizeof(path) || !add_file(anchors, path))
			return;
	}
}

static bool put_from_folders(const struct trust *trust, X509_NAME *name, X509_STORE *store)
{
	struct anchors found = {0};
	bool done;

	for (char **path = trust->bundles; *path; path++)
		if (file_is_folder(*path))
			add_from_folder(&found, *path, name);
	done = anchors_put(&found, name, true, store);
	anchors_free(&found);
	return done;
}

static bool put_from_files(
	struct trust *trust, enum stage stage, X509_NAME *name, X509_STORE *store)
{
	for (size_t i = 0; i < TRUST_FILES; i++) {
		struct trust_file *file = &trust->files[i];
		const struct span *content = atomic_load(&file->content);
		struct anchors *anchors;

		if (!content)
			break;
		anchors = get(trust, &file->anchors, read_content, content);
		if (!anchors || !anchors_put(anchors, name, stage == LOOSELY, store))
			return false;
	}
	return true;
}

static bool put_all(struct trust *trust, enum stage stage, X509_NAME *name, X509_STORE *store)
{
	struct anchors *system = get(trust, &trust->system, read_system, NULL), *given;

	if (!system || !anchors_put(system, name, stage == LOOSELY, store))
		return false;
	if (stage == SYSTEM)
		return true;
	given = get(trust, &trust->given, read_given, trust->bundles);
	return given && anchors_put(given, name, stage == LOOSELY, store) &&
	       put_from_files(trust, stage, name, store) && put_from_folders(trust, name, store);
}

/* The store needs only whom the chain names. A certificate that is trusted itself is found, too. */
static bool fill_store(struct trust *trust, enum stage stage, X509 *certificate,
	STACK_OF(X509) * untrusted, X509_STORE *store)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	X509_NAME *issuer = X509_get_issuer_name(certificate);

	if (!put_all(trust, stage, issuer, store) ||
		(X509_NAME_cmp(subject, issuer) != 0 && !put_all(trust, stage, subject, store)))
		return false;
	for (int i = 0; i < sk_X509_num(untrusted); i++)
		if (!put_all(
			    trust, stage, X509_get_issuer_name(sk_X509_value(untrusted, i)), store))
			return false;
	return true;
}

static int verify(X509 *certificate, STACK_OF(X509) * untrusted, X509_STORE *store)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	int error = X509_V_ERR_OUT_OF_MEM;

	if (context && X509_STORE_CTX_init(context, store, certificate, untrusted) == 1 &&
		X509_STORE_CTX_set_default(context, "ssl_server") == 1) {
		/* Programs differ in whether an anchor may be other than a root. */
		X509_STORE_CTX_set_flags(context, X509_V_FLAG_PARTIAL_CHAIN);
		X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context), 1);
		X509_verify_cert(context);
		error = X509_STORE_CTX_get_error(context);
	}
	X509_STORE_CTX_free(context);
	return error;
}

int trust_verify(struct trust *trust, X509 *certificate, STACK_OF(X509) * untrusted)
{
	int error = X509_V_ERR_OUT_OF_MEM;

	for (enum stage stage = SYSTEM; stage < STAGES; stage++) {
		X509_STORE *store = X509_STORE_new();

		if (!store)
			return X509_V_ERR_OUT_OF_MEM;
		error = fill_store(trust, stage, certificate, untrusted, store)
				? verify(certificate, untrusted, store)
				: X509_V_ERR_OUT_OF_MEM;
		X509_STORE_free(store);
		if (error == X509_V_OK)
			break;
	}
	ERR_clear_error();
	return error;
}
