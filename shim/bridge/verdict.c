/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict.h"

#include <openssl/x509v3.h>

/* Without one nobody knows what the program asks for: Java does not say "localhost". */
static bool has_name(const X509 *certificate, const SSL *ssl)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	return !name || X509_check_host((X509 *)certificate, name, 0, 0, NULL) == 1;
}

static bool has_dates(const X509 *certificate)
{
	return X509_cmp_current_time(X509_get0_notBefore(certificate)) <= 0 &&
	       X509_cmp_current_time(X509_get0_notAfter(certificate)) >= 0;
}

enum bridge_server verdict_of(const X509 *certificate, const SSL *ssl)
{
	/* By what comes after a chain to an authority that the program knows. */
	switch (SSL_get_verify_result(ssl)) {
	case X509_V_OK:
		return has_name(certificate, ssl) ? BRIDGE_SERVER_GOOD : BRIDGE_SERVER_BAD;
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
		/* Not all look at the dates of the authorities. */
		return has_dates(certificate) ? BRIDGE_SERVER_DOUBTED : BRIDGE_SERVER_BAD;
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
	case X509_V_ERR_CERT_REVOKED:
	case X509_V_ERR_INVALID_PURPOSE:
	case X509_V_ERR_EE_KEY_TOO_SMALL:
		return BRIDGE_SERVER_BAD;
	default:
		return BRIDGE_SERVER_DOUBTED;
	}
}
