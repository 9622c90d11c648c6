/* SPDX-License-Identifier: MIT */
/*
 * The only place that sleeps and wakes.  Private futexes, because a domain lives
 * in one process.  A wait that returns, whatever it returns but -ETIMEDOUT, means
 * "look again": 0 may be a wake-up meant for a previous use of the word.
 */
#ifndef RDV_FUTEX_H
#define RDV_FUTEX_H

#include <rdv/rdv.h>

#define RDV_FUTEX_ANY 0xffffffffu /* a bitset that every wake-up matches */

/*
 * Sleeps while *word == expected, until a wake-up whose bitset shares a bit with
 * ours, or the deadline (absolute CLOCK_MONOTONIC, NULL = none).  A deadline
 * that has passed is found without a system call.
 * Returns 0, -EAGAIN (*word != expected), -EINTR, -ETIMEDOUT.  Keeps errno.
 */
int rdv_futex_wait(const rdv_word *word, uint32_t expected, uint32_t bitset,
		   const struct timespec *deadline);

/* Wakes up to n sleepers whose bitset shares a bit with ours, in the order in
 * which they went to sleep; returns how many.  Keeps errno. */
int rdv_futex_wake(const rdv_word *word, int n, uint32_t bitset);

#endif
