/* SPDX-License-Identifier: MIT */
/*
 * The registry lock.  It protects the list of members and the sync-point.  A thread holds
 * it for a short time, and never while it waits for another thread.  An
 * isolation does not take it.  tests/model replaces this header.
 *
 * It is no pthread_mutex_t, because fork() takes the lock of each domain, and a program
 * may have many domains: ThreadSanitizer ends a program whose thread holds 65 mutexes.
 */
#ifndef RDV_LOCK_H
#define RDV_LOCK_H

#include <rdv/rdv.h>

typedef rdv_word rdv_mutex; /* 0 is a free one */

void rdv_lock(rdv_mutex *mutex);
void rdv_unlock(rdv_mutex *mutex);

/* Whether the calling thread holds any. */
bool rdv_lock_held(void);

#endif
