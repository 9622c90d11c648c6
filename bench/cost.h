/* SPDX-License-Identifier: MIT */
/* What the whole process spent on something that it did many times. */
#ifndef BENCH_COST_H
#define BENCH_COST_H

#include "crew.h"
#include "scenario.h"

struct cost {
	double cpu_ns, switches;
	struct syscall_counts syscalls;
};

extern const struct metric cost_metrics[COST_END - COST_CPU];

/* Called by a member of the crew, or by the thread that waits for it. */
struct cost cost_begin(const struct crew *crew);

/* Writes value[COST_...]. */
void cost_end(const struct cost *begun, const struct crew *crew, double operations,
	      double *value);

#endif
