/* SPDX-License-Identifier: MIT */
/*
 * P8: what is left of the workers' throughput while another thread isolates at a given
 * rate.  There is one worker per CPU. It does a microsecond of work, calls harmless_now
 * and harmless_end, and so on.  The other thread isolates for a microsecond each time:
 * see pace.h.
 */
#include "cost.h"
#include "crew.h"
#include "measure.h"
#include "pace.h"
#include "scenario.h"

#include <math.h>
#include <stdio.h>

static const unsigned rates[] = {0, 1, 100, 10000}; /* isolations per second */

enum { STEPS, OF_REST, ACHIEVED, METRICS };

#define SLICES 8

struct rate {
	struct pace pace;
	double *value;
};

static void role_worker(struct member *m)
{
	const struct contender *c = m->contender;
	const unsigned long turns = work_turns(1000);

	c->harmless_end(m->self);
	while (!crew_stopping(m->crew)) {
		work(turns);
		c->harmless_now(m->self);
		c->harmless_end(m->self);
		member_progress(m);
	}
	c->harmless_now(m->self);
}

/* At one a second the window has one isolation, in the middle. */
static uint64_t window_ns(unsigned rate)
{
	return rate == 1 ? NS_PER_S : (uint64_t)(quick_or_full(40, 150) * NS_PER_MS);
}

static void measure_rate(struct crew *crew, void *arg)
{
	struct rate *r = arg;
	struct pace *p = &r->pace;
	struct cost cost;

	sleep_ns(10 * NS_PER_MS);
	cost = cost_begin(crew);
	pace_measure(crew, p);
	r->value[STEPS] = p->rate;
	r->value[OF_REST] = p->rate / p->rest_rate;
	r->value[ACHIEVED] = p->achieved;
	cost_end(&cost, crew, (double)p->isolations, r->value);
	/* the CPU time is that of the work */
	r->value[COST_CPU] = NAN;
}

static int run_p8(const struct contender *c, const struct point *p, double *value)
{
	const unsigned rate = rates[p->variant];
	struct rate r = {
		.pace = {.interval_ns = rate ? NS_PER_S / rate : 0,
			 .rest_ns = window_ns(0),
			 .isolating_ns = window_ns(rate),
			 .slices = SLICES},
		.value = value,
	};
	const struct team teams[] = {
		{p->threads, role_worker, NULL, CREW_EACH_CPU},
		{1, role_paced, &r.pace, CREW_ANY_CPU},
	};

	return crew_play(c, teams, COUNT_OF(teams), measure_rate, &r);
}

/* Once a second takes a second: too long for a quick look. */
static unsigned p8_points(struct point *points)
{
	unsigned n = 0;

	for (unsigned i = 0; i < COUNT_OF(rates); i++)
		if (rates[i] != 1 || !settings.quick)
			points[n++] = (struct point){cpu_count(), i};
	return n;
}

static void p8_label(const struct point *p, char *text, size_t size)
{
	snprintf(text, size, "%u isolations/s", rates[p->variant]);
}

static double p8_x(const struct point *p)
{
	return rates[p->variant];
}

static double p8_expected_ms(const struct point *p)
{
	return quick_or_full(22, 102) +
	       (double)(window_ns(0) + window_ns(rates[p->variant])) / NS_PER_MS;
}

static bool up_to_100(const struct point *p)
{
	return rates[p->variant] <= 100;
}

static const struct metric p8_metrics[METRICS] = {
	[STEPS] = {"steps_per_s", "steps/s", "steps/s of all workers", MORE},
	[OF_REST] = {"of_rest", "of rest", "of the throughput at rest", MORE},
	[ACHIEVED] = {"isolations_per_s", "isol./s", "isolations/s", MORE},
};

static const struct target p8_targets[] = {
	{"rdv", OF_REST, AT_LEAST, 0.97, NULL, 0, up_to_100},
	{"rdv", STEPS, AT_LEAST, 1.0, "seed", STEPS, NULL},
};

const struct scenario scenario_p8 = {
	.fixed = true,
	.name = "P8",
	.title = "throughput of one worker per CPU while somebody isolates",
	.metrics = p8_metrics,
	.n_metrics = METRICS,
	.targets = p8_targets,
	.n_targets = COUNT_OF(p8_targets),
	.points = p8_points,
	.label = p8_label,
	.x = p8_x,
	.expected_ms = p8_expected_ms,
	.run = run_p8,
};
