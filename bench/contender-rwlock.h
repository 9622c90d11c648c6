/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CONTENDER_RWLOCK_H
#define BENCH_CONTENDER_RWLOCK_H

#include <pthread.h>

/* Prefers writers where the C library can (glibc).  Returns 0 or -errno. */
static inline int writers_first_init(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attr;
	int err;

	pthread_rwlockattr_init(&attr);
#ifdef __GLIBC__
	pthread_rwlockattr_setkind_np(&attr,
				      PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
	err = pthread_rwlock_init(lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	return -err;
}

#endif
