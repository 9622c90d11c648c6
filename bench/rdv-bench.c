/* SPDX-License-Identifier: MIT */
/*
 * rdv-bench: the order of events.  Options, machine, torture, then for each point of
 * each scenario the contenders in turn, round after round, and the report.
 */
#include "gnuplot.h"
#include "html.h"
#include "machine.h"
#include "measure.h"
#include "model.h"
#include "neighbour.h"
#include "options.h"
#include "progress.h"
#include "report.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static FILE *open_output(const char *option, const char *name)
{
	FILE *f = fopen(name, "we");

	if (!f)
		bad_option(option, "expected a file to write to, found '%s': %s", name,
			   strerror(errno));
	return f;
}

/* The directory may be there, or its parent. */
static FILE *open_report(const char *directory)
{
	char name[PATH_MAX];

	if (mkdir(directory, 0777) && errno != EEXIST)
		bad_option("--report", "expected a directory to write to, found '%s': %s",
			   directory, strerror(errno));
	snprintf(name, sizeof(name), "%s/index.html", directory);
	if (!gnuplot_found())
		fputs("rdv-bench: --report: without plots: no gnuplot was found\n",
		      stderr);
	return open_output("--report", name);
}

static bool torture_one(struct results *r, const struct contender *c)
{
	struct torture_entry *t = &r->tortured[r->n_tortured++];

	progress_step(torture_ms(), "torture: %s", c->name);
	t->contender = c;
	t->err = torture(c, &t->result);
	t->passed = !t->err && t->result.isolations && !t->result.violations;
	return t->passed;
}

static bool torture_all_forms(struct results *r, const struct contender *c)
{
	bool passed = true;

	for (; c; c = c->wider)
		passed &= torture_one(r, c);
	return passed;
}

/* Whoever passes takes part.  Returns how many did not. */
static unsigned admit(struct results *r, const struct options *o)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < o->n_contenders; i++) {
		const struct contender *c = o->contenders[i];
		const char *missing = contender_missing(c);

		if (missing && o->contenders_named)
			bad_option("--contender", "%s cannot run: %s", c->name, missing);
		if (missing)
			fprintf(stderr, "rdv-bench: without %s: %s\n", c->name, missing);
		else if (torture_all_forms(r, c))
			r->contenders[r->n_contenders++] = c;
		else
			failed++;
	}
	return failed;
}

/* One run at one point by one contender. */
static void measure(struct table *t, unsigned point, unsigned c,
		    const struct contender *contender, unsigned round)
{
	const struct scenario *s = t->scenario;
	struct cell *cell = &t->cells[point][c];
	double value[MAX_FIGURES];
	char label[64];

	s->label(&t->points[point], label, sizeof(label));
	progress_step(s->expected_ms(&t->points[point]), "%s %s: %s, round %u", s->name,
		      label, contender->name, round + 1);
	if (cell->err)
		return;
	for (unsigned m = 0; m < MAX_FIGURES; m++)
		value[m] = NAN;
	cell->err = s->run(contender, &t->points[point], value);
	for (unsigned m = 0; m < MAX_FIGURES; m++)
		cell->value[m][round] = value[m];
}

static void measure_table(const struct results *r, struct table *t)
{
	for (unsigned p = 0; p < t->n_points; p++)
		for (unsigned round = 0; round < r->rounds; round++)
			for (unsigned c = 0; c < r->n_contenders; c++)
				if (takes_part(r->contenders[c], t->scenario))
					measure(t, p, c, r->contenders[c], round);
}

static double expected_ms(const struct results *r)
{
	double sum = 0;

	for (unsigned i = 0; i < r->n_tables; i++) {
		const struct table *t = &r->tables[i];
		double once = 0;

		for (unsigned p = 0; p < t->n_points; p++)
			once += t->scenario->expected_ms(&t->points[p]);
		for (unsigned c = 0; c < r->n_contenders; c++)
			if (takes_part(r->contenders[c], t->scenario))
				sum += once * r->rounds;
	}
	return sum;
}

static void measure_all(struct results *r, const struct options *o)
{
	uint64_t start = now_ns();

	for (unsigned i = 0; i < o->n_scenarios; i++) {
		if (results_add(r, o->scenarios[i]))
			continue;
		fprintf(stderr, "rdv-bench: %s\n", strerror(ENOMEM));
		exit(EXIT_ENVIRONMENT);
	}
	disturbance_begin();
	progress_begin(expected_ms(r));
	for (unsigned i = 0; i < r->n_tables; i++)
		measure_table(r, &r->tables[i]);
	progress_end();
	r->disturbance = disturbance_end();
	r->seconds = (double)(now_ns() - start) / NS_PER_S;
}

static bool complete(const struct results *r)
{
	for (unsigned i = 0; i < r->n_tables; i++)
		for (unsigned p = 0; p < r->tables[i].n_points; p++)
			for (unsigned c = 0; c < r->n_contenders; c++)
				if (r->tables[i].cells[p][c].err)
					return false;
	return true;
}

static int finish(FILE *out, const struct results *r,
		  int (*write)(FILE *out, const struct results *r), const char *name)
{
	int err;

	if (!out)
		return 0;
	err = write(out, r);
	if (fclose(out) && !err)
		err = -errno;
	if (err)
		fprintf(stderr, "rdv-bench: %s: %s\n", name, strerror(-err));
	return err;
}

static bool control_fails(struct results *r)
{
	if (!torture_one(r, &contender_none))
		return true;
	fprintf(stderr, "rdv-bench: threads without synchronisation passed the torture, "
			"it cannot be trusted\n");
	return false;
}

int main(int argc, char **argv)
{
	static struct results results;
	struct options options;
	unsigned failed;
	FILE *json, *page;
	int err;

	options_parse(&options, argc, argv);
	page = options.report ? open_report(options.report) : NULL;
	json = options.json ? open_output("--json", options.json) : NULL;
	measure_init();
	err = neighbour_start();
	if (err) {
		fprintf(stderr, "rdv-bench: no second process: %s\n", strerror(-err));
		return EXIT_ENVIRONMENT;
	}
	atexit(neighbour_stop);
	results.rounds = settings.rounds;
	report_machine(stdout);
	if (options.model)
		return model_print(stdout) ? EXIT_ENVIRONMENT : EXIT_DONE;
	progress_begin((2 + options.n_contenders) * torture_ms());
	if (!control_fails(&results))
		return EXIT_BLIND_TORTURE;
	failed = admit(&results, &options);
	progress_end();
	report_torture(stdout, &results);
	fflush(stdout);
	measure_all(&results, &options);
	report_tables(stdout, &results);
	err = finish(json, &results, report_json, options.json);
	if (finish(page, &results, html_write, options.report) || err)
		return EXIT_ENVIRONMENT;
	if (failed)
		return EXIT_NOT_EXCLUSIVE;
	return complete(&results) ? EXIT_DONE : EXIT_ENVIRONMENT;
}
