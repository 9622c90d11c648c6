/* SPDX-License-Identifier: MIT */
/*
 * P4: isolate + release while N other threads are harmless and asleep in the kernel.  An
 * isolation takes less time than reading the clock, so they are timed in batches of 64.
 * p50 is the median batch.  The first isolation after the others fell asleep is timed
 * apart: it has to find out that they are harmless.
 */
#include "cost.h"
#include "crew.h"
#include "measure.h"
#include "scenario.h"

#include <stdio.h>

#define BATCH       64
#define MAX_BATCHES 8192
#define MIN_BATCHES 7

enum { P50, FIRST, METRICS };

struct idle {
	double *batch;
	unsigned n;
	double first_ns;
	double *value;
};

static double time_isolations(const struct member *m, unsigned long n)
{
	uint64_t start = now_ns();

	m->contender->isolate_loop(m->self, n);
	return ((double)(now_ns() - start) - clock_cost_ns()) / (double)n;
}

static void role_isolator(struct member *m)
{
	const uint64_t window = (uint64_t)(quick_or_full(10, 50) * NS_PER_MS);
	struct idle *r = m->arg;
	struct cost cost;
	uint64_t end;

	m->contender->harmless_end(m->self);
	r->first_ns = time_isolations(m, 1);
	time_isolations(m, BATCH);
	cost = cost_begin(m->crew);
	end = now_ns() + window;
	while (r->n < MAX_BATCHES && (r->n < MIN_BATCHES || now_ns() < end))
		r->batch[r->n++] = time_isolations(m, BATCH);
	cost_end(&cost, m->crew, r->n * (double)BATCH, r->value);
	m->contender->harmless_now(m->self);
}

static int run_p4(const struct contender *c, const struct point *p, double *value)
{
	static double batch[MAX_BATCHES];
	struct idle r = {.batch = batch, .value = value};
	const struct team teams[] = {
		{p->threads, role_idle, NULL, CREW_ANY_CPU},
		{1, role_isolator, &r, 0},
	};
	int err = crew_play(c, teams, COUNT_OF(teams), NULL, NULL);

	if (err)
		return err;
	value[P50] = summarize(batch, r.n).median;
	quantiles(batch, r.n, &value[FIRST_QUANTILE]);
	value[FIRST] = r.first_ns;
	return 0;
}

static unsigned p4_points(struct point *points)
{
	static const unsigned threads[] = {0, 1, 16, 60, 256, 1023};

	return points_of(points, threads, COUNT_OF(threads), 1);
}

static void p4_label(const struct point *p, char *text, size_t size)
{
	snprintf(text, size, "N = %u idle", p->threads);
}

static double p4_expected_ms(const struct point *p)
{
	return quick_or_full(15, 55) + 0.05 * p->threads;
}

static bool up_to_60(const struct point *p)
{
	return p->threads <= 60;
}

static bool from_60(const struct point *p)
{
	return p->threads >= 60;
}

static bool at_1023(const struct point *p)
{
	return p->threads == 1023;
}

static const struct metric p4_metrics[METRICS] = {
	[P50] = {"isolation_p50_ns", "p50 ns", "ns per isolate + release", LESS},
	[FIRST] = {"first_isolation_ns", "first ns", "ns of the first isolation", LESS},
};

static const struct target p4_targets[] = {
	{"rdv", P50, AT_MOST, 1.1, "seed", P50, up_to_60},
	{"rdv", P50, AT_MOST, 0.03, "urcu-qsbr", P50, from_60},
	{"rdv", P50, AT_MOST, 100, NULL, 0, at_1023},
	{"rdv", COST_FUTEXES, AT_MOST, 0, NULL, 0, NULL},
	{"rdv", COST_MEMBARRIERS, AT_MOST, 0, NULL, 0, NULL},
};

const struct scenario scenario_p4 = {
	.name = "P4",
	.title = "isolate + release, N others idle and harmless",
	.metrics = p4_metrics,
	.n_metrics = METRICS,
	.targets = p4_targets,
	.n_targets = COUNT_OF(p4_targets),
	.points = p4_points,
	.label = p4_label,
	.expected_ms = p4_expected_ms,
	.run = run_p4,
};
