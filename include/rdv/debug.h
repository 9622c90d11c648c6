/* SPDX-License-Identifier: MIT */
/*
 * <rdv/debug.h> - marks that help a library configured with --enable-debug to find
 * misuse, and cost nothing otherwise.
 *
 *	pthread_mutex_lock(&table_lock);
 *	rdv_lock_taken();
 *	...
 *	rdv_lock_dropped();
 *	pthread_mutex_unlock(&table_lock);
 *
 * The marks are empty unless the program is compiled with RDV_DEBUG defined, all of it:
 * a lock that is taken in a file with RDV_DEBUG and dropped in one without stays counted.
 */
#ifndef RDV_DEBUG_H
#define RDV_DEBUG_H

#include <rdv/rdv.h>

#ifdef __cplusplus
extern "C" {
#endif

RDV_API void rdv_priv_lock_taken(void);
RDV_API void rdv_priv_lock_dropped(void);

/*
 * The calling thread has taken, and drops, a lock that other members wait for while they
 * run.  With one or more of them it must not call rdv_isolate(), rdv_isolate_until() or
 * rdv_sync_enter(): the others would wait for the lock, and it for them.  A debug library
 * aborts if it does, or if more locks are dropped than taken.  rdv_isolate_try() may be
 * called at any time, as it does not wait.
 */
static inline void rdv_lock_taken(void)
{
#ifdef RDV_DEBUG
	rdv_priv_lock_taken();
#endif
}

static inline void rdv_lock_dropped(void)
{
#ifdef RDV_DEBUG
	rdv_priv_lock_dropped();
#endif
}

#ifdef __cplusplus
}
#endif

#endif /* RDV_DEBUG_H */
