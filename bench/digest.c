/* SPDX-License-Identifier: MIT */
#include "digest.h"
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum which { FEWEST, MOST }; /* threads */

/* A figure of rdv, or of another form of it, at one point. */
static const struct entry {
	const char *what; /* %u: the number of threads */
	const char *subject;
	const char *scenario;
	unsigned variant;
	enum which which;
	unsigned figure;
	const char *unit;
} entries[] = {
	{"a checkpoint", "rdv", "P1", 0, FEWEST, 0, " ns"},
	{"leave and enter, as around epoll_wait()", "rdv", "P2", 0, FEWEST, 0, " ns"},
	{"... with RDV_FENCE_BIASED", "rdv-biased", "P2", 0, FEWEST, 0, " ns"},
	{"isolate while %u threads sleep", "rdv", "P4", 0, MOST, 0, " ns"},
	{"isolate among %u that compute (p50)", "rdv", "P13", 1, MOST, 0, " us"},
	{"CPU burnt by %u held threads in 10 ms", "rdv", "P5", 0, MOST, 0, " %"},
	{"isolations/s by %u threads at once", "rdv", "P6", 1, FEWEST, 0, "/s"},
	{"isolations/s by %u threads at once", "rdv", "P6", 1, MOST, 0, "/s"},
	{"... the longest wait of one of them", "rdv", "P6", 1, MOST, 2, " ms"},
	{"work of others at 10000 isolations/s", "rdv", "P8", 3, MOST, 0, "/s"},
};

_Static_assert(COUNT_OF(entries) <= MAX_DIGEST, "raise MAX_DIGEST");

static const struct table *find_table(const struct results *r, const char *name)
{
	for (unsigned i = 0; i < r->n_tables; i++)
		if (!strcmp(r->tables[i].scenario->name, name))
			return &r->tables[i];
	return NULL;
}

/* The point that an entry asks for, n_points if there is none. */
static unsigned find_point(const struct table *t, const struct entry *e)
{
	unsigned found = t->n_points;

	for (unsigned p = 0; p < t->n_points; p++) {
		unsigned threads = t->points[p].threads;

		if (t->points[p].variant != e->variant)
			continue;
		if (found == t->n_points ||
		    (e->which == MOST ? threads > t->points[found].threads
				      : threads < t->points[found].threads))
			found = p;
	}
	return found;
}

static void tell_figure(char *text, size_t size, double x, const char *unit)
{
	char number[32];

	snprintf(text, size, "%.10s%.4s", report_number(x, number, sizeof(number)), unit);
}

/* The word is clear only if the interval of the ratio lies on one side of 1. */
static void tell_verdict(struct digest_line *line, const struct interval *i)
{
	if (line->better >= 0.95 && line->better <= 1.05)
		snprintf(line->verdict, sizeof(line->verdict), "the same");
	else if ((i->low < 1) != (i->high < 1))
		snprintf(line->verdict, sizeof(line->verdict), "not clear");
	else if (line->better > 1)
		snprintf(line->verdict, sizeof(line->verdict), "%.*fx better",
			 line->better < 10, line->better);
	else
		snprintf(line->verdict, sizeof(line->verdict), "%.*fx worse",
			 line->better > 0.1, 1 / line->better);
}

static void tell_rounds(struct digest_line *line, unsigned n)
{
	const size_t length = strlen(line->verdict);

	snprintf(line->verdict + length, sizeof(line->verdict) - length, " (%u round%s)",
		 n, n == 1 ? "" : "s");
}

static bool digest_one(const struct results *r, const struct entry *e,
		       struct digest_line *line)
{
	const struct table *t = find_table(r, e->scenario);
	const unsigned subject = results_find(r, e->subject);
	const unsigned point = t ? find_point(t, e) : 0;
	const struct cell *ours, *other;
	struct summary ratio;
	struct interval interval;
	unsigned best;

	if (!t || point == t->n_points || subject == r->n_contenders)
		return false;
	best = results_best_other(r, t, point, subject, e->figure);
	if (best == r->n_contenders)
		return false;
	ours = &t->cells[point][subject];
	other = &t->cells[point][best];
	ratio = cells_ratio(r, ours, e->figure, other, e->figure);
	interval = cells_interval(r, ours, e->figure, other, e->figure);
	if (!ratio.n || !(ratio.median > 0))
		return false;
	snprintf(line->what, sizeof(line->what), e->what, t->points[point].threads);
	tell_figure(line->ours, sizeof(line->ours),
		    cell_summary(r, ours, e->figure).median, e->unit);
	tell_figure(line->other, sizeof(line->other),
		    cell_summary(r, other, e->figure).median, e->unit);
	line->other_name = r->contenders[best]->name;
	line->better = metric_of(t->scenario, e->figure)->better == MORE
			       ? ratio.median
			       : 1 / ratio.median;
	tell_verdict(line, &interval);
	if (ratio.n < 3)
		tell_rounds(line, ratio.n);
	return true;
}

unsigned digest(const struct results *r, struct digest_line *lines)
{
	unsigned n = 0;

	for (unsigned i = 0; i < COUNT_OF(entries); i++)
		n += digest_one(r, &entries[i], &lines[n]);
	return n;
}
