/* SPDX-License-Identifier: MIT */
/*
 * A pthread_rwlock: running = read-held, isolated = write-held.  It prefers writers,
 * though the gate keeps readers away anyway.
 */
#include "contender-rwlock.h"

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
	(void)threads;
	return writers_first_init(&lock);
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
