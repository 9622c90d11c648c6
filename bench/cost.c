/* SPDX-License-Identifier: MIT */
#include "cost.h"

#include <sys/resource.h>

const struct metric cost_metrics[COST_END - COST_CPU] = {
	{"cpu_us_per_operation", "cpu us", "us of CPU time per operation", LESS},
	{"switches_per_operation", "switches", "context switches per operation", LESS},
	{"futex_calls_per_operation", "futex", "futex calls per operation", LESS},
	{"membarrier_calls_per_operation", "membarr.", "membarrier calls per operation",
	 LESS},
};

struct cost cost_begin(const struct crew *crew)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (struct cost){
		.cpu_ns = (double)process_cpu_ns(),
		.switches = (double)(usage.ru_nvcsw + usage.ru_nivcsw),
		.syscalls = crew_syscalls(crew, 0, crew->size),
	};
}

void cost_end(const struct cost *begun, const struct crew *crew, double operations,
	      double *value)
{
	const struct cost now = cost_begin(crew);
	const struct syscall_counts *a = &begun->syscalls, *b = &now.syscalls;

	if (!(operations > 0))
		return;
	value[COST_CPU] = (now.cpu_ns - begun->cpu_ns) / 1000 / operations;
	value[COST_SWITCHES] = (now.switches - begun->switches) / operations;
	value[COST_FUTEXES] =
		(double)(b->waits + b->wakes - a->waits - a->wakes) / operations;
	value[COST_MEMBARRIERS] = (double)(b->membarriers - a->membarriers) / operations;
}
