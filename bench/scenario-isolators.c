/* SPDX-License-Identifier: MIT */
/*
 * P6: K threads that do nothing but isolate, work and release.  The work includes one
 * look at the clock, from which the longest gap between two isolated sections of one
 * thread is taken: the longest that a thread has waited.  A thread that still waits
 * when the window closes, or that was held before it could isolate at all, counts too.
 */
#include "cost.h"
#include "crew.h"
#include "measure.h"
#include "scenario.h"

#include <stdio.h>

enum { LITTLE_WORK, SOME_WORK, WORKS };

static const double works_ns[WORKS] = {30, 6000};

enum { PER_SECOND, FAIRNESS, LONGEST, OF_IDEAL, METRICS };

enum phase { WARM_UP, MEASURED };

struct isolators {
	unsigned long turns;
	int phase;
	double work_ns;
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
		work(r->turns);
		if (phase(r) == MEASURED && !crew_stopping(m->crew))
			member_progress(m);
		c->release(m->self);
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
	value[OF_IDEAL] = 100 * value[PER_SECOND] * r->work_ns / NS_PER_S;
}

static void measure_window(struct crew *crew, void *arg)
{
	struct isolators *r = arg;
	struct cost cost;
	uint64_t start, end;

	sleep_ns((uint64_t)(quick_or_full(20, 50) * NS_PER_MS));
	cost = cost_begin(crew);
	start = now_ns();
	set_phase(r, MEASURED);
	sleep_ns((uint64_t)(quick_or_full(80, 250) * NS_PER_MS));
	crew_stop(crew);
	end = now_ns();
	cost_end(&cost, crew, (double)crew_progress(crew, 0, crew->size), r->value);
	crew_wait(crew, 0, crew->size);
	collect(crew, r, (double)(end - start) / NS_PER_S);
}

static int run_p6(const struct contender *c, const struct point *p, double *value)
{
	static uint64_t longest[MAX_THREADS];
	const double work_ns = works_ns[p->variant];
	struct isolators r = {
		.turns = work_turns(work_ns - clock_cost_ns()),
		.phase = WARM_UP,
		.work_ns = work_ns,
		.longest_ns = longest,
		.value = value,
	};
	const struct team team = {p->threads, role_isolator, &r, CREW_ANY_CPU};

	return crew_play(c, &team, 1, measure_window, &r);
}

static unsigned p6_points(struct point *points)
{
	static const unsigned threads[] = {2, 8, 32, 128};

	return points_of(points, threads, COUNT_OF(threads), WORKS);
}

static void p6_label(const struct point *p, char *text, size_t size)
{
	const char *amount = p->variant == LITTLE_WORK ? "30 ns" : "6 us";

	snprintf(text, size, "K = %u, %s of work", p->threads, amount);
}

static double p6_expected_ms(const struct point *p)
{
	return quick_or_full(105, 310) + 0.3 * p->threads;
}

static bool up_to_cpus(const struct point *p)
{
	return p->threads <= cpu_count();
}

static bool some_work_crowded(const struct point *p)
{
	return p->variant == SOME_WORK && p->threads >= 4 * cpu_count();
}

static const struct metric p6_metrics[METRICS] = {
	[PER_SECOND] = {"isolations_per_s", "per s", "isolations/s", MORE},
	[FAIRNESS] = {"fewest_over_most", "min/max", "ratio", MORE},
	[LONGEST] = {"longest_wait_ms", "longest ms", "ms, the longest wait of a thread",
		     LESS},
	[OF_IDEAL] = {"of_ideal_percent", "of ideal %", "% of what the work allows",
		      MORE},
};

static const struct target p6_targets[] = {
	{"rdv", PER_SECOND, AT_LEAST, 0.95, "seed", PER_SECOND, up_to_cpus},
	{"rdv", PER_SECOND, AT_LEAST, 1.0, "seed", PER_SECOND, NULL},
	{"rdv", PER_SECOND, AT_LEAST, 1.5, "seed", PER_SECOND, some_work_crowded},
	{"rdv", PER_SECOND, AT_LEAST, 2.0, "urcu-qsbr", PER_SECOND, NULL},
	{"rdv", PER_SECOND, AT_LEAST, 2.0, "urcu-memb", PER_SECOND, NULL},
	{"rdv", PER_SECOND, AT_LEAST, 2.0, "urcu-mb", PER_SECOND, NULL},
	{"rdv", PER_SECOND, AT_LEAST, 2.0, "urcu-bp", PER_SECOND, NULL},
	{"rdv", FAIRNESS, AT_LEAST, 0.5, NULL, 0, NULL},
	{"rdv", LONGEST, AT_MOST, 0.5, "seed", LONGEST, NULL},
};

const struct scenario scenario_p6 = {
	.name = "P6",
	.title = "K isolators back to back",
	.metrics = p6_metrics,
	.n_metrics = METRICS,
	.targets = p6_targets,
	.n_targets = COUNT_OF(p6_targets),
	.points = p6_points,
	.label = p6_label,
	.expected_ms = p6_expected_ms,
	.run = run_p6,
};
