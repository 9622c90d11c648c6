/* SPDX-License-Identifier: MIT */
/*
 * The time left is shared among the points left, in proportion to the time that each is
 * expected to take.  A point ends before a round that would not fit into its share.  In
 * the first round contenders are left out if twice the share is over when their turn
 * comes.  So a machine that is slow beyond all expectation costs figures, and not hours.
 */
#include "run.h"
#include "measure.h"
#include "progress.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t results_lock = PTHREAD_MUTEX_INITIALIZER;

void run_lock(void)
{
	pthread_mutex_lock(&results_lock);
}

void run_unlock(void)
{
	pthread_mutex_unlock(&results_lock);
}

static unsigned participants(const struct contender *const *contenders, unsigned n,
			     const struct scenario *s)
{
	unsigned taking_part = 0;

	for (unsigned c = 0; c < n; c++)
		taking_part += takes_part(contenders[c], s);
	return taking_part;
}

/* Each run makes and joins its threads.  On a busy machine that takes time. */
static double run_ms(const struct table *t, unsigned point)
{
	return 5 + t->scenario->expected_ms(&t->points[point]);
}

static double point_expected_ms(const struct results *r, const struct table *t,
				unsigned point, const struct contender *const *contenders,
				unsigned n)
{
	return run_ms(t, point) * r->rounds * participants(contenders, n, t->scenario);
}

double run_expected_ms(const struct results *r, const struct contender *const *contenders,
		       unsigned n)
{
	double sum = 0;

	for (unsigned i = 0; i < r->n_tables; i++)
		for (unsigned p = 0; p < r->tables[i].n_points; p++)
			sum += point_expected_ms(r, &r->tables[i], p, contenders, n);
	return sum;
}

/* One run at one point by one contender. */
static void measure(struct table *t, unsigned point, unsigned c,
		    const struct contender *contender, unsigned round)
{
	const struct scenario *s = t->scenario;
	struct cell *cell = &t->cells[point][c];
	double value[MAX_FIGURES];
	char label[64];
	int err;

	s->label(&t->points[point], label, sizeof(label));
	run_lock();
	progress_step(run_ms(t, point), "%s %s: %s, round %u", s->name, label,
		      contender->name, round + 1);
	run_unlock();
	if (cell->err)
		return;
	for (unsigned m = 0; m < MAX_FIGURES; m++)
		value[m] = NAN;
	err = s->run(contender, &t->points[point], value);
	run_lock();
	cell->err = err;
	for (unsigned m = 0; m < MAX_FIGURES; m++)
		cell->value[m][round] = value[m];
	run_unlock();
}

static void leave_out(struct cell *cell)
{
	run_lock();
	cell->no_time = true;
	run_unlock();
}

/* A contender that is not measured in the first round is not measured at this point. */
static void measure_round(const struct results *r, struct table *t, unsigned point,
			  unsigned round, uint64_t first_ends)
{
	for (unsigned c = 0; c < r->n_contenders; c++) {
		if (!takes_part(r->contenders[c], t->scenario))
			continue;
		if (!round && now_ns() >= first_ends)
			leave_out(&t->cells[point][c]);
		else if (!t->cells[point][c].no_time)
			measure(t, point, c, r->contenders[c], round);
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void measure_point(const struct results *r, struct table *t, unsigned point,
			  double share_ns)
{
	const uint64_t start = now_ns(), end = start + (uint64_t)share_ns;
	const uint64_t first_ends = earlier(end + (uint64_t)share_ns, r->deadline_ns);
	uint64_t now = start;

	for (unsigned round = 0; round < r->rounds; round++) {
		if (round && now + (now - start) / round > end)
			break;
		measure_round(r, t, point, round, first_ends);
		now = now_ns();
		run_lock();
		t->rounds[point] = round + 1;
		run_unlock();
	}
}

static double time_left_ns(const struct results *r)
{
	uint64_t now = now_ns();

	return now < r->deadline_ns ? (double)(r->deadline_ns - now) : 0;
}

void run_tables(struct results *r)
{
	double left_ms = run_expected_ms(r, r->contenders, r->n_contenders), expected_ms;

	for (unsigned i = 0; i < r->n_tables; i++)
		for (unsigned p = 0; p < r->tables[i].n_points; p++) {
			struct table *t = &r->tables[i];

			expected_ms = point_expected_ms(r, t, p, r->contenders,
							r->n_contenders);
			if (!(expected_ms > 0))
				continue;
			progress_at(left_ms);
			measure_point(r, t, p, time_left_ns(r) * expected_ms / left_ms);
			left_ms -= expected_ms;
		}
}
