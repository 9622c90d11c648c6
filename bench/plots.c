/* SPDX-License-Identifier: MIT */
/*
 * A plot is a gnuplot script with its data in it.  The name of a contender decides its
 * colour, line and mark, which are the same in all plots.  Each family has one of the
 * colours of Okabe and Ito, and its members differ by their dashes.  Marks are for
 * readers who see no colours.
 */
#include "plots.h"
#include "gnuplot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum kind {
	CURVE,        /* a figure against x, one plot for each variant */
	DISTRIBUTION, /* quantiles of what was timed, one plot for each point */
};

static const struct plot {
	const char *scenario;
	enum kind kind;
	unsigned figure;
	const char *x_label;
	bool linear_y;
} plots[] = {
	{"P4", CURVE, 0, "threads that are harmless", false},
	{"P4", CURVE, 1, "threads that are harmless", false},
	{"P5", CURVE, 0, "threads that are held", false},
	{"P6", CURVE, 0, "threads that isolate", false},
	{"P6", CURVE, 2, "threads that isolate", false},
	{"P7", DISTRIBUTION, 0, NULL, false},
	{"P8", CURVE, 0, "isolations per second asked for", true},
	{"P8", CURVE, 1, "isolations per second asked for", true},
	{"P9", CURVE, 0, "threads that are held", false},
	{"P9", CURVE, 1, "threads that are held", false},
	{"P11", CURVE, 0, "threads", false},
	{"P11", CURVE, COST_CPU, "threads", false},
	{"P13", CURVE, 0, "threads that compute", false},
	{"P13", CURVE, 1, "threads that compute", false},
	{"P14", CURVE, 0, "readers", false},
	{"P15", CURVE, 0, "threads that wait", false},
	{"P17", CURVE, 0, "busy threads", false},
};

static const struct style {
	const char *name, *colour;
	int dashes, mark;
	double width;
} styles[] = {
	{"rdv", "#0072B2", 1, 7, 3},          {"rdv-biased", "#0072B2", 2, 6, 3},
	{"rdv-sleep", "#0072B2", 4, 2, 2},    {"rdv-strict", "#0072B2", 3, 4, 2},
	{"seed", "#D55E00", 1, 5, 2},         {"seed-yield", "#D55E00", 2, 4, 2},
	{"urcu-qsbr", "#009E73", 1, 9, 2},    {"urcu-memb", "#009E73", 2, 8, 2},
	{"urcu-mb", "#009E73", 3, 11, 2},     {"urcu-bp", "#009E73", 4, 10, 2},
	{"urcu-defer", "#009E73", 5, 1, 2},   {"haproxy", "#D55E00", 3, 3, 2},
	{"bravo", "#56B4E9", 1, 13, 2},       {"rwlock", "#000000", 1, 13, 1.5},
	{"perthread", "#000000", 2, 12, 1.5}, {"ck", "#CC79A7", 1, 2, 2},
	{"nsync", "#E69F00", 1, 1, 2},
};

static const struct style *style_of(const struct contender *c)
{
	for (unsigned i = 0; i < COUNT_OF(styles); i++)
		if (!strcmp(styles[i].name, c->name))
			return &styles[i];
	return &styles[0];
}

static double x_of(const struct table *t, unsigned point)
{
	const struct point *p = &t->points[point];

	return t->scenario->x ? t->scenario->x(p) : p->threads;
}

/* A logarithmic axis has no 0: it is drawn half a unit before 1. */
static double x_drawn(double x)
{
	return x > 0 ? x : 0.5;
}

/*
 * Points with the same variant make a curve.  If the scenario has an x of its own, all
 * points make one curve.
 */
static bool in_curve(const struct table *t, unsigned point, unsigned variant)
{
	return t->scenario->x || t->points[point].variant == variant;
}

static bool put_quantile_data(FILE *script, const struct results *r,
			      const struct table *t, unsigned point, unsigned contender)
{
	const struct cell *cell = &t->cells[point][contender];
	bool has = false;

	for (unsigned i = 0; i < N_QUANTILES; i++) {
		struct summary s = cell_summary(r, cell, FIRST_QUANTILE + i);

		if (!s.n)
			continue;
		fprintf(script, "%g %g\n", fmax(s.median, 0.01), 100 * quantile_at[i]);
		has = true;
	}
	return has;
}

static void put_prologue(FILE *script)
{
	fputs("set terminal svg size 860,430 dynamic enhanced font 'sans-serif,14' "
	      "background '#ffffff' linewidth 1\n"
	      "set key outside right top vertical Left reverse samplen 4 width 1\n"
	      "set grid xtics ytics linecolor '#dddddd' linetype 1 linewidth 0.5\n"
	      "set border 3\nset tics nomirror\n",
	      script);
}

/* Writes the lines of the contenders that have data.  The key names them. */
static void put_lines(FILE *script, const struct results *r, const bool *has,
		      const char *how)
{
	const char *separator = "plot ";

	for (unsigned c = 0; c < r->n_contenders; c++) {
		const struct style *s = style_of(r->contenders[c]);

		if (!has[c])
			continue;
		fprintf(script,
			"%s$d%u %s linecolor '%s' dashtype %d linewidth %g pointtype %d "
			"pointsize 0.7 title '%s'",
			separator, c, how, s->colour, s->dashes, s->width, s->mark,
			s->name);
		separator = ", \\\n     ";
	}
	fputc('\n', script);
}

static void put_x_axis(FILE *script, const struct table *t, unsigned variant)
{
	double least = INFINITY, most = 0;
	const char *separator = "";

	fputs("set logscale x\nset xtics (", script);
	for (unsigned p = 0; p < t->n_points; p++) {
		double x = x_drawn(x_of(t, p));

		if (!in_curve(t, p, variant))
			continue;
		fprintf(script, "%s'%g' %g", separator, x_of(t, p), x);
		separator = ", ";
		least = fmin(least, x);
		most = fmax(most, x);
	}
	fprintf(script, ")\nset xrange [%g:%g]\n", least / 1.2, most * 1.2);
}

