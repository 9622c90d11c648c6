/* SPDX-License-Identifier: MIT */
/*
 * P5: what N held threads cost while one thread is isolated for 10 ms.  The N threads
 * compute, with a checkpoint every microsecond.  They are spread over the CPUs as the
 * scheduler would spread them after a while.  The isolated thread sleeps.  So all CPU
 * time that the process uses from the moment when it is alone is spent on waiting by the
 * held, with their spinning before they sleep.  Then the same runs beside an unrelated
 * process that computes.  Its speed is compared with its speed on the machine without us.
 */
#include "crew.h"
#include "measure.h"
#include "neighbour.h"
#include "scenario.h"

#include <stdio.h>

#define WINDOW_NS (10 * NS_PER_MS)
#define SETTLE_NS NS_PER_MS

#define MAX_WINDOWS 4

enum { BURNT, NEIGHBOUR, METRICS };

struct held {
	unsigned windows;
	double burnt;     /* % of one CPU */
	double neighbour; /* 1000 steps of the neighbour per ms */
};

/* In steps per ns. */
static double neighbour_speed(void)
{
	uint64_t steps = neighbour_progress(), start = now_ns();

	sleep_ns(WINDOW_NS);
	return (double)(neighbour_progress() - steps) / (double)(now_ns() - start);
}

static double neighbour_speed_alone(unsigned windows)
{
	double speed[MAX_WINDOWS];

	neighbour_run();
	sleep_ns(SETTLE_NS);
	for (unsigned i = 0; i < windows; i++)
		speed[i] = neighbour_speed();
	neighbour_rest();
	return summarize(speed, windows).median;
}

static double burnt_while_isolated(const struct member *m)
{
	uint64_t cpu, start;
	double burnt;

	m->contender->isolate(m->self);
	cpu = process_cpu_ns();
	start = now_ns();
	sleep_ns(WINDOW_NS);
	burnt = (double)(process_cpu_ns() - cpu) / (double)(now_ns() - start);
	m->contender->release(m->self);
	return 100 * burnt;
}

static double neighbour_while_isolated(const struct member *m)
{
	double speed;

	m->contender->isolate(m->self);
	neighbour_run();
	sleep_ns(SETTLE_NS);
	speed = neighbour_speed();
	neighbour_rest();
	m->contender->release(m->self);
	return speed;
}

static void between_isolations(const struct member *m)
{
	m->contender->harmless_now(m->self);
	sleep_ns(2 * SETTLE_NS);
	m->contender->harmless_end(m->self);
}

static void role_isolator(struct member *m)
{
	struct held *r = m->arg;
	double burnt[MAX_WINDOWS], speed[MAX_WINDOWS];

	m->contender->harmless_end(m->self);
	for (unsigned i = 0; i < r->windows; i++) {
		between_isolations(m);
		burnt[i] = burnt_while_isolated(m);
		between_isolations(m);
		speed[i] = neighbour_while_isolated(m);
	}
	m->contender->harmless_now(m->self);
	r->burnt = summarize(burnt, r->windows).median;
	r->neighbour = summarize(speed, r->windows).median;
}

static int run_p5(const struct contender *c, const struct point *p, double *value)
{
	struct held r = {.windows = (unsigned)quick_or_full(1, 3)};
	double alone = neighbour_speed_alone(r.windows + 1);
	const struct team teams[] = {
		{p->threads, role_compute, NULL, CREW_EACH_CPU},
		{1, role_isolator, &r, CREW_ANY_CPU},
	};
	int err = crew_play(c, teams, COUNT_OF(teams), NULL, NULL);

	if (err)
		return err;
	value[BURNT] = r.burnt;
	value[NEIGHBOUR] = 100 * r.neighbour / alone;
	return 0;
}

static unsigned p5_points(struct point *points)
{
	static const unsigned threads[] = {2, 8, 32, 64};

	return points_of(points, threads, COUNT_OF(threads), 1);
}

static void p5_label(const struct point *p, char *text, size_t size)
{
	snprintf(text, size, "%u held", p->threads);
}

static double p5_expected_ms(const struct point *p)
{
	return quick_or_full(50, 120) + 5 * p->threads;
}

static const struct metric p5_metrics[METRICS] = {
	[BURNT] = {"burnt_percent", "burnt %", "% of one CPU", LESS},
	[NEIGHBOUR] = {"neighbour_percent", "neighb. %", "% of its speed alone", MORE},
};

static const struct target p5_targets[] = {
	{"rdv", BURNT, AT_MOST, 1.0, NULL, 0, NULL},
	{"rdv", BURNT, AT_MOST, 0.01, "seed", BURNT, NULL},
	{"rdv", NEIGHBOUR, AT_LEAST, 95, NULL, 0, NULL},
};

const struct scenario scenario_p5 = {
	.name = "P5",
	.title = "CPU time burnt by everybody during a 10 ms isolation, N threads held",
	.metrics = p5_metrics,
	.n_metrics = METRICS,
	.targets = p5_targets,
	.n_targets = COUNT_OF(p5_targets),
	.points = p5_points,
	.label = p5_label,
	.expected_ms = p5_expected_ms,
	.run = run_p5,
};
