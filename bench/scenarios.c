/* SPDX-License-Identifier: MIT */
#include "scenario.h"

extern const struct scenario scenario_p1, scenario_p2, scenario_p3, scenario_p4,
	scenario_p5, scenario_p6, scenario_p10;

const struct scenario *const scenarios[] = {
	&scenario_p1, &scenario_p2, &scenario_p3,  &scenario_p4,
	&scenario_p5, &scenario_p6, &scenario_p10,
};

const unsigned n_scenarios = COUNT_OF(scenarios);

struct settings settings;

unsigned points_of(struct point *points, const unsigned *threads, unsigned n,
		   unsigned variants)
{
	unsigned n_points = 0;

	if (settings.n_threads) {
		threads = settings.threads;
		n = settings.n_threads;
	}
	for (unsigned v = 0; v < variants; v++)
		for (unsigned i = 0; i < n && n_points < MAX_POINTS; i++)
			points[n_points++] = (struct point){threads[i], v};
	return n_points;
}
