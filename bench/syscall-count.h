/* SPDX-License-Identifier: MIT */
/*
 * Counts the futex and membarrier calls of each thread, without privileges: librdv
 * and liburcu make them through libc's syscall(), and this program defines a
 * syscall() of its own, which they find first, and which counts and passes on.
 *
 * Not seen: what libc calls by itself, that is the futexes inside of pthread mutexes,
 * barriers and semaphores.
 */
#ifndef BENCH_SYSCALL_COUNT_H
#define BENCH_SYSCALL_COUNT_H

#include <stdbool.h>
#include <stdint.h>

struct syscall_counts {
	uint64_t waits, wakes, membarriers;
};

/* The calling thread's, alive as long as the thread. */
const struct syscall_counts *syscall_counts_self(void);

/* May be another thread's that counts on meanwhile. */
struct syscall_counts syscall_counts_read(const struct syscall_counts *counts);

/* Whether the libraries do find ours: false in a static program. */
bool syscall_count_works(void);

#endif
