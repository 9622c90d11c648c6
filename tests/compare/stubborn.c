/* SPDX-License-Identifier: MIT */
/*
 * A control: everything excludes everything, harmless or not, so that isolate waits for
 * threads that sleep.  Being a member is holding the one lock; two can never be.
 */
#include "../../bench/contender-loops.h"
#include "compare.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned members;

static int stubborn_open(unsigned threads)
{
	(void)threads;
	members = 0;
	return 0;
}

static void stubborn_close(void)
{
}

static void *stubborn_join(void)
{
	__atomic_fetch_add(&members, 1, __ATOMIC_SEQ_CST);
	return &lock;
}

static void stubborn_leave(void *self)
{
	(void)self;
	__atomic_fetch_sub(&members, 1, __ATOMIC_SEQ_CST);
}

static inline void stubborn_harmless_now(void *self)
{
	(void)self;
}

static inline void stubborn_harmless_end(void *self)
{
	(void)self;
}

static inline void stubborn_checkpoint(void *self)
{
	(void)self;
}

/* Alone at last: when all others have left. */
static inline void stubborn_isolate(void *self)
{
	(void)self;
	while (__atomic_load_n(&members, __ATOMIC_SEQ_CST) > 1)
		bench_pause();
}

static inline void stubborn_release(void *self)
{
	(void)self;
}

CONTENDER_LOOPS(stubborn);

const struct contender contender_stubborn = {
	.name = "stubborn",
	.family = "control",
	.what = "waits for harmless threads as well",
	.max_threads = MAX_THREADS,
	.open = stubborn_open,
	.close = stubborn_close,
	CONTENDER_CALLS(stubborn),
};
