/* SPDX-License-Identifier: MIT */
/*
 * Isolation on liburcu's membarrier flavour: running = in a read-side critical
 * section, harmless = outside.
 */
#define _LGPL_SOURCE
#include <urcu/urcu-memb.h>

#include "contender.h"
#include "contender-loops.h"
#include "contender-urcu.h"

static struct urcu_gate gate;

static inline void memb_harmless_now(void *self)
{
	(void)self;
	urcu_memb_read_unlock();
}

static __attribute__((noinline)) void memb_wait(void)
{
	do {
		urcu_memb_read_unlock();
		urcu_gate_wait(&gate);
		urcu_memb_read_lock();
	} while (urcu_gate_closed(&gate));
}

static inline void memb_harmless_end(void *self)
{
	(void)self;
	urcu_memb_read_lock();
	if (BENCH_UNLIKELY(urcu_gate_closed(&gate)))
		memb_wait();
}

static inline void memb_checkpoint(void *self)
{
	(void)self;
	if (BENCH_UNLIKELY(urcu_gate_closed(&gate)))
		memb_wait();
}

static __attribute__((noinline)) void memb_isolate(void *self)
{
	(void)self;
	urcu_gate_close(&gate);
	urcu_memb_read_unlock();
	urcu_memb_synchronize_rcu();
	pthread_mutex_lock(&gate.turn);
}

static __attribute__((noinline)) void memb_release(void *self)
{
	pthread_mutex_unlock(&gate.turn);
	urcu_gate_open(&gate);
	memb_harmless_end(self);
}

static const char *memb_missing(void)
{
	return NULL;
}

static int memb_open(unsigned threads)
{
	(void)threads;
	return urcu_gate_init(&gate);
}

static void memb_close(void)
{
	pthread_mutex_destroy(&gate.turn);
}

static void *memb_join(void)
{
	urcu_memb_register_thread();
	memb_harmless_end(NULL);
	return &gate;
}

static void memb_leave(void *self)
{
	(void)self;
	urcu_memb_unregister_thread();
}

CONTENDER_LOOPS(memb);

const struct contender contender_urcu_memb = {
	.name = "urcu-memb",
	.family = "liburcu",
	.what = "liburcu's membarrier flavour under a gate: read_unlock/read_lock",
	.max_threads = MAX_THREADS,
	.missing = memb_missing,
	.open = memb_open,
	.close = memb_close,
	CONTENDER_CALLS(memb),
};
