/* SPDX-License-Identifier: MIT */
/*
 * P14: how long a grace period takes.  The readers are all idle, or they compute in bursts with
 * a quiescent state between two of them.  Before it answers for the first time a reader that
 * computes notes the time.  At the time of the last note the grace period could have been over,
 * if waiting and waking cost nothing.
 *
 * P15: several threads wait for a grace period at once, again and again.  First one of them
 * does so alone.
 */
#include "cost.h"
#include "crew.h"
#include "measure.h"
#include "primitives.h"
#include "scenario.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_SAMPLES 4096
#define IDLE_BATCH  64

/* ---------------------------------------------------------------------------- readers */

struct readers {
	unsigned long turns; /* of a burst */
	unsigned asked;      /* how many grace periods have begun */
	unsigned running;    /* atomic */
};

/* Its progress is the time of its first answer to the last one. */
static void role_reader(struct member *m)
{
	const struct contender *c = m->contender;
	struct readers *r = m->arg;
	unsigned seen = 0, asked;

	c->harmless_end(m->self);
	__atomic_fetch_add(&r->running, 1, __ATOMIC_RELAXED);
	while (!crew_stopping(m->crew)) {
		work(r->turns);
		asked = __atomic_load_n(&r->asked, __ATOMIC_RELAXED);
		if (asked != seen)
			__atomic_store_n(&m->progress, now_ns(), __ATOMIC_RELAXED);
		seen = asked;
		c->grace->quiesce(m->self);
	}
	c->harmless_now(m->self);
}

/* Before that a grace period would not wait for them. */
static void await_running(const struct readers *r, unsigned n)
{
	while (__atomic_load_n(&r->running, __ATOMIC_RELAXED) < n)
		sleep_ns(NS_PER_MS / 4);
}

/* The time of the last answer, between these two. */
static uint64_t last_answer(const struct member *m, uint64_t start, uint64_t end)
{
	uint64_t last = start, at;

	for (unsigned i = 0; i < m->crew->size - 1; i++) {
		at = crew_progress(m->crew, i, 1);
		last = at > last ? at : last;
	}
	return last < end ? last : end;
}

/* ----------------------------------------------------------------------------- P14 */

enum { BURSTS = 4 };

static const unsigned bursts_us[BURSTS] = {0, 1, 50, 1000}; /* 0: idle */

enum { P50, P99, LATE, OF_BURST, METRICS };

struct grace {
	struct readers readers;
	unsigned burst_us, least, n;
	double whole[MAX_SAMPLES], ideal[MAX_SAMPLES], late[MAX_SAMPLES]; /* us */
	double *value;
};

static bool idle(const struct point *p)
{
	return !bursts_us[p->variant];
}

static bool computing(const struct point *p)
{
	return !idle(p);
}

/* Idle readers: so many grace periods that the clock costs nothing. */
static void time_batch(const struct member *m, struct grace *r)
{
	uint64_t start = now_ns();

	for (unsigned i = 0; i < IDLE_BATCH; i++)
		m->contender->grace->synchronize(m->self);
	r->whole[r->n++] = (double)(now_ns() - start) / 1000 / IDLE_BATCH;
}

/* The pause varies, so that all moments of a burst are met. */
static void time_one(const struct member *m, struct grace *r)
{
	uint64_t start, end, last;

	m->contender->harmless_now(m->self);
	sleep_ns(100000 + 1000 * (uint64_t)(r->burst_us * (r->n % 7) / 4));
	m->contender->harmless_end(m->self);
	start = now_ns();
	__atomic_fetch_add(&r->readers.asked, 1, __ATOMIC_SEQ_CST);
	m->contender->grace->synchronize(m->self);
	end = now_ns();
	last = last_answer(m, start, end);
	r->whole[r->n] = (double)(end - start) / 1000;
	r->ideal[r->n] = (double)(last - start) / 1000;
	r->late[r->n] = (double)(end - last) / 1000;
	r->n++;
}

static void time_some(const struct member *m, struct grace *r)
{
	if (r->burst_us)
		time_one(m, r);
	else
		time_batch(m, r);
}

static void role_writer(struct member *m)
{
	struct grace *r = m->arg;
	struct cost cost;
	uint64_t end;

	await_running(&r->readers, r->burst_us ? m->crew->size - 1 : 0);
	m->contender->harmless_end(m->self);
	time_some(m, r);
	r->n = 0; /* the first one was the warm-up */
	cost = cost_begin(m->crew);
	end = now_ns() + (uint64_t)(quick_or_full(20, 100) * NS_PER_MS);
	while (r->n < MAX_SAMPLES && (r->n < r->least || now_ns() < end))
		time_some(m, r);
	cost_end(&cost, m->crew, r->n * (r->burst_us ? 1.0 : IDLE_BATCH), r->value);
	if (r->burst_us)
		r->value[COST_CPU] = NAN; /* that of the bursts */
	m->contender->harmless_now(m->self);
}

