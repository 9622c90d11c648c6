/* SPDX-License-Identifier: MIT */
/*
 * P7: how long isolate takes while the other threads compute, in bursts with a checkpoint
 * between two of them.  Each thread notes the time at which it comes to a checkpoint.
 * The isolated thread reads these notes while it is alone.  At the time of the last note
 * isolate could have returned, if waiting and waking cost nothing.  That ideal is
 * subtracted.
 */
#include "cost.h"
#include "crew.h"
#include "measure.h"
#include "scenario.h"

#include <math.h>
#include <stdio.h>

#define MAX_SAMPLES 2048
#define MIN_SAMPLES 10

enum { BURSTS = 3 };

static const unsigned bursts_us[BURSTS] = {1, 50, 1000};

enum { P50, P99, WHOLE, METRICS };

struct gathering {
	unsigned long turns; /* of a burst */
	unsigned burst_us;
	unsigned n;
	double *late, *whole; /* us */
	double *value;
};

static void role_bursts(struct member *m)
{
	const struct gathering *r = m->arg;

	m->contender->harmless_end(m->self);
	while (!crew_stopping(m->crew)) {
		work(r->turns);
		__atomic_store_n(&m->progress, now_ns(), __ATOMIC_RELAXED);
		m->contender->checkpoint(m->self);
	}
	m->contender->harmless_now(m->self);
}

/* The time at which the last thread came, but not before the start. */
static uint64_t last_arrival(const struct member *m, uint64_t start)
{
	uint64_t last = start, at;

	for (unsigned i = 0; i < m->crew->size - 1; i++) {
		at = crew_progress(m->crew, i, 1);
		last = at > last ? at : last;
	}
	return last;
}

/* The pause varies, so that all moments of a burst are met. */
static void gather_once(const struct member *m, struct gathering *r)
{
	uint64_t start, end;

	m->contender->harmless_now(m->self);
	sleep_ns(100000 + 1000 * (uint64_t)(r->burst_us * (r->n % 7) / 4));
	m->contender->harmless_end(m->self);
	start = now_ns();
	m->contender->isolate(m->self);
	end = now_ns();
	r->late[r->n] = (double)(end - last_arrival(m, start)) / 1000;
	r->whole[r->n] = (double)(end - start) / 1000;
	r->n++;
	m->contender->release(m->self);
}

static void role_isolator(struct member *m)
{
	struct gathering *r = m->arg;
	struct cost cost;
	uint64_t end;

	m->contender->harmless_end(m->self);
	gather_once(m, r);
	r->n = 0; /* the first one was the warm-up */
	cost = cost_begin(m->crew);
	end = now_ns() + (uint64_t)(quick_or_full(30, 100) * NS_PER_MS);
	while (r->n < MAX_SAMPLES && (r->n < MIN_SAMPLES || now_ns() < end))
		gather_once(m, r);
	cost_end(&cost, m->crew, r->n, r->value);
	/* the CPU time is that of the bursts, so it is not shown */
	r->value[COST_CPU] = NAN;
	m->contender->harmless_now(m->self);
}

static int run_p7(const struct contender *c, const struct point *p, double *value)
{
	static double late[MAX_SAMPLES], whole[MAX_SAMPLES];
	struct gathering r = {
		.burst_us = bursts_us[p->variant],
		.turns = work_turns(1000.0 * bursts_us[p->variant] - clock_cost_ns()),
		.late = late,
		.whole = whole,
		.value = value,
	};
	const struct team teams[] = {
		{p->threads - 1, role_bursts, &r, CREW_ANY_CPU},
		{1, role_isolator, &r, CREW_ANY_CPU},
	};
	int err = crew_play(c, teams, COUNT_OF(teams), NULL, NULL);

	if (err)
		return err;
	value[P50] = summarize(late, r.n).median;
	value[P99] = quantile(late, r.n, 0.99);
	value[WHOLE] = summarize(whole, r.n).median;
	quantiles(late, r.n, &value[FIRST_QUANTILE]);
	return 0;
}

/* One thread alone would have no thread to gather. */
static unsigned p7_points(struct point *points)
{
	const unsigned cpus = cpu_count() > 1 ? cpu_count() : 2;
	const unsigned threads[] = {16 * cpus, cpus};

	return points_of(points, threads, COUNT_OF(threads), BURSTS);
}

static void p7_label(const struct point *p, char *text, size_t size)
{
	snprintf(text, size, "%u threads, bursts of %u us", p->threads,
		 bursts_us[p->variant]);
}

static double p7_expected_ms(const struct point *p)
{
	return quick_or_full(40, 110) + 0.1 * p->threads * p->variant;
}

static bool all_have_a_cpu(const struct point *p)
{
	return p->threads <= cpu_count() && bursts_us[p->variant] <= 50;
}

static bool others(const struct point *p)
{
	return !all_have_a_cpu(p);
}

static const struct metric p7_metrics[METRICS] = {
	[P50] = {"late_p50_us", "p50 us", "us later than the last to become harmless",
		 LESS},
	[P99] = {"late_p99_us", "p99 us", "us later than the last to become harmless",
		 LESS},
	[WHOLE] = {"isolate_p50_us", "whole us", "us from the call to its return", LESS},
};

static const struct target p7_targets[] = {
	{"rdv", P50, AT_MOST, 2.0, "seed", P50, all_have_a_cpu},
	{"rdv", P50, AT_MOST, 1.0, "urcu-qsbr", P50, others},
	{"rdv", P99, AT_MOST, 1.0, "urcu-qsbr", P99, NULL},
	{"rdv", WHOLE, AT_MOST, 1.5, BEST_OTHER, WHOLE, NULL},
};

const struct scenario scenario_p7 = {
	.name = "P7",
	.title = "time to isolation while the others compute, minus the ideal",
	.metrics = p7_metrics,
	.n_metrics = METRICS,
	.targets = p7_targets,
	.n_targets = COUNT_OF(p7_targets),
	.points = p7_points,
	.label = p7_label,
	.expected_ms = p7_expected_ms,
	.run = run_p7,
};
