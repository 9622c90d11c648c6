/* SPDX-License-Identifier: MIT */
/* Measures every point of every scenario, each within its share of the time. */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include "results.h"

/* Milliseconds that these contenders take for the tables of r on a quiet machine. */
double run_expected_ms(const struct results *r, const struct contender *const *contenders,
		       unsigned n);

/* Fills the tables of r, and has ended by r->deadline_ns but for the run it is in. */
void run_tables(struct results *r);

/* While they are locked nothing is added to the results.  By any thread. */
void run_lock(void);
void run_unlock(void);

#endif
