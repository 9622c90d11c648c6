/* SPDX-License-Identifier: MIT */
/*
 * P10: kernel work per isolation.  It is counted, and not timed.  N threads sleep harmless.
 * Beside them run either none, or RUNNERS.  A runner computes between checkpoints, and has to
 * be gathered and held.  Each isolation is counted in three parts:
 *
 *	gathering   from the call of isolate to its return
 *	holding     from there until all that were held have run again
 *	releasing   the wakes made in release and by the held as they leave
 */
#include "crew.h"
#include "measure.h"
#include "scenario.h"

#include <math.h>
#include <stdio.h>

enum { ALL_ASLEEP, SOME_RUN, VARIANTS };

enum {
	GATHER_WAITS,
	GATHER_WAKES,
	MOST_TO_GATHER,
	RELEASE_WAKES,
	MEMBARRIERS,
	HELD_WAITS,
	HELD_SWITCHES,
	SLEEPER_SWITCHES,
	METRICS
};

#define RUNNERS 8
#define HOLD_NS (2 * NS_PER_MS)

/* The crew: the sleepers first, then the runners, then the isolator. */
struct kernel_work {
	unsigned sleepers, runners, isolations;
	uint64_t gather_waits, most_gather_waits; /* of the isolator */
	uint64_t gather_wakes, most_gather_wakes; /* of everybody */
	uint64_t release_wakes;
	uint64_t membarriers;
	uint64_t held_waits, held_switches, sleeper_switches;
};

/* The isolator calls this for all members, or for the runners alone. */
static struct syscall_counts counts_of(const struct member *m, unsigned n)
{
	return crew_syscalls(m->crew, ((struct kernel_work *)m->arg)->sleepers, n);
}

