/* SPDX-License-Identifier: MIT */
/*
 * liburcu's membarrier flavour: a thread makes a plain store, and the isolator calls
 * membarrier(2).
 */
#define _LGPL_SOURCE
#include <urcu/urcu-memb.h>

#define URCU       urcu_memb
#define URCU_ENTER read_lock
#define URCU_LEAVE read_unlock
#define URCU_QUIESCE()                   \
	do {                             \
		urcu_memb_read_unlock(); \
		urcu_memb_read_lock();   \
	} while (0)
#include "contender-urcu.h"

const struct contender contender_urcu_memb = {
	.name = "urcu-memb",
	.what = "liburcu's membarrier flavour under a gate: read_unlock/read_lock",
	.thread_bytes = sizeof(struct urcu_reader),
	.grace = &grace_calls,
	CONTENDER_URCU,
};

/* ------------------------------------------------------------------- defer_rcu()
 *
 * Outside of the read side: it may wait for a mutex that is held during synchronize_rcu().
 */

static _Thread_local bool may_defer;

static void defer_retire(void *self, struct grace_item *item)
{
	side_leave(self);
	if (!may_defer)
		may_defer = !urcu_memb_defer_register_thread();
	urcu_memb_defer_rcu(grace_item_call, item);
	side_enter(self);
}

/* A thread that retires settles before it leaves. */
static void defer_settle(void *self)
{
	side_leave(self);
	urcu_memb_defer_barrier_thread();
	if (may_defer)
		urcu_memb_defer_unregister_thread();
	may_defer = false;
	side_enter(self);
}

static const struct grace_calls defer_calls = {
	.quiesce = grace_quiesce,
	.synchronize = grace_synchronize,
	.retire = defer_retire,
	.settle = defer_settle,
};

const struct contender contender_urcu_defer = {
	.name = "urcu-defer",
	.what = "the same, for P16 only: frees by defer_rcu, not call_rcu",
	.only = "P16",
	.thread_bytes = sizeof(struct urcu_reader),
	.grace = &defer_calls,
	CONTENDER_URCU,
};
