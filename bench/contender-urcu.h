/* SPDX-License-Identifier: MIT */
/*
 * Isolation on liburcu.  Each flavour has a source of its own, because their names clash.
 * The source includes the flavour's header with _LGPL_SOURCE, for its inline functions,
 * and defines
 *
 *	URCU                 the flavour, in the words of its symbols: urcu_mb
 *	URCU_ENTER           what enters the read side: read_lock
 *	URCU_LEAVE           what leaves it: read_unlock
 *	URCU_QUIESCE()       a quiescent state of a thread on the read side
 *
 * An isolator calls synchronize_rcu() before it takes the turn, so liburcu can batch the
 * grace periods of concurrent isolators.
 */
#include <pthread.h>

#define URCU_JOIN(a, b)  a##_##b
#define URCU_PASTE(a, b) URCU_JOIN(a, b)
#define URCU_CALL(what)  URCU_PASTE(URCU, what)
#define URCU_TEXT_(x)    #x
#define URCU_TEXT(x)     URCU_TEXT_(x)

/* The same functions of the library, called past the macros that make them inline. */
#define URCU_CALLED(name, what) \
	void name(void) __asm__(URCU_TEXT(URCU) "_" URCU_TEXT(what))

URCU_CALLED(called_enter, URCU_ENTER);
URCU_CALLED(called_leave, URCU_LEAVE);

static pthread_mutex_t turn;

static inline void side_enter(void *self)
{
	(void)self;
	URCU_CALL(URCU_ENTER)();
}

static inline void side_leave(void *self)
{
	(void)self;
	URCU_CALL(URCU_LEAVE)();
}

static inline void side_take(void)
{
	URCU_CALL(synchronize_rcu)();
	pthread_mutex_lock(&turn);
}

static inline void side_give(void)
{
	pthread_mutex_unlock(&turn);
}

static inline int side_open(unsigned threads)
{
	(void)threads;
	return -pthread_mutex_init(&turn, NULL);
}

static inline void side_close(void)
{
	pthread_mutex_destroy(&turn);
}

/* Only for QSBR: the thread is online, and side_enter() may find it so. */
static inline void *side_join(void)
{
	URCU_CALL(register_thread)();
	return &turn;
}

static inline void side_quit(void *self)
{
	(void)self;
	URCU_CALL(unregister_thread)();
}

#include "contender-gate.h"

static void grace_quiesce(void *self)
{
	(void)self;
	URCU_QUIESCE();
}

/* QSBR's own does the same. */
static void grace_synchronize(void *self)
{
	side_leave(self);
	URCU_CALL(synchronize_rcu)();
	side_enter(self);
}

static void call_item(struct rcu_head *head)
{
	grace_item_call(head);
}

static void grace_retire(void *self, struct grace_item *item)
{
	_Static_assert(sizeof(struct rcu_head) <= sizeof(item->head), "raise it");
	(void)self;
	URCU_CALL(call_rcu)((struct rcu_head *)item, call_item);
}

static void grace_settle(void *self)
{
	side_leave(self);
	URCU_CALL(barrier)();
	side_enter(self);
}

static const struct grace_calls grace_calls = {
	.quiesce = grace_quiesce,
	.synchronize = grace_synchronize,
	.retire = grace_retire,
	.settle = grace_settle,
};

/* As a caller sees it that does not have the inline functions. */
BENCH_LOOP(pair_called_loop, called_leave(); called_enter(); gate_checkpoint(self));

#define CONTENDER_URCU \
	CONTENDER_GATE, .family = "liburcu", .pair_called_loop = pair_called_loop
