/* SPDX-License-Identifier: MIT */
/*
 * P6: K threads that do nothing but isolate, work and release.  The work includes reading
 * the clock once.  From these times comes the longest gap between two isolated sections
 * of one thread, which is the longest wait of a thread.  If a thread still waits when the
 * window closes, or was held before it could isolate at all, that wait counts too.
 *
 * A turn is the time for which a thread of librdv may have the rendez-vous while others
 * want it: its patience.  The window has room for four turns of each thread, so
 * fewest/most tells fairness from luck.  The longest wait is also given in rounds of K
 * turns.
 */
#include "cost.h"
#include "crew.h"
#include "measure.h"
#include "scenario.h"

#include <math.h>
#include <stdio.h>

#define TURN_MS 1.0 /* the default patience */

enum { LITTLE_WORK, SOME_WORK, THINKING, VARIANTS };

static const struct variant {
	const char *label;
	double work_ns;
	double think_ns; /* harmless, between two isolations */
} variants[VARIANTS] = {
	{"30 ns of work", 30, 0},
	{"6 us of work", 6000, 0},
	{"6 us of work, then 50 us harmless", 6000, 50000},
};

enum { PER_SECOND, FAIRNESS, LONGEST, OF_TURNS, OF_IDEAL, METRICS };

enum phase { WARM_UP, MEASURED };

struct isolators {
	const struct variant *variant;
	unsigned long work_turns, think_turns;
	int phase;
	uint64_t *longest_ns; /* of each member */
	double *value;
};

static int phase(const struct isolators *r)
{
	return __atomic_load_n(&r->phase, __ATOMIC_RELAXED);
}

