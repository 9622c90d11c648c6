/* SPDX-License-Identifier: MIT */
/* The table on the terminal: figures first, then each target with its result. */
#include "report.h"
#include "digest.h"
#include "machine.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#define NOISY_CV     0.10 /* a figure above it is marked */
#define BUSY_PERCENT 10   /* above it others had the machine */
#define COLUMNS      80   /* of lines of words; tables may be wider */
#define MARGIN       16   /* where values of the header begin */

struct tally {
	unsigned met, missed, unclear, not_measured;
};

/*
 * Prints words from a column on, which the first line has reached already.  Breaks lines
 * between words.
 */
static void print_wrapped(FILE *out, const char *text, int margin)
{
	while (strlen(text) > (size_t)(COLUMNS - margin)) {
		int n = COLUMNS - margin;

		while (n && text[n] != ' ')
			n--;
		if (!n)
			break;
		fprintf(out, "%.*s\n%*s", n, text, margin, "");
		text += n + 1;
	}
	fprintf(out, "%s\n", text);
}

void report_machine(FILE *out)
{
	fprintf(out, "machine\n");
	for (const struct fact *f = machine_facts(); f->name; f++) {
		fprintf(out, "  %-13s ", f->name);
		print_wrapped(out, f->value, MARGIN);
	}
	fputc('\n', out);
}

const char *report_form(const struct contender *c)
{
	return c == &contender_seed_wide ? "seed, wide" : c->name;
}

void report_torture(FILE *out, const struct results *r)
{
	fprintf(out, "exclusion torture\n");
	for (unsigned i = 0; i < r->n_tortured; i++) {
		const struct torture_entry *t = &r->tortured[i];
		const struct contender *c = t->contender;

		fprintf(out, "  %-11s %3u threads %9llu isolations %10llu sections  ",
			report_form(c), t->result.threads,
			(unsigned long long)t->result.isolations,
			(unsigned long long)t->result.sections);
		if (t->err)
			fprintf(out, "could not run: %s\n", strerror(-t->err));
		else if (c == &contender_none)
			fprintf(out, "%llu violations: %s\n",
				(unsigned long long)t->result.violations,
				t->passed ? "NOT NOTICED" : "noticed, as it must be");
		else
			fprintf(out, "%llu violations: %s\n",
				(unsigned long long)t->result.violations,
				t->passed ? "passed" : "FAILED");
	}
	fputc('\n', out);
}

/* Three or four digits; - for none. */
const char *report_number(double x, char *text, size_t size)
{
	if (isnan(x))
		snprintf(text, size, "-");
	else if (x == 0)
		snprintf(text, size, "0");
	else if (fabs(x) < 0.1)
		snprintf(text, size, "%.2g", x);
	else if (fabs(x) < 10)
		snprintf(text, size, "%.2f", x);
	else if (fabs(x) < 100)
		snprintf(text, size, "%.1f", x);
	else if (fabs(x) < 1e5)
		snprintf(text, size, "%.0f", x);
	else if (fabs(x) < 1e6)
		snprintf(text, size, "%.0fk", x / 1e3);
	else
		snprintf(text, size, "%.2fM", x / 1e6);
	return text;
}

static void print_number(FILE *out, int width, double x)
{
	char text[32];

	fprintf(out, " %*s", width, report_number(x, text, sizeof(text)));
}

static void print_interval(FILE *out, const struct interval *i)
{
	char low[32], high[32], both[72];

	snprintf(both, sizeof(both), "%s .. %s", report_number(i->low, low, sizeof(low)),
		 report_number(i->high, high, sizeof(high)));
	fprintf(out, " %17s", both);
}

/* Figures beside the first one, in the order of columns. */
bool report_has_column(const struct results *r, const struct table *t, unsigned point,
		       unsigned figure)
{
	if (figure < MAX_METRICS)
		return figure < t->scenario->n_metrics;
	return figure < COST_END && figure_in_use(r, t, point, figure);
}

