/* SPDX-License-Identifier: MIT */
/*
 * Concurrency Kit's big-reader lock: running = read-held, isolated = write-held.  Its own
 * waits are loops of a pause.  They would take a whole time slice from the thread that
 * they wait for.  So the contender uses the trylock, and yields the CPU between two
 * tries.
 */
#include "slots.h"

#include <ck_brlock.h>
#include <sched.h>

#define TRIES 100

static struct reader {
	_Alignas(64) ck_brlock_reader_t reader;
} readers[MAX_THREADS];

static ck_brlock_t lock;
static struct slots slots = SLOTS_INIT;

static inline void side_enter(void *self)
{
	while (!ck_brlock_read_trylock(&lock, &((struct reader *)self)->reader, TRIES))
		sched_yield();
}

static inline void side_leave(void *self)
{
	ck_brlock_read_unlock(&((struct reader *)self)->reader);
}

static inline void side_take(void)
{
	while (!ck_brlock_write_trylock(&lock, TRIES))
		sched_yield();
}

static inline void side_give(void)
{
	ck_brlock_write_unlock(&lock);
}

static inline int side_open(unsigned threads)
{
	(void)threads;
	ck_brlock_init(&lock);
	slots_reset(&slots);
	return 0;
}

static inline void side_close(void)
{
}

static inline void *side_join(void)
{
	unsigned slot = slots_take(&slots, MAX_THREADS);

	if (slot == NO_SLOT)
		return NULL;
	ck_brlock_read_register(&lock, &readers[slot].reader);
	return &readers[slot];
}

static inline void side_quit(void *self)
{
	struct reader *r = self;

	ck_brlock_read_unregister(&lock, &r->reader);
	slots_give(&slots, (unsigned)(r - readers));
}

#include "contender-gate.h"

const struct contender contender_ck = {
	.name = "ck",
	.family = "ck",
	.what = "ck_brlock: running = read-held, isolated = write-held",
	.thread_bytes = sizeof(struct reader),
	CONTENDER_GATE,
};
