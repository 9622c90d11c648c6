/* SPDX-License-Identifier: MIT */
/*
 * Nothing but the calls.
 */
#include "crew.h"
#include "ops.h"
#include "perturb.h"
#include "scenarios.h"

#include <sched.h>

static unsigned cpus_permitted(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

void scenario_mixed(void)
{
	crew_work(ops_mixed, 60, NULL);
}

void scenario_deadlines(void)
{
	crew_work(ops_deadlines, 60, NULL);
}

/* Most windows are between two threads or three. */
void scenario_duel(void)
{
	perturb_set(PERTURBATION_HEAVY);
	options.threads = options.threads < 4 ? options.threads : 4;
	crew_work(ops_duel, 30, NULL);
}

/* As many threads as can run at a time, so that they do. */
void scenario_sprint(void)
{
	unsigned cpus = cpus_permitted();

	perturb_set(PERTURBATION_NONE);
	if (options.threads > cpus)
		options.threads = cpus < 2 ? 2 : cpus;
	crew_work(ops_sprint, 8, NULL);
}

/* A sync-point of a thousand threads, or the end of a round that held as many, takes
 * its time; so a few operations each will do. */
void scenario_crowd(void)
{
	struct plan plan;

	perturb_set(PERTURBATION_LIGHT);
	do {
		plan = crew_plan(ops_crowd);
		plan.threads = STRESS_TSAN ? CREW_MAX / 5 : CREW_MAX;
		plan.attr.max_threads = 2 * CREW_MAX + 1;
		crew_open(&plan);
		crew_burst(2);
		if (time_left())
			crew_burst(1);
		crew_close();
	} while (time_left());
}
