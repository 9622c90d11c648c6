/* SPDX-License-Identifier: MIT */
/*
 * What guards the list of servers.  With librdv who runs may read and who is isolated
 * may change, so half of this is empty.  It has names for one reason: bench/proxy
 * compiles the same proxy with a pthread_rwlock_t and with liburcu.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdlib.h>

/* An exclusive section excludes whatever others do, not only their walks on the list. */
#define GUARD_ALONE 1

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
#define guard_load(p)     (p)
#define guard_store(p, v) ((p) = (v))

static inline void guard_read_lock(void)
{
}

static inline void guard_read_unlock(void)
{
}

/* Around a change of the list, by the main thread. */
static inline void guard_isolate(rdv_thread *self)
{
	rdv_isolate(self);
}

static inline void guard_release(rdv_thread *self)
{
	rdv_release(self);
}

/* Inside: what was taken out of the list. */
static inline void guard_free(struct server *s)
{
	free(s);
}

#endif /* GUARD_H */
