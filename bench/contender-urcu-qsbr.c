/* SPDX-License-Identifier: MIT */
/*
 * Isolation on liburcu's QSBR flavour: running = online, harmless = offline.  A
 * checkpoint is a look at the gate: going offline when it is closed is a quiescent
 * state, and reporting one while it is open would help nobody.
 */
#define _LGPL_SOURCE
#include <urcu-qsbr.h>

#include "contender.h"
#include "contender-loops.h"
#include "contender-urcu.h"

static struct urcu_gate gate;

static inline void qsbr_harmless_now(void *self)
{
	(void)self;
	urcu_qsbr_thread_offline();
}

static __attribute__((noinline)) void qsbr_wait(void)
{
	do {
		urcu_qsbr_thread_offline();
		urcu_gate_wait(&gate);
		urcu_qsbr_thread_online();
	} while (urcu_gate_closed(&gate));
}

static inline void qsbr_harmless_end(void *self)
{
	(void)self;
	urcu_qsbr_thread_online();
	if (BENCH_UNLIKELY(urcu_gate_closed(&gate)))
		qsbr_wait();
}

static inline void qsbr_checkpoint(void *self)
{
	(void)self;
	if (BENCH_UNLIKELY(urcu_gate_closed(&gate)))
		qsbr_wait();
}

static __attribute__((noinline)) void qsbr_isolate(void *self)
{
	(void)self;
	urcu_gate_close(&gate);
	urcu_qsbr_thread_offline();
	urcu_qsbr_synchronize_rcu();
	pthread_mutex_lock(&gate.turn);
}

static __attribute__((noinline)) void qsbr_release(void *self)
{
	pthread_mutex_unlock(&gate.turn);
	urcu_gate_open(&gate);
	qsbr_harmless_end(self);
}

static const char *qsbr_missing(void)
{
	return NULL;
}

static int qsbr_open(unsigned threads)
{
	(void)threads;
	return urcu_gate_init(&gate);
}

static void qsbr_close(void)
{
	pthread_mutex_destroy(&gate.turn);
}

static void *qsbr_join(void)
{
	urcu_qsbr_register_thread();
	qsbr_harmless_end(NULL);
	return &gate;
}

static void qsbr_leave(void *self)
{
	(void)self;
	urcu_qsbr_unregister_thread();
}

CONTENDER_LOOPS(qsbr);
BENCH_LOOP(qsbr_bare_loop, urcu_qsbr_quiescent_state());

const struct contender contender_urcu_qsbr = {
	.name = "urcu-qsbr",
	.family = "liburcu",
	.what = "liburcu's QSBR flavour under a gate: offline/online",
	.max_threads = MAX_THREADS,
	.missing = qsbr_missing,
	.open = qsbr_open,
	.close = qsbr_close,
	.bare_loop = qsbr_bare_loop,
	CONTENDER_CALLS(qsbr),
};
