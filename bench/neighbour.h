/* SPDX-License-Identifier: MIT */
/*
 * An unrelated process that computes beside the benchmark.  Its speed shows how much of
 * its CPU the contender takes.
 */
#ifndef BENCH_NEIGHBOUR_H
#define BENCH_NEIGHBOUR_H

#include <stdint.h>

int neighbour_start(void); /* Call it before there are threads.  Returns 0 or -errno. */
void neighbour_stop(void);

void neighbour_run(void);
void neighbour_rest(void);
uint64_t neighbour_progress(void);
uint64_t neighbour_cpu_ns(void); /* CPU time that the neighbour has used. */

#endif
