/* SPDX-License-Identifier: MIT */
#include "model.h"
#include "measure.h"
#include "primitives.h"
#include "scenario.h"

#include <errno.h>
#include <math.h>

extern const struct scenario scenario_p2, scenario_p3, scenario_p4, scenario_p9,
	scenario_p11;

#define RUNS 5

/* The median of several runs, NAN if one fails. */
static double measured(const struct scenario *s, const struct contender *c,
		       unsigned threads, unsigned figure)
{
	const struct point p = {threads, 0};
	double sample[RUNS], value[MAX_FIGURES];

	for (int i = 0; i < RUNS; i++) {
		for (unsigned m = 0; m < MAX_FIGURES; m++)
			value[m] = NAN;
		if (s->run(c, &p, value))
			return NAN;
		sample[i] = value[figure];
	}
	return summarize(sample, RUNS).median;
}

/* By how much a figure grows with each thread. */
static double slope(const struct scenario *s, const struct contender *c, unsigned from,
		    unsigned to, unsigned figure)
{
	return (measured(s, c, to, figure) - measured(s, c, from, figure)) / (to - from);
}

static void put(FILE *out, const char *what, const char *formula, double predicted,
		double found, const char *unit)
{
	fprintf(out, "  %-44s %-14s %9.3g %9.3g %s\n", what, formula, predicted, found,
		unit);
}

static void print_parts(FILE *out, const struct primitives *m)
{
	fprintf(out, "parts, in ns\n");
	fprintf(out, "  L  locked instruction, own line       %8.2f\n", m->locked);
	fprintf(out, "  R  look at a word of a mask           %8.2f\n", m->word);
	fprintf(out, "  X  line written by another CPU        %8.0f\n", m->transfer);
	fprintf(out, "  S  futex wake that finds nobody       %8.0f\n", m->syscall);
	fprintf(out, "  W  wake a thread and switch to it     %8.0f\n", m->wake);
	fprintf(out, "  M  membarrier                         %8.0f\n\n", m->membarrier);
}

static void check(FILE *out, const struct primitives *m)
{
	const struct contender *rdv = &contender_rdv, *biased = &contender_rdv_biased;
	const double cpus = cpu_count();

	fprintf(out, "  %-44s %-14s %9s %9s\n", "", "formula", "predicted", "measured");
	put(out, "now + end", "2 L", 2 * m->locked, measured(&scenario_p2, rdv, 1, 0),
	    "ns");
	put(out, "now + end, a loop on each CPU", "2 L", 2 * m->locked,
	    measured(&scenario_p3, rdv, cpu_count(), 0), "ns");
	put(out, "isolate + release, per known harmless thread", "R / 32", m->word / 32,
	    slope(&scenario_p4, rdv, 60, 4000, 0), "ns");
	put(out, "the first isolation, per thread", "<= 2 L + X",
	    2 * m->locked + m->transfer, slope(&scenario_p4, rdv, 60, 1023, 1), "ns");
	if (!contender_missing(biased))
		put(out, "biased: isolate + release, the difference", "M", m->membarrier,
		    measured(&scenario_p4, biased, 1, 0) -
			    measured(&scenario_p4, rdv, 1, 0),
		    "ns");
	put(out, "hold and release, futex calls per thread", "<= 2", 2,
	    slope(&scenario_p9, rdv, 16, 64, COST_FUTEXES), "calls");
	put(out, "the last one back, per held thread", "(W + 50 us)/C",
	    (m->wake + 50000) / 1000 / cpus, slope(&scenario_p9, rdv, 16, 64, 1), "us");
	put(out, "sync-point, per thread", ">= 3 W / C", 3 * m->wake / 1000 / cpus,
	    slope(&scenario_p11, rdv, 16, 64, 0), "us");
}

/* C CPUs that all run a thread, n threads, the others held or asleep. */
static void predict(FILE *out, const struct primitives *m, double cpus, double n,
		    double transfer)
{
	const double us = 1000;

	fprintf(out, "\n%.0f CPUs, %.0f threads, X = %.0f ns\n", cpus, n, transfer);
	fprintf(out, "  now + end                             %10.3g ns\n",
		2 * m->locked);
	fprintf(out, "  isolate + release, all known harmless %10.3g us\n",
		(2 * m->locked + n / 32 * m->word + n / 512 * transfer) / us);
	fprintf(out, "  the first isolation                   %10.3g us\n",
		n * (2 * m->locked + transfer) / us);
	fprintf(out, "  gathering those that run, beyond their bursts %2s %.3g us\n", "",
		((cpus - 1) * 2 * transfer + m->wake) / us);
	fprintf(out, "  biased: interrupts per isolation      %10.0f\n", cpus - 1);
	fprintf(out, "  release, for the releaser, at most    %10.3g us\n",
		(2 * m->locked + transfer + m->syscall + fmin(n, 2 * cpus) * m->wake) /
			us);
	fprintf(out, "  all held back                         %10.3g us\n",
		n / cpus * m->wake / us);
	fprintf(out, "  sync-point, at least                  %10.3g us\n",
		3 * n / cpus * m->wake / us);
}

int model_print(FILE *out)
{
	const struct primitives m = primitives_measure();

	print_parts(out, &m);
	check(out, &m);
	predict(out, &m, cpu_count(), 60, m.transfer);
	predict(out, &m, 256, 4095, m.transfer);
	predict(out, &m, 256, 4095, 500);
	return fflush(out) || ferror(out) ? -EIO : 0;
}
