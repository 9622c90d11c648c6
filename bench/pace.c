/* SPDX-License-Identifier: MIT */
#include "pace.h"
#include "measure.h"

static enum pace_phase phase(const struct pace *p)
{
	return (enum pace_phase)__atomic_load_n(&p->phase, __ATOMIC_RELAXED);
}

static void set_phase(struct pace *p, enum pace_phase to)
{
	__atomic_store_n(&p->phase, (int)to, __ATOMIC_RELAXED);
}

static uint64_t shorter(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A microsecond alone, harmless before and after. */
static void isolate_once(const struct member *m, struct pace *p)
{
	const struct contender *c = m->contender;
	uint64_t start, end;

	c->harmless_end(m->self);
	start = now_ns();
	c->isolate(m->self);
	end = now_ns();
	work(work_turns(1000));
	c->release(m->self);
	c->harmless_now(m->self);
	if (p->took_us && p->isolations < p->max)
		p->took_us[p->isolations] = (double)(end - start) / 1000;
	p->isolations++;
}

/*
 * One slice with isolations.  due: time until the next isolation.  Returns what is left
 * of it at the end.
 */
static uint64_t isolate_for_a_slice(const struct member *m, struct pace *p, uint64_t due)
{
	const uint64_t start = now_ns();
	uint64_t now = start;

	for (; phase(p) == PACE_ISOLATING; now = now_ns()) {
		if (now - start < due) {
			sleep_ns(shorter(due - (now - start), NS_PER_MS));
			continue;
		}
		isolate_once(m, p);
		due += p->interval_ns;
		if (due + p->interval_ns < now - start)
			due = now - start; /* a late isolation is not made up for */
	}
	return due - shorter(due, now - start);
}

/*
 * Isolates by a clock that stands still while the thread rests.  The first isolation
 * comes after half an interval.
 */
void role_paced(struct member *m)
{
	struct pace *p = m->arg;
	uint64_t due = p->interval_ns / 2;

	while (phase(p) != PACE_OVER) {
		if (phase(p) == PACE_REST || !p->interval_ns)
			sleep_ns(NS_PER_MS / 2);
		else
			due = isolate_for_a_slice(m, p, due);
	}
}

struct throughput {
	double steps, ns;
};

static double per_second(const struct throughput *t)
{
	return t->ns > 0 ? t->steps * NS_PER_S / t->ns : 0;
}

static void count_slice(struct throughput *t, const struct crew *crew, uint64_t slice_ns)
{
	uint64_t before = crew_progress(crew, 0, crew->size - 1), start = now_ns();

	sleep_ns(slice_ns);
	t->steps += (double)(crew_progress(crew, 0, crew->size - 1) - before);
	t->ns += (double)(now_ns() - start);
}

/*
 * Adds each worker's progress to worked[] if the slice has begun before; subtracts it if
 * the slice is about to begin.
 */
static void add_worked(struct pace *p, const struct crew *crew, bool begun)
{
	for (unsigned i = 0; p->worked && i < crew->size - 1; i++)
		p->worked[i] +=
			begun ? crew_progress(crew, i, 1) : -crew_progress(crew, i, 1);
}

void pace_measure(struct crew *crew, struct pace *p)
{
	struct throughput rest = {0, 0}, with = {0, 0};

	for (unsigned i = 0; i < p->slices; i++) {
		count_slice(&rest, crew, p->rest_ns / p->slices);
		add_worked(p, crew, false);
		set_phase(p, PACE_ISOLATING);
		count_slice(&with, crew, p->isolating_ns / p->slices);
		set_phase(p, PACE_REST);
		add_worked(p, crew, true);
	}
	set_phase(p, PACE_OVER);
	crew_stop(crew);
	crew_wait(crew, 0, crew->size);
	p->rest_rate = per_second(&rest);
	p->rate = per_second(&with);
	p->achieved = (double)p->isolations * NS_PER_S / with.ns;
}
