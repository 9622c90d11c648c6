/* SPDX-License-Identifier: MIT */
#include "results.h"
#include "scenario.h"
#include "cost.h"

#include <string.h>

extern const struct scenario scenario_p1, scenario_p2, scenario_p3, scenario_p4,
	scenario_p5, scenario_p6, scenario_p7, scenario_p8, scenario_p9, scenario_p10,
	scenario_p11, scenario_p12, scenario_p13, scenario_p14, scenario_p15,
	scenario_p16, scenario_p17;

const struct scenario *const scenarios[] = {
	&scenario_p1,  &scenario_p2,  &scenario_p3,  &scenario_p4,  &scenario_p5,
	&scenario_p6,  &scenario_p7,  &scenario_p8,  &scenario_p9,  &scenario_p10,
	&scenario_p11, &scenario_p12, &scenario_p13, &scenario_p14, &scenario_p15,
	&scenario_p16, &scenario_p17,
};

_Static_assert(COUNT_OF(scenarios) <= MAX_SCENARIOS, "raise it");

const unsigned n_scenarios = COUNT_OF(scenarios);

unsigned points_of(struct point *points, const unsigned *threads, unsigned n,
		   unsigned variants)
{
	unsigned n_points = 0, first = 0, step = 1;

	if (settings.n_threads) {
		threads = settings.threads;
		n = settings.n_threads;
	} else if (settings.quick) {
		first = (n - 1) % 2;
		step = 2;
	}
	for (unsigned v = 0; v < variants; v++)
		for (unsigned i = first; i < n && n_points < MAX_POINTS; i += step)
			points[n_points++] = (struct point){threads[i], v};
	return n_points;
}

bool takes_part(const struct contender *c, const struct scenario *s)
{
	if (c->only)
		return !strcmp(c->only, s->name);
	return (!s->sync || c->sync) && (!s->grace || c->grace);
}

const struct metric *metric_of(const struct scenario *s, unsigned figure)
{
	return figure < MAX_METRICS ? &s->metrics[figure]
				    : &cost_metrics[figure - COST_CPU];
}
