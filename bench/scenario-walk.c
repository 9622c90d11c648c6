/* SPDX-License-Identifier: MIT */
/*
 * P17: one thread walks over all others and does 1 us of work for each.  The others compute, with
 * a checkpoint every microsecond.  A contender that can keep one thread after the other does so in
 * every other walk, and is isolated in the walks between.  Before each checkpoint a thread notes
 * the time.  After it, if a walk has been to the thread, the difference is how long it stood still.
 * The walking thread computes from the same note how long it kept the thread.
 */
#include "crew.h"
#include "measure.h"
#include "scenario.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_WALKS   1024
#define MAX_SAMPLES 16384
#define LEAST_WALKS 5

enum { EACH, ALONE, KINDS };

enum {
	STILL_P50,
	STILL_P99,
	STILL_MAX,
	KEPT_P50,
	KEPT_P99,
	WALK,
	OF_ISOLATE,
	LAST,
	LAST_OF_ISOLATE,
	ALONE_P99, /* how long a thread stood still in the walks by isolation */
	METRICS
};

/* Of a thread that is walked over. */
struct stop {
	_Alignas(128) uint64_t at; /* atomic: the time before its last checkpoint */
	unsigned walk;             /* atomic: the last that has been to it */
};

struct samples {
	unsigned n; /* atomic */
	double us[MAX_SAMPLES];
};

struct walks {
	unsigned long turns; /* 1 us of work */
	unsigned running;    /* atomic */
	unsigned threads, n; /* n: so many walks have begun, the last is the n-th */
	struct stop *by_id[MAX_THREADS];
	struct samples still[KINDS], kept[KINDS];
	unsigned n_whole[KINDS];
	double whole[KINDS][MAX_WALKS]; /* us until the walk is over */
	double last[KINDS][MAX_WALKS];  /* us until the last thread was visited */
	uint64_t visited;               /* the time of that */
};

static struct stop stops[MAX_THREADS];

static void add_sample(struct samples *s, uint64_t ns)
{
	const unsigned i = __atomic_fetch_add(&s->n, 1, __ATOMIC_RELAXED);

	if (i < MAX_SAMPLES)
		s->us[i] = (double)ns / 1000;
}

/* Odd walks are of the first kind. */
static int kind_of(const struct contender *c, unsigned walk)
{
	return c->for_each && walk % 2 ? EACH : ALONE;
}

static void role_busy(struct member *m)
{
	const struct contender *c = m->contender;
	struct walks *r = m->arg;
	struct stop *stop = &stops[m->index];
	unsigned seen = 0, walk;
	uint64_t at;

	if (c->for_each)
		r->by_id[c->id(m->self)] = stop;
	c->harmless_end(m->self);
	__atomic_fetch_add(&r->running, 1, __ATOMIC_RELEASE);
	while (!crew_stopping(m->crew)) {
		work(r->turns);
		at = now_ns();
		__atomic_store_n(&stop->at, at, __ATOMIC_RELAXED);
		c->checkpoint(m->self);
		walk = __atomic_load_n(&stop->walk, __ATOMIC_RELAXED);
		if (walk != seen)
			add_sample(&r->still[kind_of(c, walk)], now_ns() - at);
		seen = walk;
	}
	c->harmless_now(m->self);
}

/* What is done for a thread. */
static void visit(struct walks *r, struct stop *stop)
{
	work(r->turns);
	__atomic_store_n(&stop->walk, r->n, __ATOMIC_RELAXED);
	r->visited = now_ns();
}

static void note_kept(struct walks *r, const struct stop *stop, int kind)
{
	add_sample(&r->kept[kind],
		   now_ns() - __atomic_load_n(&stop->at, __ATOMIC_RELAXED));
}

/* As rdv_for_each() calls it. */
static void visit_kept(unsigned id, void *arg)
{
	struct walks *r = arg;

	visit(r, r->by_id[id]);
	note_kept(r, r->by_id[id], EACH);
}

static void walk_alone(const struct member *m, struct walks *r)
{
	m->contender->isolate(m->self);
	for (unsigned i = 0; i < r->threads; i++)
		visit(r, &stops[i]);
	for (unsigned i = 0; i < r->threads; i++)
		note_kept(r, &stops[i], ALONE);
	m->contender->release(m->self);
}

static void walk(const struct member *m, struct walks *r)
{
	const struct contender *c = m->contender;
	const int kind = kind_of(c, ++r->n);
	uint64_t start;

	c->harmless_now(m->self);
	sleep_ns(200000);
	c->harmless_end(m->self);
	start = now_ns();
	if (kind == EACH)
		c->for_each(m->self, visit_kept, r);
	else
		walk_alone(m, r);
	r->whole[kind][r->n_whole[kind]] = (double)(now_ns() - start) / 1000;
	r->last[kind][r->n_whole[kind]++] = (double)(r->visited - start) / 1000;
}

