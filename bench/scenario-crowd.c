/* SPDX-License-Identifier: MIT */
/*
 * P13: many threads compute, with a checkpoint now and then.  One thread isolates now and
 * then, as an administrator in a busy program does.  There may be many more threads than
 * CPUs.  Then most of the threads that the isolator waits for have no CPU.
 */
#include "crew.h"
#include "measure.h"
#include "pace.h"
#include "scenario.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SLICES      2
#define MAX_SAMPLES 4096

enum { BURSTS = 2, INTERVALS = 3 };

static const unsigned bursts_us[BURSTS] = {1, 50};
static const unsigned intervals_ms[INTERVALS] = {1, 10, 100};

enum { P50, P99, LONGEST, OF_REST, LEAST, METRICS };

struct crowd {
	unsigned long turns; /* of a burst */
	struct pace pace;
	double *value;
};

static unsigned burst_us(const struct point *p)
{
	return bursts_us[p->variant / INTERVALS];
}

static unsigned interval_ms(const struct point *p)
{
	return intervals_ms[p->variant % INTERVALS];
}

static void role_bursts(struct member *m)
{
	const struct crowd *r = m->arg;

	m->contender->harmless_end(m->self);
	while (!crew_stopping(m->crew)) {
		work(r->turns);
		m->contender->checkpoint(m->self);
		member_progress(m);
	}
	m->contender->harmless_now(m->self);
}

static double least_over_mean(const uint64_t *worked, unsigned n)
{
	double sum = 0, least = INFINITY;

	for (unsigned i = 0; i < n; i++) {
		sum += (double)worked[i];
		least = fmin(least, (double)worked[i]);
	}
	return sum > 0 ? least * n / sum : 0;
}

static void measure_crowd(struct crew *crew, void *arg)
{
	struct crowd *r = arg;
	struct pace *p = &r->pace;
	unsigned n;

	sleep_ns(10 * NS_PER_MS);
	pace_measure(crew, p);
	r->value[OF_REST] = p->rate / p->rest_rate;
	r->value[LEAST] = least_over_mean(p->worked, crew->size - 1);
	n = p->isolations < p->max ? (unsigned)p->isolations : p->max;
	if (!n)
		return;
	r->value[P50] = summarize(p->took_us, n).median;
	r->value[P99] = quantile(p->took_us, n, 0.99);
	r->value[LONGEST] = p->took_us[n - 1];
	quantiles(p->took_us, n, &r->value[FIRST_QUANTILE]);
}

/*
 * Long enough for some isolations, however rare they are.  Also long enough for each
 * thread to have a CPU several times, for some 3 ms each.
 */
static double isolating_ms(const struct point *p)
{
	const double enough = interval_ms(p) == 100 ? 600 : quick_or_full(120, 300);

	return fmax(enough, 20.0 * p->threads / cpu_count());
}

static double rest_ms(void)
{
	return quick_or_full(60, 150);
}

static int run_p13(const struct contender *c, const struct point *p, double *value)
{
	static double took_us[MAX_SAMPLES];
	static uint64_t worked[MAX_THREADS];
	struct crowd r = {
		.turns = work_turns(1000.0 * burst_us(p)),
		.pace = {.interval_ns = interval_ms(p) * NS_PER_MS,
			 .rest_ns = (uint64_t)(rest_ms() * NS_PER_MS),
			 .isolating_ns = (uint64_t)(isolating_ms(p) * NS_PER_MS),
			 .slices = SLICES,
			 .took_us = took_us,
			 .max = MAX_SAMPLES,
			 .worked = worked},
		.value = value,
	};
	const struct team teams[] = {
		{p->threads, role_bursts, &r, CREW_ANY_CPU},
		{1, role_paced, &r.pace, CREW_ANY_CPU},
	};

	memset(worked, 0, sizeof(worked));
	return crew_play(c, teams, COUNT_OF(teams), measure_crowd, &r);
}

/*
 * --quick measures the points that are hardest for the contenders, with isolations that
 * are not too rare.
 */
static bool in_quick_look(const struct point *p)
{
	return burst_us(p) == 1 && interval_ms(p) < 100 &&
	       (p->threads > cpu_count() || interval_ms(p) == 1);
}

static unsigned p13_points(struct point *points)
{
	const unsigned threads[] = {cpu_count(), 4 * cpu_count(), 16 * cpu_count()};
	unsigned n = points_of(points, threads, COUNT_OF(threads), BURSTS * INTERVALS);
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (!settings.quick || in_quick_look(&points[i]))
			points[kept++] = points[i];
	return kept;
}

static const char *p13_variant(const struct point *p)
{
	static char text[64];

	snprintf(text, sizeof(text), "bursts of %u us, alone each %u ms", burst_us(p),
		 interval_ms(p));
	return text;
}

static void p13_label(const struct point *p, char *text, size_t size)
{
	snprintf(text, size, "%u threads, %s", p->threads, p13_variant(p));
}

static double p13_expected_ms(const struct point *p)
{
	return 20 + isolating_ms(p) + rest_ms() + 0.5 * p->threads;
}

static bool up_to_100(const struct point *p)
{
	return interval_ms(p) >= 10;
}

static const struct metric p13_metrics[METRICS] = {
	[P50] = {"isolate_p50_us", "p50 us", "us from the call of isolate to its return",
		 LESS},
	[P99] = {"isolate_p99_us", "p99 us", "us, 99 % of the isolations took no longer",
		 LESS},
	[LONGEST] = {"isolate_max_us", "max us", "us, the longest isolate", LESS},
	[OF_REST] = {"of_rest", "of rest", "of the others' throughput at rest", MORE},
	[LEAST] = {"least_over_mean", "least/mean",
		   "work of the thread that did the least, of their mean", MORE},
};

static const struct target p13_targets[] = {
	{"rdv", P50, AT_MOST, 2, BEST_OTHER, P50, NULL},
	{"rdv", P99, AT_MOST, 4, BEST_OTHER, P99, NULL},
	{"rdv", OF_REST, AT_LEAST, 0.97, NULL, 0, up_to_100},
	{"rdv", LEAST, AT_LEAST, 0.8, NULL, 0, NULL},
};

const struct scenario scenario_p13 = {
	.name = "P13",
	.title = "a rare isolator in a crowd that computes",
	.metrics = p13_metrics,
	.n_metrics = METRICS,
	.targets = p13_targets,
	.n_targets = COUNT_OF(p13_targets),
	.points = p13_points,
	.label = p13_label,
	.variant = p13_variant,
	.expected_ms = p13_expected_ms,
	.run = run_p13,
};
