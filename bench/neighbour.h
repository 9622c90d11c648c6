/* SPDX-License-Identifier: MIT */
/* An unrelated process that computes beside us, to see who takes its CPU away. */
#ifndef BENCH_NEIGHBOUR_H
#define BENCH_NEIGHBOUR_H

#include <stdint.h>

int neighbour_start(void); /* to be called before there are threads; 0 or -errno */
void neighbour_stop(void);

void neighbour_run(void);
void neighbour_rest(void);
uint64_t neighbour_progress(void);
uint64_t neighbour_cpu_ns(void); /* CPU time that it has used */

#endif
