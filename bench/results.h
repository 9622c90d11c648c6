/* SPDX-License-Identifier: MIT */
/* What was measured, and what it says about the targets. */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include "contender.h"
#include "disturbance.h"
#include "measure.h"
#include "scenario.h"
#include "torture.h"

#define MAX_ROUNDS    99
#define MAX_SCENARIOS 17

/* One contender at one point. */
struct cell {
	double value[MAX_FIGURES][MAX_ROUNDS]; /* NAN: no such figure */
	int err;                               /* -errno of a run that failed */
	bool no_time; /* left out: the time of the point was over */
};

struct table {
	const struct scenario *scenario;
	unsigned n_points;
	struct point points[MAX_POINTS];
	struct cell (*cells)[MAX_CONTENDERS]; /* [point][contender] */
	unsigned rounds[MAX_POINTS];          /* that are complete */
};

struct torture_entry {
	const struct contender *contender;
	struct torture_result result;
	int err;
	bool passed;
};

struct results {
	const struct contender *contenders[MAX_CONTENDERS];
	unsigned n_contenders;
	unsigned rounds;      /* asked for */
	uint64_t deadline_ns; /* nothing begins after it */
	bool partial;         /* interrupted */
	struct table tables[MAX_SCENARIOS];
	unsigned n_tables;
	struct torture_entry tortured[2 * MAX_CONTENDERS]; /* with the wider forms */
	unsigned n_tortured;
	double seconds;
	struct disturbance disturbance;
};

/* A table for the scenario, without values yet.  NULL: no memory. */
struct table *results_add(struct results *r, const struct scenario *s);

struct summary cell_summary(const struct results *r, const struct cell *cell,
			    unsigned metric);

/*
 * The ratio of two contenders is the median of the ratios of their rounds.  The two runs
 * of a round are neighbours in time, so they share the state of the machine.  The second
 * contender may be NULL; the result is then the figure itself.
 */
struct summary cells_ratio(const struct results *r, const struct cell *of,
			   unsigned of_metric, const struct cell *over,
			   unsigned over_metric);

/* The interval of the median of the same values. */
struct interval cells_interval(const struct results *r, const struct cell *of,
			       unsigned of_metric, const struct cell *over,
			       unsigned over_metric);

/* Whether a contender has any figure at this point, or a reason for having none. */
bool cell_in_use(const struct results *r, const struct cell *cell);

/* Why there is no figure; NULL: there is one. */
const char *cell_missing(const struct cell *cell);

/* Whether any contender has a figure or an error at this point. */
bool results_any(const struct results *r, const struct table *t, unsigned point);

/* Whether any of them takes part in the scenario. */
bool results_participants(const struct results *r, const struct scenario *s);

/* " (2 of 5 rounds)" where the time was not enough for all of them, else "". */
void rounds_text(const struct results *r, const struct table *t, unsigned point,
		 char *text, size_t size);

/* How many points of how many have all of their rounds. */
struct progress_count {
	unsigned complete, all;
};
struct progress_count results_count(const struct results *r);

/* Whether any contender has this figure at this point. */
bool figure_in_use(const struct results *r, const struct table *t, unsigned point,
		   unsigned figure);

/* Index of a contender that takes part, or n_contenders. */
unsigned results_find(const struct results *r, const char *name);

/*
 * The contender that is best in a figure at a point, of all that are not of the given
 * family.
 */
unsigned results_best_other(const struct results *r, const struct table *t,
			    unsigned point, unsigned contender, unsigned figure);

/* Clear: the interval, of at least 3 rounds, lies on one side of the limit. */
enum outcome { MET, MISSED, NOT_MEASURED };

struct verdict {
	enum outcome outcome;
	bool clear;
	struct summary figure;
	struct interval interval;
	const char *reference; /* the best other, if that is asked for, or "" */
};

struct verdict target_verdict(const struct results *r, const struct table *t,
			      unsigned point, const struct target *target);

/* "rdv <= 1.10 x seed" */
void target_text(const struct scenario *s, const struct target *target, char *text,
		 size_t size);

bool target_applies(const struct target *target, const struct point *p);

#endif
