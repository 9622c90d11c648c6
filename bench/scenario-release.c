/* SPDX-License-Identifier: MIT */
/*
 * P9: the time that release takes if it lets N threads run that have work to do, and the
 * time until the last of them runs.  The threads wake from their sleep during the
 * isolation and are held.  Each notes the time when it runs again, computes for 50 us,
 * and goes back to sleep.
 */
#include "cost.h"
#include "crew.h"
#include "measure.h"
#include "scenario.h"

#include <semaphore.h>
#include <stdio.h>

#define MAX_ISOLATIONS 8

enum { RELEASE, LAST, METRICS };

struct release {
	unsigned isolations;
	sem_t go;            /* one for each thread that has to come */
	unsigned come, gone; /* how many threads of this round */
	double *value;
};

static void add_one(unsigned *count)
{
	__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

static void wait_for(unsigned *count, unsigned n)
{
	while (__atomic_load_n(count, __ATOMIC_RELAXED) < n)
		sleep_ns(NS_PER_MS / 4);
	__atomic_store_n(count, 0, __ATOMIC_RELAXED);
}

/* Its progress is the time at which it ran again. */
static void role_held(struct member *m)
{
	struct release *r = m->arg;
	const unsigned long turns = work_turns(50000);

	for (unsigned i = 0; i <= r->isolations; i++) {
		while (sem_wait(&r->go))
			;
		add_one(&r->come);
		m->contender->harmless_end(m->self);
		__atomic_store_n(&m->progress, now_ns(), __ATOMIC_RELAXED);
		work(turns);
		m->contender->harmless_now(m->self);
		add_one(&r->gone);
	}
}

static uint64_t last_back(const struct member *m)
{
	uint64_t last = 0, at;

	for (unsigned i = 0; i < m->crew->size - 1; i++) {
		at = crew_progress(m->crew, i, 1);
		last = at > last ? at : last;
	}
	return last;
}

/* The pause.  A thread that sleeps while it is held is asleep at its end. */
static void release_once(const struct member *m, struct release *r, double *release_us,
			 double *last_us)
{
	const unsigned n = m->crew->size - 1;
	uint64_t start, end;

	m->contender->isolate(m->self);
	for (unsigned i = 0; i < n; i++)
		sem_post(&r->go);
	wait_for(&r->come, n);
	sleep_ns(2 * NS_PER_MS);
	start = now_ns();
	m->contender->release(m->self);
	end = now_ns();
	m->contender->harmless_now(m->self);
	wait_for(&r->gone, n);
	m->contender->harmless_end(m->self);
	*release_us = (double)(end - start) / 1000;
	*last_us = (double)(last_back(m) - start) / 1000;
}

static void role_releaser(struct member *m)
{
	struct release *r = m->arg;
	double release_us[MAX_ISOLATIONS], last_us[MAX_ISOLATIONS];
	struct cost cost;

	m->contender->harmless_end(m->self);
	release_once(m, r, release_us, last_us);
	cost = cost_begin(m->crew);
	for (unsigned i = 0; i < r->isolations; i++)
		release_once(m, r, &release_us[i], &last_us[i]);
	cost_end(&cost, m->crew, r->isolations, r->value);
	r->value[RELEASE] = summarize(release_us, r->isolations).median;
	r->value[LAST] = summarize(last_us, r->isolations).median;
	m->contender->harmless_now(m->self);
}

static int run_p9(const struct contender *c, const struct point *p, double *value)
{
	struct release r = {
		.isolations = (unsigned)quick_or_full(3, MAX_ISOLATIONS - 1),
		.value = value,
	};
	const struct team teams[] = {
		{p->threads, role_held, &r, CREW_ANY_CPU},
		{1, role_releaser, &r, CREW_ANY_CPU},
	};
	int err;

	sem_init(&r.go, 0, 0);
	err = crew_play(c, teams, COUNT_OF(teams), NULL, NULL);
	sem_destroy(&r.go);
	return err;
}

static unsigned p9_points(struct point *points)
{
	static const unsigned threads[] = {2, 8, 64, 256};

	return points_of(points, threads, COUNT_OF(threads), 1);
}

static void p9_label(const struct point *p, char *text, size_t size)
{
	snprintf(text, size, "%u held", p->threads);
}

static double p9_expected_ms(const struct point *p)
{
	return quick_or_full(4, 8) * (4 + 0.05 * p->threads);
}

static bool from_8(const struct point *p)
{
	return p->threads >= 8;
}

static const struct metric p9_metrics[METRICS] = {
	[RELEASE] = {"release_us", "release us", "us from the call to its return", LESS},
	[LAST] = {"last_back_us", "last us", "us until the last one runs", LESS},
};

/*
 * The broadcast: the gate of the form on liburcu unlocks its mutex and wakes all at once.
 */
static const struct target p9_targets[] = {
	{"rdv", RELEASE, AT_MOST, 0.5, "urcu-qsbr", RELEASE, from_8},
	{"rdv", LAST, AT_MOST, 1.3, "urcu-qsbr", LAST, NULL},
};

const struct scenario scenario_p9 = {
	.name = "P9",
	.title = "release, N threads held that have work",
	.metrics = p9_metrics,
	.n_metrics = METRICS,
	.targets = p9_targets,
	.n_targets = COUNT_OF(p9_targets),
	.points = p9_points,
	.label = p9_label,
	.expected_ms = p9_expected_ms,
	.run = run_p9,
};
