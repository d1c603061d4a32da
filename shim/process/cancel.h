/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CANCEL_H
#define CHAOS_CANCEL_H

#include <pthread.h>

/* Around calls of ours that a thread may be cancelled in: it would leave what it has entered for ever.
 * What cancel_put_off() gives is for cancel_allow(). */
static inline int cancel_put_off(void)
{
	int before;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	return before;
}

static inline void cancel_allow(int before)
{
	pthread_setcancelstate(before, NULL);
}

#endif
