/* SPDX-License-Identifier: MIT */
/*
 * The registry lock: who is a member, and the sync-point.  Held for a few
 * instructions, never while waiting for another thread, and not on any path of
 * the rendez-vous.
 */
#ifndef RDV_LOCK_H
#define RDV_LOCK_H

#include <pthread.h>

typedef pthread_mutex_t rdv_mutex;

#define rdv_lock_init(mutex)    pthread_mutex_init((mutex), NULL)
#define rdv_lock_destroy(mutex) pthread_mutex_destroy(mutex)
#define rdv_lock(mutex)         pthread_mutex_lock(mutex)
#define rdv_unlock(mutex)       pthread_mutex_unlock(mutex)

#endif