static void fill_p14(struct grace *r)
{
	double *value = r->value;

	if (r->burst_us) {
		value[LATE] = summarize(r->late, r->n).median;
		value[OF_BURST] = summarize(r->whole, r->n).median /
				  (summarize(r->ideal, r->n).median + wake_ns() / 1000);
	}
	value[P50] = summarize(r->whole, r->n).median;
	value[P99] = quantile(r->whole, r->n, 0.99);
	quantiles(r->whole, r->n, &value[FIRST_QUANTILE]);
}

static unsigned least_samples(const struct point *p)
{
	return p->threads > 64 ? 3 : 10;
}

static int run_p14(const struct contender *c, const struct point *p, double *value)
{
	static struct grace r;
	const struct team teams[] = {
		{p->threads, idle(p) ? role_idle : role_reader, &r.readers, CREW_ANY_CPU},
		{1, role_writer, &r, CREW_ANY_CPU},
	};
	int err;

	r.burst_us = bursts_us[p->variant];
	r.readers = (struct readers){.turns = work_turns(1000.0 * r.burst_us)};
	r.least = least_samples(p);
	r.n = 0;
	r.value = value;
	err = crew_play(c, teams, COUNT_OF(teams), NULL, NULL);
	if (!err)
		fill_p14(&r);
	return err;
}

/* --quick leaves out what takes long: many more readers that compute than CPUs. */
static unsigned p14_points(struct point *points)
{
	static const unsigned threads[] = {1, 16, 256};
	unsigned n = points_of(points, threads, COUNT_OF(threads), BURSTS), kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (!settings.quick || settings.n_threads || idle(&points[i]) ||
		    points[i].threads < 64)
			points[kept++] = points[i];
	return kept;
}

static const char *p14_variant(const struct point *p)
{
	static char text[32];

	if (idle(p))
		return "idle";
	snprintf(text, sizeof(text), "bursts of %u us", bursts_us[p->variant]);
	return text;
}

static void p14_label(const struct point *p, char *text, size_t size)
{
	snprintf(text, size, "%u reader%s, %s", p->threads, p->threads == 1 ? "" : "s",
		 p14_variant(p));
}

/* A thread that computes has a CPU for some 3 ms. */
static double p14_expected_ms(const struct point *p)
{
	const double each = 3.0 * p->threads / cpu_count();

	return quick_or_full(25, 105) + 0.2 * p->threads +
	       (idle(p) ? 0 : each * least_samples(p));
}

static const struct metric p14_metrics[METRICS] = {
	[P50] = {"grace_p50_us", "p50 us", "us from the call to its return", LESS},
	[P99] = {"grace_p99_us", "p99 us", "us, 99 % took no longer", LESS},
	[LATE] = {"late_p50_us", "late us", "us after the last reader's answer", LESS},
	[OF_BURST] = {"of_burst", "x burst",
		      "times the longest remaining burst and a wake-up", LESS},
};

static const struct target p14_targets[] = {
	{"rdv", P50, AT_MOST, 1, "urcu-qsbr", P50, NULL},
	{"rdv", COST_FUTEXES, AT_MOST, 0, NULL, 0, idle},
	{"rdv", OF_BURST, AT_MOST, 1.2, NULL, 0, computing},
};

const struct scenario scenario_p14 = {
	.name = "P14",
	.title = "a grace period",
	.metrics = p14_metrics,
	.n_metrics = METRICS,
	.grace = true,
	.targets = p14_targets,
	.n_targets = COUNT_OF(p14_targets),
	.points = p14_points,
	.label = p14_label,
	.variant = p14_variant,
	.expected_ms = p14_expected_ms,
	.run = run_p14,
};

/* ----------------------------------------------------------------------------- P15 */

enum { RATE, WAIT_P50, WAIT_P99, OF_ONE, P15_METRICS };

enum { GATHERING, ALONE, TOGETHER, PHASES };

#define LEAST_TAKEN 5

struct callers {
	struct readers readers;
	int phase;
	unsigned n[PHASES];                  /* atomic */
	double took_us[PHASES][MAX_SAMPLES]; /* of the first caller */
};

static int phase(const struct callers *r)
{
	return __atomic_load_n(&r->phase, __ATOMIC_RELAXED);
}

static unsigned taken(const struct callers *r, int in)
{
	return __atomic_load_n(&r->n[in], __ATOMIC_RELAXED);
}

static void note_taken(struct callers *r, int in, uint64_t start)
{
	r->took_us[in][r->n[in]] = (double)(now_ns() - start) / 1000;
	__atomic_store_n(&r->n[in], r->n[in] + 1, __ATOMIC_RELAXED);
}

