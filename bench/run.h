/* SPDX-License-Identifier: MIT */
/* Measures every point of every scenario, each within its share of the time. */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include "results.h"

/* Milliseconds that these contenders take for the tables of r on a quiet machine. */
double run_expected_ms(const struct results *r, const struct contender *const *contenders,
		       unsigned n);

/* Fills the tables of r.  It ends by r->deadline_ns, except for the run that it is in. */
void run_tables(struct results *r);

/* While the results are locked nothing is added to them.  Any thread may call these. */
void run_lock(void);
void run_unlock(void);

#endif
