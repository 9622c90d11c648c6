/* SPDX-License-Identifier: MIT */
/*
 * The registry lock.  It protects the list of members and the sync-point.  A thread holds
 * it for a few instructions, and never while it waits for another thread.  An isolation
 * does not take it. tests/model replaces this header.
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
