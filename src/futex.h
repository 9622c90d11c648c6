/* SPDX-License-Identifier: MIT */
/*
 * The only place that sleeps and wakes.  The futexes are private, because a domain
 * belongs to one process.  When a wait returns anything but -ETIMEDOUT, the caller has to
 * look again: even 0 may come from a wake-up that was meant for an earlier use of the
 * word.
 */
#ifndef RDV_FUTEX_H
#define RDV_FUTEX_H

#include <rdv/rdv.h>

#define RDV_FUTEX_ANY 0xffffffffu /* a bitset that every wake-up matches */

/*
 * Sleeps if *word == expected, until a wake-up whose bitset shares a bit with ours, or
 * until the deadline (absolute CLOCK_MONOTONIC, NULL = none).  If the deadline has passed
 * already there is no system call.
 * Returns 0, -EAGAIN (*word != expected), -EINTR, -ETIMEDOUT.  Does not change errno.
 */
int rdv_futex_wait(const rdv_word *word, uint32_t expected, uint32_t bitset,
		   const struct timespec *deadline);

/* Wakes up to n sleepers whose bitset shares a bit with ours, in the order in which they
 * went to sleep.  Returns how many it woke.  Does not change errno. */
int rdv_futex_wake(const rdv_word *word, int n, uint32_t bitset);

#endif
