/* SPDX-License-Identifier: MIT */
/*
 * examples/proxy/guard.h, with liburcu: memb, or with GUARD_QSBR qsbr.  Only the main
 * thread changes the list, so it need not lock others out of that.
 */
#ifndef GUARD_H
#define GUARD_H

#define _LGPL_SOURCE /* the read side inline */
#ifdef GUARD_QSBR
#include <urcu-qsbr.h>
#else
#define RCU_MEMB
#include <urcu.h>
#endif

#define guard_load(p)     rcu_dereference(p)
#define guard_store(p, v) rcu_assign_pointer(p, v)

static inline void guard_thread_begin(void)
{
	rcu_register_thread();
}

static inline void guard_thread_end(void)
{
	rcu_unregister_thread();
}

static inline void guard_harmless_now(rdv_thread *self)
{
	(void)self;
#ifdef GUARD_QSBR
	rcu_thread_offline();
#endif
}

static inline void guard_harmless_end(rdv_thread *self)
{
	(void)self;
#ifdef GUARD_QSBR
	rcu_thread_online();
#endif
}

static inline void guard_read_lock(void)
{
	rcu_read_lock();
}

static inline void guard_read_unlock(void)
{
	rcu_read_unlock();
}

static inline void guard_write_lock(void)
{
}

static inline void guard_write_unlock(void)
{
}

static inline void guard_isolate(rdv_thread *self)
{
	(void)self;
}

static inline void guard_release(rdv_thread *self)
{
	(void)self;
}

/* Nothing stops a reader. */
static inline bool guard_for_each(rdv_thread *self, void (*fn)(unsigned id, void *arg),
				  void *arg)
{
	(void)self, (void)fn, (void)arg;
	return false;
}

typedef struct rcu_head guard_item;

static inline void guard_retire(rdv_thread *self, guard_item *item,
				void (*fn)(guard_item *item))
{
	(void)self;
	call_rcu(item, fn); /* by a thread of liburcu */
}

static inline void guard_turn(rdv_thread *self)
{
	(void)self;
}

#endif /* GUARD_H */
