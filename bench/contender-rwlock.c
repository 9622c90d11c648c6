/* SPDX-License-Identifier: MIT */
/*
 * A pthread_rwlock: running = read-held, isolated = write-held; writers first where the
 * C library has the choice (glibc), though the gate keeps readers away anyway.
 */
#include <pthread.h>

static pthread_rwlock_t lock;

static inline void side_enter(void *self)
{
	(void)self;
	pthread_rwlock_rdlock(&lock);
}

static inline void side_leave(void *self)
{
	(void)self;
	pthread_rwlock_unlock(&lock);
}

static inline void side_take(void)
{
	pthread_rwlock_wrlock(&lock);
}

static inline void side_give(void)
{
	pthread_rwlock_unlock(&lock);
}

static inline int side_open(unsigned threads)
{
	pthread_rwlockattr_t attr;
	int err;

	(void)threads;
	pthread_rwlockattr_init(&attr);
#ifdef __GLIBC__
	pthread_rwlockattr_setkind_np(&attr,
				      PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
	err = pthread_rwlock_init(&lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	return -err;
}

static inline void side_close(void)
{
	pthread_rwlock_destroy(&lock);
}

static inline void *side_join(void)
{
	return &lock;
}

static inline void side_quit(void *self)
{
	(void)self;
}

#include "contender-gate.h"

const struct contender contender_rwlock = {
	.name = "rwlock",
	.family = "libc",
	.what = "pthread_rwlock, writers first: running = read-held, isolated = "
		"write-held",
	CONTENDER_GATE,
};
