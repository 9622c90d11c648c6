/* SPDX-License-Identifier: MIT */
/*
 * A scenario: what is done with every contender, at several points (numbers of
 * threads, kinds of work), and which figures come out of one run of it.
 */
#ifndef BENCH_SCENARIO_H
#define BENCH_SCENARIO_H

#include "contender.h"

#include <stddef.h>

#define MAX_METRICS 8
#define MAX_POINTS  64

struct point {
	unsigned threads;
	unsigned variant; /* what it means is the scenario's */
};

enum better { LESS, MORE };

struct metric {
	const char *name; /* for JSON */
	const char *head; /* of its column, at most 10 characters */
	const char *unit;
	enum better better;
};

/*
 * What the figures are to be: subject's metric, over reference's reference_metric
 * if there is one, at the points that it applies to.
 */
enum bound { AT_MOST, AT_LEAST };

struct target {
	const char *subject;
	unsigned metric;
	enum bound bound;
	double limit;
	const char *reference; /* a contender; NULL: the limit is absolute */
	unsigned reference_metric;
	bool (*applies)(const struct point *p); /* NULL: at every point */
};

struct settings {
	bool quick;
	unsigned rounds;
	unsigned threads[MAX_POINTS]; /* --threads; none: the scenario's own */
	unsigned n_threads;
};

extern struct settings settings;

struct scenario {
	const char *name;
	const char *title;
	const struct metric *metrics; /* the first is the one that is compared */
	unsigned n_metrics;
	bool counts; /* metrics are counts of events: no ratios, no spread */
	const struct target *targets;
	unsigned n_targets;

	unsigned (*points)(struct point *points);
	void (*label)(const struct point *p, char *text, size_t size);
	double (*expected_ms)(
		const struct point *p); /* roughly, for the remaining time */
	/* One run.  value[] is NAN at first.  Returns 0 or -errno. */
	int (*run)(const struct contender *c, const struct point *p, double *value);
};

extern const struct scenario *const scenarios[];
extern const unsigned n_scenarios;

/* The given numbers of threads, or those of --threads, with every variant. */
unsigned points_of(struct point *points, const unsigned *threads, unsigned n,
		   unsigned variants);

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static inline double quick_or_full(double quick, double full)
{
	return settings.quick ? quick : full;
}

#endif
