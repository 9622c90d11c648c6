/* SPDX-License-Identifier: MIT */
/*
 * P8: what is left of the workers' throughput when somebody isolates so many times a
 * second.  One worker per CPU: a microsecond of work, harmless_now, harmless_end, and so
 * on.  The isolator sleeps between its isolations, which hold everybody up for a
 * microsecond of work.  In each run it rests for half of the time, in turns.
 */
#include "cost.h"
#include "crew.h"
#include "measure.h"
#include "scenario.h"

#include <math.h>
#include <stdio.h>

static const unsigned rates[] = {0, 1, 100, 10000}; /* isolations per second */

enum { STEPS, OF_REST, ACHIEVED, METRICS };

enum phase { REST, ISOLATING, OVER };

#define SLICES 8

struct rate {
	unsigned per_second;
	int phase;
	uint64_t isolations;
	double *value;
};

static int phase(const struct rate *r)
{
	return __atomic_load_n(&r->phase, __ATOMIC_RELAXED);
}

static void set_phase(struct rate *r, enum phase to)
{
	__atomic_store_n(&r->phase, to, __ATOMIC_RELAXED);
}

static uint64_t shorter(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

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

static void isolate_once(const struct member *m)
{
	const struct contender *c = m->contender;

	c->harmless_end(m->self);
	c->isolate(m->self);
	work(work_turns(1000));
	c->release(m->self);
	c->harmless_now(m->self);
}

/* While we are to isolate.  due: until the next isolation; returns what remains of it. */
static uint64_t isolate_for_a_slice(const struct member *m, struct rate *r, uint64_t due)
{
	const uint64_t interval = NS_PER_S / r->per_second, start = now_ns();
	uint64_t now = start;

	for (; phase(r) == ISOLATING; now = now_ns()) {
		if (now - start < due) {
			sleep_ns(shorter(due - (now - start), NS_PER_MS));
			continue;
		}
		isolate_once(m);
		r->isolations++;
		due += interval;
		if (due + interval < now - start)
			due = now - start; /* what is late is not made up for */
	}
	return due - shorter(due, now - start);
}

/* At the given rate, by a clock that stands still while we rest; first a half interval. */
static void role_isolator(struct member *m)
{
	struct rate *r = m->arg;
	uint64_t due = r->per_second ? NS_PER_S / r->per_second / 2 : 0;

	while (phase(r) != OVER) {
		if (phase(r) == REST || !r->per_second)
			sleep_ns(NS_PER_MS / 2);
		else
			due = isolate_for_a_slice(m, r, due);
	}
}

struct throughput {
	double steps, ns;
};

static void add_slice(struct throughput *t, const struct crew *crew, uint64_t slice_ns)
{
	uint64_t before = crew_progress(crew, 0, crew->size - 1), start = now_ns();

	sleep_ns(slice_ns);
	t->steps += (double)(crew_progress(crew, 0, crew->size - 1) - before);
	t->ns += (double)(now_ns() - start);
}

/* At one a second it is one isolation that we see, in the middle. */
static uint64_t window_ns(unsigned rate)
{
	return rate == 1 ? NS_PER_S : (uint64_t)(quick_or_full(40, 150) * NS_PER_MS);
}

/* Rest and isolations in slices, by turns: what else the machine does changes, too. */
static void measure_rate(struct crew *crew, void *arg)
{
	struct throughput rest = {0, 0}, with = {0, 0};
	struct rate *r = arg;
	struct cost cost;

	sleep_ns(10 * NS_PER_MS);
	cost = cost_begin(crew);
	for (int i = 0; i < SLICES; i++) {
		add_slice(&rest, crew, window_ns(0) / SLICES);
		set_phase(r, ISOLATING);
		add_slice(&with, crew, window_ns(r->per_second) / SLICES);
		set_phase(r, REST);
	}
	set_phase(r, OVER);
	crew_stop(crew);
	crew_wait(crew, 0, crew->size);
	r->value[STEPS] = with.steps * NS_PER_S / with.ns;
	r->value[OF_REST] = r->value[STEPS] / (rest.steps * NS_PER_S / rest.ns);
	r->value[ACHIEVED] = (double)r->isolations * NS_PER_S / with.ns;
	cost_end(&cost, crew, (double)r->isolations, r->value);
	/* the CPU time is that of the work */
	r->value[COST_CPU] = NAN;
}

static int run_p8(const struct contender *c, const struct point *p, double *value)
{
	struct rate r = {.per_second = rates[p->variant], .phase = REST, .value = value};
	const struct team teams[] = {
		{p->threads, role_worker, NULL, CREW_EACH_CPU},
		{1, role_isolator, &r, CREW_ANY_CPU},
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
