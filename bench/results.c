/* SPDX-License-Identifier: MIT */
#include "results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct table *results_add(struct results *r, const struct scenario *s)
{
	struct table *t = &r->tables[r->n_tables];

	t->scenario = s;
	t->n_points = s->points(t->points);
	t->cells = calloc(t->n_points, sizeof(*t->cells));
	if (!t->cells)
		return NULL;
	for (unsigned p = 0; p < t->n_points; p++)
		for (unsigned c = 0; c < MAX_CONTENDERS; c++)
			for (unsigned m = 0; m < MAX_FIGURES; m++)
				for (unsigned i = 0; i < r->rounds; i++)
					t->cells[p][c].value[m][i] = NAN;
	r->n_tables++;
	return t;
}

/* The rounds' ratios, as far as there are any. */
static unsigned ratios(const struct results *r, const struct cell *of, unsigned of_metric,
		       const struct cell *over, unsigned over_metric, double *ratio)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->rounds; i++) {
		double x = of->value[of_metric][i];

		if (over)
			x /= over->value[over_metric][i];
		if (isfinite(x))
			ratio[n++] = x;
	}
	return n;
}

struct summary cells_ratio(const struct results *r, const struct cell *of,
			   unsigned of_metric, const struct cell *over,
			   unsigned over_metric)
{
	double ratio[MAX_ROUNDS];

	return summarize(ratio, ratios(r, of, of_metric, over, over_metric, ratio));
}

struct interval cells_interval(const struct results *r, const struct cell *of,
			       unsigned of_metric, const struct cell *over,
			       unsigned over_metric)
{
	double ratio[MAX_ROUNDS];

	return median_interval(ratio, ratios(r, of, of_metric, over, over_metric, ratio));
}

struct summary cell_summary(const struct results *r, const struct cell *cell,
			    unsigned metric)
{
	return cells_ratio(r, cell, metric, NULL, 0);
}

const char *cell_missing(const struct cell *cell)
{
	if (cell->no_time)
		return "no time was left";
	return cell->err ? strerror(-cell->err) : NULL;
}

static bool cell_tried(const struct results *r, const struct cell *cell)
{
	bool in_use = cell->err;

	for (unsigned figure = 0; figure < COST_END; figure++)
		in_use = in_use || cell_summary(r, cell, figure).n;
	return in_use;
}

bool cell_in_use(const struct results *r, const struct cell *cell)
{
	return cell->no_time || cell_tried(r, cell);
}

bool results_any(const struct results *r, const struct table *t, unsigned point)
{
	for (unsigned c = 0; c < r->n_contenders; c++)
		if (cell_tried(r, &t->cells[point][c]))
			return true;
	return false;
}

bool results_participants(const struct results *r, const struct scenario *s)
{
	for (unsigned c = 0; c < r->n_contenders; c++)
		if (takes_part(r->contenders[c], s))
			return true;
	return false;
}

void rounds_text(const struct results *r, const struct table *t, unsigned point,
		 char *text, size_t size)
{
	text[0] = '\0';
	if (t->rounds[point] < r->rounds)
		snprintf(text, size, " (%u of %u rounds)", t->rounds[point], r->rounds);
}

struct progress_count results_count(const struct results *r)
{
	struct progress_count n = {0, 0};

	for (unsigned i = 0; i < r->n_tables; i++) {
		const struct table *t = &r->tables[i];

		if (!results_participants(r, t->scenario))
			continue;
		for (unsigned p = 0; p < t->n_points; p++)
			n.complete += t->rounds[p] == r->rounds;
		n.all += t->n_points;
	}
	return n;
}

bool figure_in_use(const struct results *r, const struct table *t, unsigned point,
		   unsigned figure)
{
	for (unsigned c = 0; c < r->n_contenders; c++)
		if (cell_summary(r, &t->cells[point][c], figure).n)
			return true;
	return false;
}

unsigned results_find(const struct results *r, const char *name)
{
	unsigned i = 0;

	while (i < r->n_contenders && strcmp(r->contenders[i]->name, name))
		i++;
	return i;
}

unsigned results_best_other(const struct results *r, const struct table *t,
			    unsigned point, unsigned contender, unsigned figure)
{
	const enum better better = metric_of(t->scenario, figure)->better;
	unsigned best = r->n_contenders;
	double best_value = NAN;

	for (unsigned c = 0; c < r->n_contenders; c++) {
		double value = cell_summary(r, &t->cells[point][c], figure).median;

		if (isnan(value) ||
		    !strcmp(r->contenders[c]->family, r->contenders[contender]->family))
			continue;
		if (best < r->n_contenders &&
		    (better == LESS ? value >= best_value : value <= best_value))
			continue;
		best = c;
		best_value = value;
	}
	return best;
}

bool target_applies(const struct target *target, const struct point *p)
{
	return !target->applies || target->applies(p);
}

static bool within(const struct target *target, double value)
{
	return target->bound == AT_MOST ? value <= target->limit : value >= target->limit;
}

static unsigned find_reference(const struct results *r, const struct table *t,
			       unsigned point, unsigned subject,
			       const struct target *target)
{
	if (strcmp(target->reference, BEST_OTHER))
		return results_find(r, target->reference);
	return results_best_other(r, t, point, subject, target->reference_metric);
}

struct verdict target_verdict(const struct results *r, const struct table *t,
			      unsigned point, const struct target *target)
{
	struct verdict v = {.outcome = NOT_MEASURED, .reference = ""};
	const unsigned subject = results_find(r, target->subject);
	const struct cell *of, *over = NULL;
	unsigned reference;

	if (subject == r->n_contenders)
		return v;
	of = &t->cells[point][subject];
	if (target->reference) {
		reference = find_reference(r, t, point, subject, target);
		if (reference == r->n_contenders)
			return v;
		if (!strcmp(target->reference, BEST_OTHER))
			v.reference = r->contenders[reference]->name;
		over = &t->cells[point][reference];
	}
	v.figure = cells_ratio(r, of, target->metric, over, target->reference_metric);
	if (!v.figure.n)
		return v;
	v.outcome = within(target, v.figure.median) ? MET : MISSED;
	v.interval =
		cells_interval(r, of, target->metric, over, target->reference_metric);
	v.clear = v.figure.n >= 3 &&
		  within(target, v.interval.low) == within(target, v.interval.high);
	return v;
}

void target_text(const struct scenario *s, const struct target *target, char *text,
		 size_t size)
{
	const char *sign = target->bound == AT_MOST ? "<=" : ">=";
	const struct metric *m = metric_of(s, target->metric);
	int n;

	n = snprintf(text, size, "%s: %s %s %g", target->subject, m->head, sign,
		     target->limit);
	if (!target->reference || n < 0 || (size_t)n >= size)
		return;
	if (target->reference_metric == target->metric)
		snprintf(text + n, size - (size_t)n, " x %s", target->reference);
	else
		snprintf(text + n, size - (size_t)n, " x %s's %s", target->reference,
			 metric_of(s, target->reference_metric)->head);
}