/* Writes the plot as a figure with a caption. */
static void draw(FILE *page, FILE *script, const char *caption)
{
	static unsigned n_drawn;
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "plot%u-", ++n_drawn);
	fputs("<figure>\n", page);
	if (gnuplot_draw(script, prefix, page))
		fputs("<p>gnuplot could not draw this.</p>\n", page);
	fprintf(page, "<figcaption>%s</figcaption>\n</figure>\n", caption);
}

/* A plot that is being written. */
struct drawing {
	FILE *script;
	bool has[MAX_CONTENDERS]; /* contenders that have data */
	bool any;
	double least, most; /* of a curve */
};

static bool begin(struct drawing *d)
{
	*d = (struct drawing){.script = tmpfile(), .least = INFINITY};
	if (d->script)
		put_prologue(d->script);
	return d->script;
}

static void begin_data(const struct drawing *d, unsigned contender)
{
	fprintf(d->script, "$d%u << EOD\n", contender);
}

static void end_data(struct drawing *d, unsigned contender, bool has)
{
	fputs("EOD\n", d->script);
	d->has[contender] = has;
	d->any |= has;
}

static void end(struct drawing *d, FILE *page, const struct results *r, const char *how,
		const char *caption)
{
	put_lines(d->script, r, d->has, how);
	if (d->any)
		draw(page, d->script, caption);
	fclose(d->script);
}

/* Returns whether there are any data. */
static bool put_curve_data(struct drawing *d, const struct results *r,
			   const struct table *t, unsigned figure, unsigned variant,
			   unsigned contender)
{
	bool has = false;

	for (unsigned p = 0; p < t->n_points; p++) {
		const struct cell *cell = &t->cells[p][contender];
		struct summary s = cell_summary(r, cell, figure);
		struct interval i = cells_interval(r, cell, figure, NULL, 0);

		if (!in_curve(t, p, variant) || !s.n)
			continue;
		fprintf(d->script, "%g %g %g %g\n", x_drawn(x_of(t, p)), s.median, i.low,
			i.high);
		d->least = fmin(d->least, i.low);
		d->most = fmax(d->most, i.high);
		has = true;
	}
	return has;
}

/* When the data are there.  Large numbers with k and M. */
static void put_y_axis(const struct drawing *d, const struct table *t,
		       const struct plot *plot)
{
	fprintf(d->script, "set ylabel '%s'\nset format y '%s'\n%s",
		metric_of(t->scenario, plot->figure)->unit,
		d->most < 1e4 ? "%g" : "%.1s%c",
		plot->linear_y ? "set yrange [0:*]\n" : "set logscale y\n");
	if (!plot->linear_y && d->most < d->least * 1.001) /* gnuplot finds no range */
		fprintf(d->script, "set yrange [%g:%g]\n", d->least / 2, d->most * 2);
}

static void plot_curve(FILE *page, const struct results *r, const struct table *t,
		       const struct plot *plot, unsigned first)
{
	const struct metric *m = metric_of(t->scenario, plot->figure);
	const unsigned variant = t->points[first].variant;
	char caption[256];
	struct drawing d;

	if (!begin(&d))
		return;
	for (unsigned c = 0; c < r->n_contenders; c++) {
		begin_data(&d, c);
		end_data(&d, c, put_curve_data(&d, r, t, plot->figure, variant, c));
	}
	fprintf(d.script, "set xlabel '%s'\n", plot->x_label);
	put_y_axis(&d, t, plot);
	put_x_axis(d.script, t, variant);
	snprintf(caption, sizeof(caption), "%s%s%s", m->unit,
		 t->scenario->variant ? ": " : "",
		 t->scenario->variant ? t->scenario->variant(&t->points[first]) : "");
	end(&d, page, r, "using 1:2:3:4 with yerrorlines", caption);
}

static void plot_distribution(FILE *page, const struct results *r, const struct table *t,
			      unsigned point)
{
	char label[64], caption[256];
	struct drawing d;

	if (!begin(&d))
		return;
	for (unsigned c = 0; c < r->n_contenders; c++) {
		begin_data(&d, c);
		end_data(&d, c, put_quantile_data(d.script, r, t, point, c));
	}
	fprintf(d.script,
		"set xlabel '%s'\nset ylabel '%% of the isolations that took no "
		"longer'\nset format y '%%g'\nset logscale x\nset format x '%%g'\n"
		"set yrange [0:100]\n",
		t->scenario->metrics[0].unit);
	t->scenario->label(&t->points[point], label, sizeof(label));
	snprintf(caption, sizeof(caption), "%s: %s", t->scenario->metrics[0].unit, label);
	end(&d, page, r, "using 1:2 with linespoints", caption);
}

/* Whether this is the first point of its curve. */
static bool begins_curve(const struct table *t, unsigned point)
{
	for (unsigned p = 0; p < point; p++)
		if (in_curve(t, p, t->points[point].variant))
			return false;
	return true;
}

void plots_of(FILE *page, const struct results *r, const struct table *t)
{
	for (unsigned i = 0; i < COUNT_OF(plots); i++) {
		const struct plot *plot = &plots[i];

		if (strcmp(plot->scenario, t->scenario->name))
			continue;
		for (unsigned p = 0; p < t->n_points; p++) {
			if (plot->kind == DISTRIBUTION)
				plot_distribution(page, r, t, p);
			else if (begins_curve(t, p))
				plot_curve(page, r, t, plot, p);
		}
	}
}