static void print_head(FILE *out, const struct results *r, const struct table *t,
		       unsigned point)
{
	const struct scenario *s = t->scenario;

	fprintf(out, "  %-10s %10s", "", s->metrics[0].head);
	if (!s->counts)
		fprintf(out, " %17s %6s %6s %17s", "95 % interval", "CV", "x seed",
			"x best other");
	for (unsigned m = 1; m < COST_END; m++)
		if (report_has_column(r, t, point, m))
			fprintf(out, " %10s", metric_of(s, m)->head);
	fputc('\n', out);
}

struct comparison report_compare(const struct results *r, const struct table *t,
				 unsigned point, unsigned contender)
{
	const struct cell *cells = t->cells[point];
	const unsigned seed = results_find(r, "seed");
	const unsigned best = results_best_other(r, t, point, contender, 0);
	struct comparison x = {NAN, NAN, ""};

	if (seed < r->n_contenders)
		x.seed = cells_ratio(r, &cells[contender], 0, &cells[seed], 0).median;
	if (best == r->n_contenders)
		return x;
	x.best = cells_ratio(r, &cells[contender], 0, &cells[best], 0).median;
	x.best_name = r->contenders[best]->name;
	return x;
}

static void print_ratios(FILE *out, const struct results *r, const struct table *t,
			 unsigned point, unsigned contender)
{
	struct comparison x = report_compare(r, t, point, contender);

	print_number(out, 6, x.seed);
	print_number(out, 6, x.best);
	fprintf(out, " %-10s", x.best_name);
}

static void print_cv(FILE *out, const struct summary *s)
{
	if (s->n < 2)
		fprintf(out, " %6s", "-");
	else
		fprintf(out, " %4.0f%%%c", 100 * s->cv, s->cv > NOISY_CV ? '!' : ' ');
}

static void print_row(FILE *out, const struct results *r, const struct table *t,
		      unsigned point, unsigned contender)
{
	const struct cell *cell = &t->cells[point][contender];
	struct summary s = cell_summary(r, cell, 0);
	struct interval i = cells_interval(r, cell, 0, NULL, 0);

	if (!cell_in_use(r, cell))
		return;
	fprintf(out, "  %-10s", r->contenders[contender]->name);
	if (cell_missing(cell)) {
		fprintf(out, " not measured: %s\n", cell_missing(cell));
		return;
	}
	print_number(out, 10, s.median);
	if (!t->scenario->counts) {
		print_interval(out, &i);
		print_cv(out, &s);
		print_ratios(out, r, t, point, contender);
	}
	for (unsigned m = 1; m < COST_END; m++)
		if (report_has_column(r, t, point, m))
			print_number(out, 10, cell_summary(r, cell, m).median);
	fputc('\n', out);
}

const char *report_verdict(const struct verdict *v)
{
	if (v->outcome == NOT_MEASURED)
		return "not measured";
	if (v->outcome == MET)
		return v->clear ? "met" : "met, not clearly";
	return v->clear ? "MISSED" : "MISSED, not clearly";
}

static void print_target(FILE *out, const struct results *r, const struct table *t,
			 unsigned point, const struct target *target, struct tally *tally)
{
	struct verdict v = target_verdict(r, t, point, target);
	char text[96], figure[32];

	target_text(t->scenario, target, text, sizeof(text));
	report_number(v.outcome == NOT_MEASURED ? NAN : v.figure.median, figure,
		      sizeof(figure));
	fprintf(out, "    target %-46s %8s  %s%s%s\n", text, figure, report_verdict(&v),
		*v.reference ? ", " : "", v.reference);
	tally->met += v.outcome == MET;
	tally->missed += v.outcome == MISSED;
	tally->unclear += v.outcome == MISSED && !v.clear;
	tally->not_measured += v.outcome == NOT_MEASURED;
}

static void print_title(FILE *out, const struct scenario *s)
{
	const struct metric *m = &s->metrics[0];

	fprintf(out, "%s  %s", s->name, s->title);
	if (!s->counts)
		fprintf(out, " (%s; %s is better)", m->unit,
			m->better == LESS ? "less" : "more");
	fputc('\n', out);
}

