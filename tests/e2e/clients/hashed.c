/* SPDX-License-Identifier: Apache-2.0 */

/*
 * hashed CERTIFICATE: is it of an authority that OpenSSL, which is linked statically, finds where it
 * looks by default? Says "ok", or why not.
 *
 * hashed PATH old: what stat() says of a path, as a program of an older glibc asks.
 */

#include <err.h>
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int old_stat(int version, const char *path, struct stat *status);
__asm__(".symver old_stat, __xstat64@GLIBC_2.2.5");

int main(int argc, char **argv)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509 *certificate;
	struct stat status;
	FILE *file;

	if (argc < 2)
		return 2;
	if (argc > 2) {
		errno = 77;
		printf("%d", old_stat(1, argv[1], &status));
		printf(" %d %ld\n", errno, (long)status.st_size);
		return 0;
	}
	getppid(); /* a mark for strace */
	file = fopen(argv[1], "r");
	certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
	if (!certificate || !X509_STORE_set_default_paths(store) ||
		!X509_STORE_CTX_init(context, store, certificate, NULL))
		errx(1, "%s", argv[1]);
	X509_verify_cert(context);
	printf("%s\n", X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	return 0;
}
