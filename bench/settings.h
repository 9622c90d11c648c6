/* SPDX-License-Identifier: MIT */
/* What the command line says about how much to measure. */
#ifndef BENCH_SETTINGS_H
#define BENCH_SETTINGS_H

#include <stdbool.h>

#define MAX_POINTS 64

struct settings {
	bool quick;
	unsigned rounds;
	unsigned seconds;             /* at most */
	unsigned load;                /* computing processes beside us */
	unsigned threads[MAX_POINTS]; /* --threads; none: the scenario's own */
	unsigned n_threads;
};

extern struct settings settings;

static inline double quick_or_full(double quick, double full)
{
	return settings.quick ? quick : full;
}

#endif