static void role_walker(struct member *m)
{
	struct walks *r = m->arg;
	uint64_t end;

	while (__atomic_load_n(&r->running, __ATOMIC_ACQUIRE) < r->threads)
		sleep_ns(NS_PER_MS / 4);
	m->contender->harmless_end(m->self);
	end = now_ns() + (uint64_t)(quick_or_full(40, 200) * NS_PER_MS);
	while (r->n_whole[ALONE] < MAX_WALKS &&
	       (r->n_whole[ALONE] < LEAST_WALKS || now_ns() < end))
		walk(m, r);
	m->contender->harmless_now(m->self);
}

static unsigned taken(const struct samples *s)
{
	return s->n < MAX_SAMPLES ? s->n : MAX_SAMPLES;
}

/* NAN if there is no sample. */
static double p99_of(struct samples *s)
{
	summarize(s->us, taken(s)); /* sorts them */
	return taken(s) ? quantile(s->us, taken(s), 0.99) : NAN;
}

static double median(double *us, unsigned n)
{
	return summarize(us, n).median;
}

static void fill(struct walks *r, double *value)
{
	const int kind = r->n_whole[EACH] ? EACH : ALONE;
	struct samples *still = &r->still[kind], *kept = &r->kept[kind];

	value[ALONE_P99] = p99_of(&r->still[ALONE]);
	value[KEPT_P99] = p99_of(kept);
	value[KEPT_P50] = quantile(kept->us, taken(kept), 0.5);
	value[WALK] = median(r->whole[kind], r->n_whole[kind]);
	value[LAST] = median(r->last[kind], r->n_whole[kind]);
	if (kind == EACH) {
		value[OF_ISOLATE] =
			value[WALK] / median(r->whole[ALONE], r->n_whole[ALONE]);
		value[LAST_OF_ISOLATE] =
			value[LAST] / median(r->last[ALONE], r->n_whole[ALONE]);
	}
	value[STILL_P99] = p99_of(still);
	if (!taken(still))
		return;
	value[STILL_P50] = quantile(still->us, taken(still), 0.5);
	value[STILL_MAX] = still->us[taken(still) - 1];
	quantiles(still->us, taken(still), &value[FIRST_QUANTILE]);
}

static int run_p17(const struct contender *c, const struct point *p, double *value)
{
	static struct walks r;
	const struct team teams[] = {
		{p->threads, role_busy, &r, CREW_ANY_CPU},
		{1, role_walker, &r, CREW_ANY_CPU},
	};
	int err;

	memset(&r, 0, sizeof(r));
	memset(stops, 0, sizeof(stops));
	r.turns = work_turns(1000);
	r.threads = p->threads;
	err = crew_play(c, teams, COUNT_OF(teams), NULL, NULL);
	if (!err)
		fill(&r, value);
	return err;
}

static unsigned p17_points(struct point *points)
{
	static const unsigned threads[] = {1, 8, 64};

	return points_of(points, threads, COUNT_OF(threads), 1);
}

static void p17_label(const struct point *p, char *text, size_t size)
{
	snprintf(text, size, "%u busy thread%s", p->threads, p->threads == 1 ? "" : "s");
}

/* A thread that computes has a CPU for some 3 ms. */
static double p17_expected_ms(const struct point *p)
{
	return quick_or_full(45, 205) + LEAST_WALKS * 3.0 * p->threads / cpu_count();
}

static const struct metric metrics[METRICS] = {
	[STILL_P50] = {"still_p50_us", "p50 us", "us that a thread stood still", LESS},
	[STILL_P99] = {"still_p99_us", "p99 us", "us, 99 % stood still no longer", LESS},
	[STILL_MAX] = {"still_max_us", "max us", "us, the longest", LESS},
	[KEPT_P50] = {"kept_p50_us", "kept p50", "us until the walk let it go", LESS},
	[KEPT_P99] = {"kept_p99_us", "kept p99", "us until the walk let it go, p99",
		      LESS},
	[WALK] = {"walk_us", "walk us", "us, the whole walk", LESS},
	[OF_ISOLATE] = {"of_isolate", "x isolate", "times the walk by isolation", LESS},
	[LAST] = {"last_us", "last us", "us until the last was visited", LESS},
	[LAST_OF_ISOLATE] = {"last_of_isolate", "x last", "times that by isolation",
			     LESS},
	[ALONE_P99] = {"isolate_still_p99_us", "alone p99",
		       "us that a thread stood still by isolation, p99", LESS},
};

/* 5 us and 1 us of work. */
static const struct target targets[] = {
	{"rdv", STILL_P99, AT_MOST, 6, NULL, 0, NULL},
	{"rdv", OF_ISOLATE, AT_MOST, 2, NULL, 0, NULL},
};

const struct scenario scenario_p17 = {
	.name = "P17",
	.title = "a walk over all threads, 1 us for each",
	.metrics = metrics,
	.n_metrics = METRICS,
	.targets = targets,
	.n_targets = COUNT_OF(targets),
	.points = p17_points,
	.label = p17_label,
	.expected_ms = p17_expected_ms,
	.run = run_p17,
};