const char *report_nobody(const struct results *r, const struct scenario *s)
{
	if (!results_participants(r, s))
		return "no contender of these takes part";
	return r->partial ? "not measured" : "not measured: no time was left";
}

static void print_point(FILE *out, const struct results *r, const struct table *t,
			unsigned point, struct tally *tally)
{
	const struct scenario *s = t->scenario;
	char label[64], rounds[64];

	s->label(&t->points[point], label, sizeof(label));
	rounds_text(r, t, point, rounds, sizeof(rounds));
	fprintf(out, " %s%s\n", label, rounds);
	if (!results_any(r, t, point)) {
		fprintf(out, "  %s\n", report_nobody(r, s));
		return;
	}
	print_head(out, r, t, point);
	for (unsigned c = 0; c < r->n_contenders; c++)
		print_row(out, r, t, point, c);
	for (unsigned i = 0; i < s->n_targets; i++)
		if (target_applies(&s->targets[i], &t->points[point]))
			print_target(out, r, t, point, &s->targets[i], tally);
}

void report_disturbance(FILE *out, const struct disturbance *d)
{
	const char *advice = "";

	if (isnan(d->others)) {
		fprintf(out, "how quiet the machine was is not known\n");
		return;
	}
	if (d->others + d->steal > BUSY_PERCENT)
		advice = ": too much, repeat on a quiet machine";
	if (settings.load)
		fprintf(out, "the load took %.0f %% of the CPU time, ", d->load);
	fprintf(out, "others took %.0f %%%s, the hypervisor %.0f %%%s\n", d->others,
		settings.load ? "" : " of the CPU time", d->steal, advice);
}

void report_extent(FILE *out, const struct results *r)
{
	const struct progress_count n = results_count(r);

	if (r->partial)
		fprintf(out,
			"PARTIAL: interrupted, %u of %u points have all of their "
			"rounds.\n",
			n.complete, n.all);
	else if (n.complete < n.all)
		fprintf(out,
			"%u of %u points have all of their rounds: %u s were not enough "
			"for "
			"more.\n",
			n.complete, n.all, settings.seconds);
}

static const char legend[] =
	"Medians of %u interleaved rounds, with their bootstrap intervals.  CV: the\n"
	"coefficient of variation, ! above %.0f %%: too noisy to tell small "
	"differences.\n"
	"x: the median of the rounds' ratios.  A target is met or missed \"not "
	"clearly\"\n"
	"if the interval of its figure has both sides of the limit in it, or if there\n"
	"were fewer than 3 rounds.\n";

static void print_digest(FILE *out, const struct results *r)
{
	struct digest_line lines[MAX_DIGEST];
	const unsigned n = digest(r, lines);

	if (!n)
		return;
	fprintf(out, "librdv against the best other, by what you do\n");
	for (const struct digest_line *l = lines; l < lines + n; l++)
		fprintf(out, "  %-40s %9s  %9s %-9s  %s\n", l->what, l->ours, l->other,
			l->other_name, l->verdict);
	fputc('\n', out);
}

void report_tables(FILE *out, const struct results *r)
{
	struct tally tally = {0, 0, 0, 0};

	print_digest(out, r);
	fprintf(out, legend, r->rounds, 100 * NOISY_CV);
	report_extent(out, r);
	fputc('\n', out);
	for (unsigned i = 0; i < r->n_tables; i++) {
		print_title(out, r->tables[i].scenario);
		for (unsigned p = 0; p < r->tables[i].n_points; p++)
			print_point(out, r, &r->tables[i], p, &tally);
		fputc('\n', out);
	}
	/* on a terminal the end is what the user sees first */
	if (isatty(fileno(out)))
		print_digest(out, r);
	fprintf(out, "targets: %u met, %u missed (%u not clearly), %u not measured\n",
		tally.met, tally.missed, tally.unclear, tally.not_measured);
	fprintf(out, "measured in %.0f s; ", r->seconds);
	report_disturbance(out, &r->disturbance);
}
