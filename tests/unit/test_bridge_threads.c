/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "bridge_peers.h"

/* OpenSSL counts the references to its sessions by atomics that the thread sanitizer does not see, since
 * the distribution's was built without it. */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:OPENSSL_sk_free\n";
}

#define THREADS 4

static struct peers peers, each[THREADS];

/* Of its own a thread has a client and a server; who makes its bridges is shared. */
static void begin_thread(struct peers *mine)
{
	X509 *ours = X509_dup(peers.ours.certificate);

	peers_begin(mine);
	mine->api->unmake(mine->maker);
	mine->maker = peers.maker;
	X509_STORE_add_cert(SSL_CTX_get_cert_store(mine->client_context), ours);
	X509_free(ours);
	peers_server_is(mine, &(struct wish){.name = "localhost",
				      .names = "DNS:localhost",
				      .issuer = &peers.theirs,
				      .ends = 10});
}

static void end_thread(struct peers *mine)
{
	mine->maker = NULL;
	peers_end(mine);
}

static void *exchange_often(void *arg)
{
	struct peers *mine = arg;

	for (int i = 0; i < 30; i++) {
		peers_shake(mine);
		peers_exchange(mine);
		peers_disconnect(mine);
	}
	return NULL;
}

START_TEST(threads_share_what_makes_their_bridges)
{
	pthread_t threads[THREADS];

	peers_begin(&peers);
	for (int i = 0; i < THREADS; i++)
		begin_thread(&each[i]);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, exchange_often, &each[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++)
		end_thread(&each[i]);
	peers_end(&peers);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bridge_threads");
	TCase *tcase = tcase_create("threads");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, threads_share_what_makes_their_bridges);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
