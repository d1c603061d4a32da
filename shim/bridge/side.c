/* SPDX-License-Identifier: Apache-2.0 */
#include "side.h"

#include <limits.h>
#include <openssl/err.h>

/* Any type that OpenSSL has none of; those that it gives out are few. */
#define SIDE_BIO 0xff

static int read_bio(BIO *bio, char *data, int len)
{
	struct side *side = BIO_get_data(bio);
	struct span in = bytes_all(&side->in);
	size_t part = in.len < (size_t)len ? in.len : (size_t)len;

	BIO_clear_retry_flags(bio);
	if (!part) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(data, in.at, part);
	bytes_drop(&side->in, part);
	return (int)part;
}

static int write_bio(BIO *bio, const char *data, int len)
{
	struct side *side = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	return bytes_add(&side->out, data, (size_t)len) ? len : -1;
}

static long control_bio(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *side_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | SIDE_BIO, "side");

	if (!method)
		return NULL;
	BIO_meth_set_read(method, read_bio);
	BIO_meth_set_write(method, write_bio);
	BIO_meth_set_ctrl(method, control_bio);
	return method;
}

/* Sees every alert go by. */
static void note_alert(const SSL *ssl, int where, int value)
{
	BIO *bio = SSL_get_rbio(ssl);
	struct side *side = bio ? BIO_get_data(bio) : NULL;

	if (!side || !(where & SSL_CB_ALERT))
		return;
	if (where & SSL_CB_READ)
		side->received = value & 0xff;
	else
		side->sent = value & 0xff;
}

static void count_messages(
	int written, int version, int type, const void *data, size_t len, SSL *ssl, void *arg)
{
	struct side *side = arg;

	(void)version;
	(void)data;
	(void)len;
	(void)ssl;
	if (!written && type == SSL3_RT_HANDSHAKE)
		side->heard++;
}

bool side_begin(struct side *side, SSL *ssl, const BIO_METHOD *method)
{
	BIO *bio = BIO_new(method);

	side->received = side->sent = SIDE_ALERT_NONE;
	if (!bio) {
		SSL_free(ssl);
		return false;
	}
	BIO_set_data(bio, side);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_info_callback(ssl, note_alert);
	SSL_set_msg_callback(ssl, count_messages);
	SSL_set_msg_callback_arg(ssl, side);
	side->ssl = ssl;
	return true;
}

void side_free(struct side *side)
{
	/* A session may be resumed although the end of its connection was not said. */
	if (side->ssl && !side->broken)
		SSL_set_shutdown(side->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(side->ssl);
	bytes_free(&side->in);
	bytes_free(&side->out);
	bytes_free(&side->plaintext);
}

enum side_step side_shake(struct side *side)
{
	int result;

	side_forget_errors();
	result = SSL_do_handshake(side->ssl);
	if (result == 1)
		return SIDE_DONE;
	switch (SSL_get_error(side->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return SIDE_WAITS;
	case SSL_ERROR_WANT_X509_LOOKUP:
		return SIDE_WANTS_CERTIFICATE;
	default:
		side->over = side->broken = true;
		return SIDE_BROKEN;
	}
}

/* False: the connection has failed. */
static bool write_now(struct side *side, const char *data, size_t len)
{
	size_t written;

	side_forget_errors();
	while (len) {
		if (SSL_write_ex(side->ssl, data, len, &written) != 1)
			return false;
		data += written;
		len -= written;
	}
	return true;
}

/* What waited for the end of a renegotiation. */
static void flush(struct side *side)
{
	struct span all = bytes_all(&side->plaintext);

	if (SSL_in_init(side->ssl))
		return;
	if (all.len) {
		if (!write_now(side, all.at, all.len))
			side->broken = true;
		bytes_free(&side->plaintext);
	}
	if (side->goodbye) {
		side->goodbye = false;
		SSL_shutdown(side->ssl);
	}
}

long side_read(struct side *side, char *data, size_t cap)
{
	int result, error;

	if (side->over || !side->ssl)
		return side->over ? -1 : 0;
	if (!cap)
		return 0;
	side_forget_errors();
	result = SSL_read(side->ssl, data, cap < INT_MAX ? (int)cap : INT_MAX);
	error = SSL_get_error(side->ssl, result);
	flush(side);
	if (result > 0)
		return result;
	if (error == SSL_ERROR_WANT_READ && !side->ended)
		return 0;
	/* An end that was not said is none. */
	side->over = true;
	side->broken |= error != SSL_ERROR_ZERO_RETURN;
	return -1;
}

bool side_write(struct side *side, const char *data, size_t len)
{
	if (!side->ssl || side->broken || side->goodbye)
		return false;
	/* Not in the middle of a handshake: what comes next may be plaintext, which SSL_write() would
	 * not take there. */
	if (SSL_in_init(side->ssl))
		return !side->over && bytes_add(&side->plaintext, data, len);
	return write_now(side, data, len);
}

size_t side_unsent(const struct side *side)
{
	return side->over ? 0 : bytes_all(&side->plaintext).len;
}

void side_end(struct side *side)
{
	if (!side->ssl || side->broken || (SSL_get_shutdown(side->ssl) & SSL_SENT_SHUTDOWN))
		return;
	side->goodbye = true;
	flush(side);
}

void side_forget_errors(void)
{
	/* To clear an empty queue takes longer than to look. */
	if (ERR_peek_error())
		ERR_clear_error();
}

const char *side_error(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason ? reason : "ended without a goodbye";
}
