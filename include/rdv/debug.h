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
 * Without RDV_DEBUG the marks are empty.  Define RDV_DEBUG for all files of a program or
 * for none.  Otherwise a lock that is taken in one file and dropped in another is
 * miscounted.
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
 * Call rdv_lock_taken() after the thread has taken a lock that running members may wait
 * for, and rdv_lock_dropped() before it gives the lock back.  In between the thread must
 * not call rdv_isolate(), rdv_isolate_until(), rdv_synchronize(), rdv_synchronize_until()
 * or rdv_sync_enter(): the others would wait for the lock, and the thread for them.  A debug
 * library aborts if it does, or if more locks are dropped than taken. rdv_isolate_try() is
 * always allowed, because it does not wait.
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
