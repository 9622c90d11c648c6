/* SPDX-License-Identifier: MIT */
/*
 * What guards the list of servers.  With librdv a thread that runs may walk the list, so
 * half of this is empty.  It has names for one reason: bench/proxy compiles the same proxy
 * with a pthread_rwlock_t and with liburcu.
 */
#ifndef GUARD_H
#define GUARD_H

#include <rdv/handshake.h>

/* In each thread, before and after all else. */
static inline void guard_thread_begin(void)
{
}

static inline void guard_thread_end(void)
{
}

/* Around epoll_wait(). */
static inline void guard_harmless_now(rdv_thread *self)
{
	rdv_harmless_now(self);
}

static inline void guard_harmless_end(rdv_thread *self)
{
	rdv_harmless_end(self);
}

/* Around a walk on the list, whose pointers are loaded and stored by these. */
#define guard_load(p)     __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define guard_store(p, v) __atomic_store_n(&(p), v, __ATOMIC_RELEASE)

static inline void guard_read_lock(void)
{
}

static inline void guard_read_unlock(void)
{
}

/* Around one store to the list, by the main thread, while workers walk. */
static inline void guard_write_lock(void)
{
}

static inline void guard_write_unlock(void)
{
}

/* Around a change of which workers must not see a half, by the main thread. */
static inline void guard_isolate(rdv_thread *self)
{
	rdv_isolate(self);
}

static inline void guard_release(rdv_thread *self)
{
	rdv_release(self);
}

/* Calls fn(id, arg) for each worker, while that one does nothing.  False: it cannot. */
static inline bool guard_for_each(rdv_thread *self, void (*fn)(unsigned id, void *arg),
				  void *arg)
{
	rdv_for_each(self, fn, arg);
	return true;
}

/* In a change of either kind: has fn called once no walk can have found what was taken out. */
typedef struct rdv_retired guard_item;

static inline void guard_retire(rdv_thread *self, guard_item *item,
				void (*fn)(guard_item *item))
{
	rdv_retire(self, item, fn);
}

/* In each turn of the main thread: here it calls what is due. */
static inline void guard_turn(rdv_thread *self)
{
	rdv_retire_run(self);
}

#endif /* GUARD_H */
