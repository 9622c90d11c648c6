/* SPDX-License-Identifier: MIT */
/*
 * What isolation needs on top of liburcu, the same for each flavour:
 *
 *	isolate   close the gate; leave the read side; synchronize_rcu(), after which
 *	          every reader that had not seen the gate is gone; take the turn
 *	release   give the turn up; the last one opens the gate and wakes the held;
 *	          enter the read side like everybody else
 *	reader    enters, looks at the gate, and if it is closed backs off and sleeps
 *
 * Grace periods of concurrent isolators are not under the turn, so liburcu can
 * batch them.
 */
#ifndef BENCH_CONTENDER_URCU_H
#define BENCH_CONTENDER_URCU_H

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct urcu_gate {
	/* How many isolate; 0: open.  The held sleep on it. */
	_Alignas(128) uint32_t closed;
	_Alignas(128) uint32_t held;
	pthread_mutex_t turn;
};

static inline void urcu_gate_futex(const struct urcu_gate *gate, int op, uint32_t value)
{
	syscall(SYS_futex, &gate->closed, op, value, NULL, NULL, 0);
}

static inline bool urcu_gate_closed(const struct urcu_gate *gate)
{
	return __atomic_load_n(&gate->closed, __ATOMIC_ACQUIRE);
}

/* Called outside of the read side. */
static inline void urcu_gate_wait(struct urcu_gate *gate)
{
	uint32_t closed;

	__atomic_fetch_add(&gate->held, 1, __ATOMIC_SEQ_CST);
	while ((closed = __atomic_load_n(&gate->closed, __ATOMIC_SEQ_CST)))
		urcu_gate_futex(gate, FUTEX_WAIT_PRIVATE, closed);
	__atomic_fetch_sub(&gate->held, 1, __ATOMIC_RELAXED);
}

static inline void urcu_gate_close(struct urcu_gate *gate)
{
	__atomic_fetch_add(&gate->closed, 1, __ATOMIC_SEQ_CST);
}

/* seq_cst: the opener looks at held after closed, a held thread writes them in turn */
static inline void urcu_gate_open(struct urcu_gate *gate)
{
	if (__atomic_sub_fetch(&gate->closed, 1, __ATOMIC_SEQ_CST))
		return;
	if (__atomic_load_n(&gate->held, __ATOMIC_SEQ_CST))
		urcu_gate_futex(gate, FUTEX_WAKE_PRIVATE, INT_MAX);
}

static inline int urcu_gate_init(struct urcu_gate *gate)
{
	gate->closed = 0;
	gate->held = 0;
	return -pthread_mutex_init(&gate->turn, NULL);
}

#endif
