/* SPDX-License-Identifier: MIT */
/*
 * A thread that is going to sleep swaps in CONTENDED, and sleeps while the word has that
 * value.  If it swapped out FREE, it has the lock instead.  A thread that unlocks swaps
 * in FREE, and wakes one sleeper if it swapped out CONTENDED. A thread that has been
 * woken, or that comes too late to sleep, swaps in CONTENDED again, because others may
 * still sleep.  So while threads sleep, the word is CONTENDED, or one of them has been
 * woken.
 */
#include "lock.h"
#include "atomic.h"
#include "futex.h"
#include "inside/record.h"

enum { FREE, TAKEN, CONTENDED };

static __thread unsigned held; /* a handler may ask at any time */

void rdv_lock(rdv_mutex *mutex)
{
	rdv_word was = FREE;

	if (!rdv_cas_sc(mutex, &was, TAKEN)) { /* [LOCK] what was done under the lock */
		while (rdv_xchg_sc(mutex, CONTENDED) != FREE)
			rdv_futex_wait(mutex, CONTENDED, RDV_FUTEX_ANY, NULL);
	}
	rdv_tsan_acquire(mutex);
	held++;
}

void rdv_unlock(rdv_mutex *mutex)
{
	held--;
	rdv_tsan_release(mutex);
	if (rdv_xchg_sc(mutex, FREE) == CONTENDED) /* [LOCK] */
		rdv_futex_wake(mutex, 1, RDV_FUTEX_ANY);
}

bool rdv_lock_held(void)
{
	return held;
}
