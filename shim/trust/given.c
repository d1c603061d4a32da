/* SPDX-License-Identifier: Apache-2.0 */
#include "given.h"

#include <dlfcn.h>
#include <link.h>

#include "known.h"
#include "shim/process/shim.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

bool given_is_name(const char *path)
{
	static const struct span endings[] = {SPAN(".pem"), SPAN(".crt"), SPAN(".cer"),
		SPAN(".cert"), SPAN(".jks"), SPAN(".p12"), SPAN(".pfx"), SPAN(".pkcs12"),
		SPAN(".ks"), SPAN(".bundle"), SPAN("bundle"), SPAN("cacerts"), SPAN("store")};
	const struct span all = span_of(path);

	for (size_t i = 0; i < COUNT(endings); i++)
		if (all.len >= endings[i].len &&
			span_equal_nocase(span_from(all, all.len - endings[i].len), endings[i]))
			return true;
	return false;
}

/* What Java opens files by. */
static bool is_java(struct span library)
{
	return span_starts(library, SPAN("libjava.")) || span_starts(library, SPAN("libnio."));
}

/* An extension of Python that opens the file itself, rather than by Python: the TLS is in it, too. */
static bool is_extension(struct span library)
{
	return memmem(library.at, library.len, ".abi3.", 6) ||
	       memmem(library.at, library.len, ".cpython-", 9);
}

static int is_crt(struct dl_phdr_info *object, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	return span_starts(known_last(object->dlpi_name), SPAN("_awscrt."));
}

/* Python itself reads what the AWS CRT is to believe. */
static bool reads_for_crt(struct span library)
{
	return memmem(library.at, library.len, "python", 6) && dl_iterate_phdr(is_crt, NULL);
}

bool given_may_be(const char *path, const void *caller)
{
	struct span library;
	Dl_info info;

	if (!given_is_name(path))
		return false;
	if (shim_is_node())
		return true;
	if (!dladdr(caller, &info) || !info.dli_fname)
		return false;
	library = known_last(info.dli_fname);
	return is_java(library) || is_extension(library) || reads_for_crt(library);
}
