/* SPDX-License-Identifier: MIT */
/*
 * Counts the futex and membarrier calls of each thread, without privileges.  librdv and
 * liburcu make these calls through libc's syscall().  This program defines a syscall() of
 * its own, which counts and passes the call on.  The libraries find it before libc's.
 *
 * It does not see what libc calls by itself, such as the futexes inside pthread mutexes,
 * barriers and semaphores.
 */
#ifndef BENCH_SYSCALL_COUNT_H
#define BENCH_SYSCALL_COUNT_H

#include <stdbool.h>
#include <stdint.h>

struct syscall_counts {
	uint64_t waits, wakes, membarriers;
};

/* The counts of the calling thread.  They live as long as the thread. */
const struct syscall_counts *syscall_counts_self(void);

/* These may belong to another thread, which goes on counting. */
struct syscall_counts syscall_counts_read(const struct syscall_counts *counts);

/* Whether the libraries find our syscall(); false in a static program. */
bool syscall_count_works(void);

#endif