/* Waits until every runner has taken a step that it began after the call. */
static void wait_until_all_ran(const struct member *m)
{
	const struct kernel_work *r = m->arg;
	uint64_t before[RUNNERS];

	m->contender->harmless_now(m->self);
	for (unsigned i = 0; i < r->runners; i++)
		before[i] = crew_progress(m->crew, r->sleepers + i, 1);
	for (unsigned i = 0; i < r->runners; i++)
		while (crew_progress(m->crew, r->sleepers + i, 1) < before[i] + 2)
			sleep_ns(NS_PER_MS / 2);
	m->contender->harmless_end(m->self);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void count_one(const struct member *m, struct kernel_work *r)
{
	const unsigned everybody = r->runners + 1;
	struct syscall_counts before, alone, after;
	uint64_t own_waits, waits, wakes;

	before = counts_of(m, everybody);
	own_waits = syscall_counts_read(m->syscalls).waits;
	m->contender->isolate(m->self);
	alone = counts_of(m, everybody);
	waits = syscall_counts_read(m->syscalls).waits - own_waits;
	if (r->runners)
		sleep_ns(HOLD_NS);
	m->contender->release(m->self);
	wait_until_all_ran(m);
	after = counts_of(m, everybody);

	wakes = alone.wakes - before.wakes;
	r->gather_waits += waits;
	r->gather_wakes += wakes;
	r->most_gather_waits = larger(r->most_gather_waits, waits);
	r->most_gather_wakes = larger(r->most_gather_wakes, wakes);
	r->release_wakes += after.wakes - alone.wakes;
	r->membarriers += after.membarriers - before.membarriers;
}

static void role_isolator(struct member *m)
{
	struct kernel_work *r = m->arg;
	const unsigned first = r->sleepers, n = r->runners;
	uint64_t waits, held_switches, sleeper_switches;

	m->contender->harmless_end(m->self);
	wait_until_all_ran(m);
	waits = counts_of(m, n).waits;
	held_switches = crew_voluntary_switches(m->crew, first, n);
	sleeper_switches = crew_switches(m->crew, 0, first);
	for (unsigned i = 0; i < r->isolations; i++)
		count_one(m, r);
	r->held_waits = counts_of(m, n).waits - waits;
	r->held_switches = crew_voluntary_switches(m->crew, first, n) - held_switches;
	r->sleeper_switches = crew_switches(m->crew, 0, first) - sleeper_switches;
	m->contender->harmless_now(m->self);
}

static void collect(const struct kernel_work *r, double *value)
{
	const double isolations = r->isolations, held = isolations * r->runners;

	value[GATHER_WAITS] = (double)r->gather_waits / isolations;
	value[GATHER_WAKES] = (double)r->gather_wakes / isolations;
	value[MOST_TO_GATHER] =
		(double)larger(r->most_gather_waits, r->most_gather_wakes);
	value[RELEASE_WAKES] = (double)r->release_wakes / isolations;
	value[MEMBARRIERS] = (double)r->membarriers / isolations;
	if (r->runners) {
		value[HELD_WAITS] = (double)r->held_waits / held;
		value[HELD_SWITCHES] = (double)r->held_switches / held;
	}
	value[SLEEPER_SWITCHES] = (double)r->sleeper_switches;
}

static int run_p10(const struct contender *c, const struct point *p, double *value)
{
	const bool some_run = p->variant == SOME_RUN;
	struct kernel_work r = {
		.sleepers = p->threads,
		.runners = some_run ? RUNNERS : 0,
		.isolations = some_run ? (unsigned)quick_or_full(10, 50) : 1000,
	};
	const struct team teams[] = {
		{r.sleepers, role_idle, NULL, CREW_ANY_CPU},
		{r.runners, role_compute, NULL, CREW_ANY_CPU},
		{1, role_isolator, &r, CREW_ANY_CPU},
	};
	int err = crew_play(c, teams, COUNT_OF(teams), NULL, NULL);

	if (!err)
		collect(&r, value);
	return err;
}

static unsigned p10_points(struct point *points)
{
	static const unsigned threads[] = {16};

	return points_of(points, threads, COUNT_OF(threads), VARIANTS);
}

static void p10_label(const struct point *p, char *text, size_t size)
{
	if (p->variant == ALL_ASLEEP)
		snprintf(text, size, "%u asleep", p->threads);
	else
		snprintf(text, size, "%u asleep, %d computing", p->threads, RUNNERS);
}

static double p10_expected_ms(const struct point *p)
{
	double isolations = p->variant == SOME_RUN ? quick_or_full(10, 50) : 1;

	return 12 * isolations + 0.1 * p->threads;
}

static bool all_asleep(const struct point *p)
{
	return p->variant == ALL_ASLEEP;
}

static bool some_run(const struct point *p)
{
	return p->variant == SOME_RUN;
}

static const struct metric p10_metrics[METRICS] = {
	[GATHER_WAITS] = {"gather_waits", "gath.waits",
			  "futex waits of the isolator, per isolation", LESS},
	[GATHER_WAKES] = {"gather_wakes", "gath.wakes", "futex wakes, per isolation",
			  LESS},
	[MOST_TO_GATHER] = {"most_to_gather", "most once",
			    "the most waits or wakes to gather once", LESS},
	[RELEASE_WAKES] = {"release_wakes", "rel.wakes", "futex wakes, per isolation",
			   LESS},
	[MEMBARRIERS] = {"membarriers", "membarr.", "membarrier calls per isolation",
			 LESS},
	[HELD_WAITS] = {"waits_per_held", "held waits", "futex waits per held thread",
			LESS},
	[HELD_SWITCHES] = {"switches_per_held", "held sw.",
			   "voluntary switches per held thread", LESS},
	[SLEEPER_SWITCHES] = {"sleeper_switches", "sleeper sw",
			      "context switches of all sleepers", LESS},
};

static const struct target p10_targets[] = {
	{"rdv", GATHER_WAITS, AT_MOST, 0, NULL, 0, all_asleep},
	{"rdv", GATHER_WAKES, AT_MOST, 0, NULL, 0, all_asleep},
	{"rdv", RELEASE_WAKES, AT_MOST, 0, NULL, 0, all_asleep},
	{"rdv", MOST_TO_GATHER, AT_MOST, 1, NULL, 0, some_run},
	{"rdv", HELD_WAITS, AT_MOST, 1, NULL, 0, some_run},
	{"rdv", SLEEPER_SWITCHES, AT_MOST, 0, NULL, 0, NULL},
};

const struct scenario scenario_p10 = {
	.name = "P10",
	.title = "kernel work per isolation",
	.metrics = p10_metrics,
	.n_metrics = METRICS,
	.counts = true,
	.targets = p10_targets,
	.n_targets = COUNT_OF(p10_targets),
	.points = p10_points,
	.label = p10_label,
	.expected_ms = p10_expected_ms,
	.run = run_p10,
};
