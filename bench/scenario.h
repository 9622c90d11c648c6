/* SPDX-License-Identifier: MIT */
/*
 * A scenario says what is done with every contender, at several points (numbers of
 * threads, kinds of work), and which figures one run yields.
 */
#ifndef BENCH_SCENARIO_H
#define BENCH_SCENARIO_H

#include "contender.h"
#include "measure.h"
#include "settings.h"

#include <stddef.h>

#define MAX_METRICS 10

/*
 * The figures of a run: the scenario's own metrics, what the whole process spent per
 * operation (see cost.h), and quantiles of what was timed (see quantile_at[]).  Figures
 * that a run does not have stay NAN.
 */
enum {
	COST_CPU = MAX_METRICS,
	COST_SWITCHES,
	COST_FUTEXES,
	COST_MEMBARRIERS,
	COST_END,
	FIRST_QUANTILE = COST_END,
	MAX_FIGURES = FIRST_QUANTILE + N_QUANTILES,
};

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
 * A target: a limit for the metric of the subject.  If there is a reference, the limit is
 * for the ratio to its reference_metric.  It applies at some points, or at all.
 */
enum bound { AT_MOST, AT_LEAST };

#define BEST_OTHER "best other" /* the best of the other families in that figure */

struct target {
	const char *subject;
	unsigned metric;
	enum bound bound;
	double limit;
	const char
		*reference; /* a contender or BEST_OTHER; NULL: the limit is absolute */
	unsigned reference_metric;
	bool (*applies)(const struct point *p); /* NULL: at every point */
};

struct scenario {
	const char *name;
	const char *title;
	const struct metric *metrics; /* the first is the one that is compared */
	unsigned n_metrics;
	bool sync;   /* uses the sync-point: contenders without one do not take part */
	bool grace;  /* the same of grace periods */
	bool fixed;  /* has a fixed number of threads: --threads does not change it */
	bool counts; /* metrics are counts of events: no ratios, no spread */
	const struct target *targets;
	unsigned n_targets;

	unsigned (*points)(struct point *points);
	void (*label)(const struct point *p, char *text, size_t size);
	/* Of plots: the variant in words, if there are several. */
	const char *(*variant)(const struct point *p);
	double (*x)(const struct point *p); /* of plots; NULL: the number of threads */
	double (*expected_ms)(
		const struct point *p); /* a rough guess, for the remaining time */
	/* One run.  value[] is NAN at first.  Returns 0 or -errno. */
	int (*run)(const struct contender *c, const struct point *p, double *value);
};

extern const struct scenario *const scenarios[];
extern const unsigned n_scenarios;

/*
 * The given numbers of threads, or those of --threads, each with every variant.  With
 * --quick every other one of the given numbers, beginning with the last.
 */
unsigned points_of(struct point *points, const unsigned *threads, unsigned n,
		   unsigned variants);

bool takes_part(const struct contender *c, const struct scenario *s);

/* The metric of any figure except the quantiles. */
const struct metric *metric_of(const struct scenario *s, unsigned figure);

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