static void role_caller(struct member *m)
{
	const struct contender *c = m->contender;
	struct callers *r = m->arg;

	while (phase(r) < (m->index ? TOGETHER : ALONE) && !crew_stopping(m->crew))
		sleep_ns(NS_PER_MS / 4);
	c->harmless_end(m->self);
	while (!crew_stopping(m->crew)) {
		const int now = phase(r);
		const uint64_t start = now_ns();

		c->grace->synchronize(m->self);
		member_progress(m);
		if (!m->index && r->n[now] < MAX_SAMPLES)
			note_taken(r, now, start);
	}
	c->harmless_now(m->self);
}

struct callers_play {
	struct callers *callers;
	unsigned readers;
	bool compute;
	double *value;
};

/* A phase lasts until the first caller has returned some times. */
static void play_phase(struct callers *r, int next)
{
	__atomic_store_n(&r->phase, next, __ATOMIC_RELAXED);
	do
		sleep_ns((uint64_t)(quick_or_full(15, 80) * NS_PER_MS));
	while (taken(r, next) < LEAST_TAKEN);
}

/* The callers come after the readers. */
static void direct_p15(struct crew *crew, void *arg)
{
	const struct callers_play *p = arg;
	const unsigned n = crew->size - p->readers;
	uint64_t before, start;

	await_running(&p->callers->readers, p->compute ? p->readers : 0);
	play_phase(p->callers, ALONE);
	before = crew_progress(crew, p->readers, n);
	start = now_ns();
	play_phase(p->callers, TOGETHER);
	p->value[RATE] = (double)(crew_progress(crew, p->readers, n) - before) *
			 NS_PER_S / (double)(now_ns() - start);
	crew_stop(crew);
	crew_wait(crew, 0, crew->size);
}

static void fill_p15(struct callers *r, double *value)
{
	double *took = r->took_us[TOGETHER];

	if (!r->n[ALONE] || !r->n[TOGETHER])
		return;
	value[WAIT_P50] = summarize(took, r->n[TOGETHER]).median;
	value[WAIT_P99] = quantile(took, r->n[TOGETHER], 0.99);
	value[OF_ONE] =
		value[WAIT_P50] / summarize(r->took_us[ALONE], r->n[ALONE]).median;
	quantiles(took, r->n[TOGETHER], &value[FIRST_QUANTILE]);
}

/* One reader per CPU: idle, or in bursts of 50 us. */
static int run_p15(const struct contender *c, const struct point *p, double *value)
{
	static struct callers r;
	struct callers_play play = {&r, cpu_count(), p->variant, value};
	const struct team teams[] = {
		{play.readers, play.compute ? role_reader : role_idle, &r.readers,
		 CREW_ANY_CPU},
		{p->threads, role_caller, &r, CREW_ANY_CPU},
	};
	int err;

	memset(&r, 0, sizeof(r));
	r.readers.turns = work_turns(50000);
	err = crew_play(c, teams, COUNT_OF(teams), direct_p15, &play);
	if (!err)
		fill_p15(&r, value);
	return err;
}

static unsigned p15_points(struct point *points)
{
	static const unsigned threads[] = {1, 4, 16};

	return points_of(points, threads, COUNT_OF(threads), 2);
}

static const char *p15_variant(const struct point *p)
{
	return p->variant ? "bursts of 50 us" : "idle";
}

static void p15_label(const struct point *p, char *text, size_t size)
{
	snprintf(text, size, "%u caller%s, readers: %s", p->threads,
		 p->threads == 1 ? "" : "s", p15_variant(p));
}

static double p15_expected_ms(const struct point *p)
{
	return quick_or_full(35, 165) + 0.5 * p->threads;
}

static bool several(const struct point *p)
{
	return p->threads > 1;
}

static const struct metric p15_metrics[P15_METRICS] = {
	[RATE] = {"graces_per_second", "graces/s", "calls per second, of all callers",
		  MORE},
	[WAIT_P50] = {"grace_p50_us", "p50 us", "us from a call to its return", LESS},
	[WAIT_P99] = {"grace_p99_us", "p99 us", "us, 99 % took no longer", LESS},
	[OF_ONE] = {"of_one", "x one", "times as long as when one calls", LESS},
};

static const struct target p15_targets[] = {
	{"rdv", OF_ONE, AT_MOST, 2, NULL, 0, several},
	{"rdv", RATE, AT_LEAST, 1, "urcu-qsbr", RATE, NULL},
};

const struct scenario scenario_p15 = {
	.name = "P15",
	.title = "several threads wait for a grace period at once",
	.metrics = p15_metrics,
	.n_metrics = P15_METRICS,
	.grace = true,
	.targets = p15_targets,
	.n_targets = COUNT_OF(p15_targets),
	.points = p15_points,
	.label = p15_label,
	.variant = p15_variant,
	.expected_ms = p15_expected_ms,
	.run = run_p15,
};
