/* SPDX-License-Identifier: MIT */
/*
 * A gate, which makes isolation of a read-write lock or of RCU.  Each of these has a side
 * on which many threads may be, and a way to wait until none is on it.  The gate is the same
 * for all of them, so all do the same job.
 *
 *	isolate   close the gate; leave the side; take the turn: then no thread is on the
 *	          side that has not seen the gate, and no other isolator is alone
 *	release   give the turn up; the last isolator opens the gate and wakes the held;
 *	          enter the side like all others
 *	others    enter the side and look at the gate; if it is closed leave the side and
 *	          sleep
 *
 * A source defines, as static inline functions, what it is built on,
 *
 *	void side_enter(void *self), side_leave(void *self);
 *	void side_take(void), side_give(void);       // called outside of the side
 *	int side_open(unsigned threads); void side_close(void);
 *	void *side_join(void);                       // not NULL, and outside of the side
 *	void side_quit(void *self);                  // outside of the side
 *
 * and includes this header.  A checkpoint is a look at the gate: if the gate is open, there
 * is no reason to leave the side.
 */
#include "contender-loops.h"
#include "contender.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	/* How many threads isolate; 0: open.  The held sleep on it. */
	_Alignas(128) uint32_t closed;
	_Alignas(128) uint32_t held;
} gate;

static inline void gate_futex(int op, uint32_t value)
{
	syscall(SYS_futex, &gate.closed, op, value, NULL, NULL, 0);
}

static inline bool gate_closed(void)
{
	return __atomic_load_n(&gate.closed, __ATOMIC_ACQUIRE);
}

static inline void gate_sleep(void)
{
	uint32_t closed;

	__atomic_fetch_add(&gate.held, 1, __ATOMIC_SEQ_CST);
	while ((closed = __atomic_load_n(&gate.closed, __ATOMIC_SEQ_CST)))
		gate_futex(FUTEX_WAIT_PRIVATE, closed);
	__atomic_fetch_sub(&gate.held, 1, __ATOMIC_RELAXED);
}

/* Called on the side, and returns there. */
static __attribute__((noinline)) void gate_wait(void *self)
{
	do {
		side_leave(self);
		gate_sleep();
		side_enter(self);
	} while (gate_closed());
}

static inline void gate_checkpoint(void *self)
{
	if (BENCH_UNLIKELY(gate_closed()))
		gate_wait(self);
}

static inline void gate_harmless_now(void *self)
{
	side_leave(self);
}

static inline void gate_harmless_end(void *self)
{
	side_enter(self);
	gate_checkpoint(self);
}

static __attribute__((noinline)) void gate_isolate(void *self)
{
	__atomic_fetch_add(&gate.closed, 1, __ATOMIC_SEQ_CST);
	side_leave(self);
	side_take();
}

/* seq_cst: the opener looks at held after closed, a held thread writes them in turn */
static __attribute__((noinline)) void gate_release(void *self)
{
	side_give();
	if (!__atomic_sub_fetch(&gate.closed, 1, __ATOMIC_SEQ_CST) &&
	    __atomic_load_n(&gate.held, __ATOMIC_SEQ_CST))
		gate_futex(FUTEX_WAKE_PRIVATE, INT_MAX);
	gate_harmless_end(self);
}

static int gate_open(unsigned threads)
{
	gate.closed = 0;
	gate.held = 0;
	return side_open(threads);
}

static void *gate_join(void)
{
	void *self = side_join();

	if (self)
		gate_harmless_end(self);
	return self;
}

static void gate_leave(void *self)
{
	side_quit(self);
}

CONTENDER_LOOPS(gate);

/* What all contenders with a gate have in common. */
#define CONTENDER_GATE                                                        \
	CONTENDER_CALLS(gate), .max_threads = MAX_THREADS, .open = gate_open, \
			       .close = side_close, .domain_bytes = sizeof(gate)