static uint64_t longer(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* A thread that is interrupted while it thinks keeps no other waiting. */
static void think(const struct member *m, unsigned long turns)
{
	m->contender->harmless_now(m->self);
	work(turns);
	m->contender->harmless_end(m->self);
}

static void role_isolator(struct member *m)
{
	const struct contender *c = m->contender;
	struct isolators *r = m->arg;
	uint64_t last = now_ns(), now, longest = 0;

	c->harmless_end(m->self);
	while (!crew_stopping(m->crew)) {
		c->isolate(m->self);
		now = now_ns();
		if (phase(r) == MEASURED)
			longest = longer(longest, now - last);
		last = now;
		work(r->work_turns);
		if (phase(r) == MEASURED && !crew_stopping(m->crew))
			member_progress(m);
		c->release(m->self);
		if (r->think_turns)
			think(m, r->think_turns);
	}
	r->longest_ns[m->index] = longer(longest, now_ns() - last);
	c->harmless_now(m->self);
}

static void set_phase(struct isolators *r, enum phase to)
{
	__atomic_store_n(&r->phase, to, __ATOMIC_RELAXED);
}

static void collect(const struct crew *crew, const struct isolators *r, double seconds)
{
	uint64_t sum = 0, fewest = UINT64_MAX, most = 0, longest = 0;
	double *value = r->value;

	for (unsigned i = 0; i < crew->size; i++) {
		uint64_t n = crew_progress(crew, i, 1);

		sum += n;
		fewest = n < fewest ? n : fewest;
		most = n > most ? n : most;
		longest = longer(longest, r->longest_ns[i]);
	}
	value[PER_SECOND] = (double)sum / seconds;
	value[FAIRNESS] = most ? (double)fewest / (double)most : 0;
	value[LONGEST] = (double)longest / NS_PER_MS;
	value[OF_TURNS] = value[LONGEST] / (crew->size * TURN_MS);
	value[OF_IDEAL] = 100 * value[PER_SECOND] * r->variant->work_ns / NS_PER_S;
}

static double window_ms(unsigned threads)
{
	return fmax(quick_or_full(60, 250), 4 * threads * TURN_MS);
}

static void measure_window(struct crew *crew, void *arg)
{
	struct isolators *r = arg;
	struct cost cost;
	uint64_t start, end;

	sleep_ns((uint64_t)(quick_or_full(10, 50) * NS_PER_MS));
	cost = cost_begin(crew);
	start = now_ns();
	set_phase(r, MEASURED);
	sleep_ns((uint64_t)(window_ms(crew->size) * NS_PER_MS));
	crew_stop(crew);
	end = now_ns();
	cost_end(&cost, crew, (double)crew_progress(crew, 0, crew->size), r->value);
	crew_wait(crew, 0, crew->size);
	collect(crew, r, (double)(end - start) / NS_PER_S);
}

static int run_p6(const struct contender *c, const struct point *p, double *value)
{
	static uint64_t longest[MAX_THREADS];
	const struct variant *variant = &variants[p->variant];
	struct isolators r = {
		.variant = variant,
		.work_turns = work_turns(variant->work_ns - clock_cost_ns()),
		.think_turns = work_turns(variant->think_ns),
		.phase = WARM_UP,
		.longest_ns = longest,
		.value = value,
	};
	const struct team team = {p->threads, role_isolator, &r, CREW_ANY_CPU};

	return crew_play(c, &team, 1, measure_window, &r);
}

static unsigned p6_points(struct point *points)
{
	static const unsigned all[] = {2, 4, 8, 16, 32, 128}, few[] = {2, 4, 8, 16, 32};

	return settings.quick ? points_of(points, few, COUNT_OF(few), VARIANTS)
			      : points_of(points, all, COUNT_OF(all), VARIANTS);
}

static void p6_label(const struct point *p, char *text, size_t size)
{
	snprintf(text, size, "K = %u, %s", p->threads, variants[p->variant].label);
}

static const char *p6_variant(const struct point *p)
{
	return variants[p->variant].label;
}

static double p6_expected_ms(const struct point *p)
{
	return quick_or_full(15, 60) + window_ms(p->threads) + 0.3 * p->threads;
}

static bool back_to_back(const struct point *p)
{
	return p->variant != THINKING;
}

static bool back_to_back_up_to_cpus(const struct point *p)
{
	return back_to_back(p) && p->threads <= cpu_count();
}

static bool back_to_back_beyond_cpus(const struct point *p)
{
	return back_to_back(p) && p->threads > cpu_count();
}

static bool back_to_back_from_8(const struct point *p)
{
	return back_to_back(p) && p->threads >= 8;
}

static bool thinking(const struct point *p)
{
	return p->variant == THINKING;
}

static const struct metric p6_metrics[METRICS] = {
	[PER_SECOND] = {"isolations_per_s", "per s", "isolations/s", MORE},
	[FAIRNESS] = {"fewest_over_most", "min/max", "ratio", MORE},
	[LONGEST] = {"longest_wait_ms", "longest ms", "ms, the longest wait of a thread",
		     LESS},
	[OF_TURNS] = {"longest_wait_of_k_turns", "of K turns",
		      "the longest wait, of K turns of 1 ms", LESS},
	[OF_IDEAL] = {"of_ideal_percent", "of ideal %", "% of what the work allows",
		      MORE},
};

static const struct target p6_targets[] = {
	{"rdv", PER_SECOND, AT_LEAST, 0.95, BEST_OTHER, PER_SECOND,
	 back_to_back_up_to_cpus},
	{"rdv", PER_SECOND, AT_LEAST, 0.9, BEST_OTHER, PER_SECOND,
	 back_to_back_beyond_cpus},
	{"rdv", PER_SECOND, AT_LEAST, 2.0, "urcu-qsbr", PER_SECOND, back_to_back_from_8},
	{"rdv", PER_SECOND, AT_LEAST, 2.0, "urcu-memb", PER_SECOND, back_to_back_from_8},
	{"rdv", PER_SECOND, AT_LEAST, 2.0, "urcu-mb", PER_SECOND, back_to_back_from_8},
	{"rdv", PER_SECOND, AT_LEAST, 2.0, "urcu-bp", PER_SECOND, back_to_back_from_8},
	{"rdv", FAIRNESS, AT_LEAST, 0.7, NULL, 0, back_to_back},
	{"rdv", OF_TURNS, AT_MOST, 2, NULL, 0, back_to_back},
	{"rdv", LONGEST, AT_MOST, 0.5, "seed", LONGEST, back_to_back},
	{"rdv", COST_CPU, AT_MOST, 1.1, "seed", COST_CPU, back_to_back},
	{"rdv", PER_SECOND, AT_LEAST, 1, "rdv-strict", PER_SECOND, thinking},
	{"rdv", FAIRNESS, AT_LEAST, 1, "rdv-strict", FAIRNESS, thinking},
	{"rdv", LONGEST, AT_MOST, 1, "rdv-strict", LONGEST, thinking},
	{"rdv", COST_CPU, AT_MOST, 1, "rdv-strict", COST_CPU, thinking},
};

const struct scenario scenario_p6 = {
	.name = "P6",
	.title = "K threads that do nothing but isolate",
	.metrics = p6_metrics,
	.n_metrics = METRICS,
	.targets = p6_targets,
	.n_targets = COUNT_OF(p6_targets),
	.points = p6_points,
	.label = p6_label,
	.variant = p6_variant,
	.expected_ms = p6_expected_ms,
	.run = run_p6,
};
