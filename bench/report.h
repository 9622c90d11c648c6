/* SPDX-License-Identifier: MIT */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "disturbance.h"
#include "results.h"

#include <stdio.h>

void report_machine(FILE *out);
void report_torture(FILE *out, const struct results *r);
void report_tables(FILE *out, const struct results *r);

/* Three or four digits; - for none. */
const char *report_number(double x, char *text, size_t size);

/* A contender's name, and the form of it. */
const char *report_form(const struct contender *c);

/* Why a point has no figures at all. */
const char *report_nobody(const struct results *r, const struct scenario *s);

/* A line if something was not measured. */
void report_extent(FILE *out, const struct results *r);

const char *report_verdict(const struct verdict *v);
void report_disturbance(FILE *out, const struct disturbance *d);

/* Whether a figure, not the first, has a column in the table of this point. */
bool report_has_column(const struct results *r, const struct table *t, unsigned point,
		       unsigned figure);

/* The first figure in comparison; NAN and "" if there is nothing to compare with. */
struct comparison {
	double seed, best;
	const char *best_name; /* the best of the other families */
};

struct comparison report_compare(const struct results *r, const struct table *t,
				 unsigned point, unsigned contender);

/* Returns 0 or -errno. */
int report_json(FILE *out, const struct results *r);

#endif
