/* SPDX-License-Identifier: MIT */
/*
 * P16: threads allocate objects and let the contender free them after a grace period.  Nobody
 * else runs, or one reader computes in bursts of 50 us.  What waits to be freed is looked at
 * each 64th time.
 */
#include "crew.h"
#include "measure.h"
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>

#define LOOK_EVERY 64

enum { FREES, WAITING, OF_RETIRED, METRICS };

struct updates {
	unsigned readers;
	double *value;
};

/* Of an updater. */
struct tally {
	_Alignas(128) uint64_t freed; /* atomic */
	uint64_t most_waiting;        /* items */
};

static struct tally tallies[MAX_THREADS];

static uint64_t freed_by_now(const struct tally *t)
{
	return __atomic_load_n(&t->freed, __ATOMIC_RELAXED);
}

static void look(struct tally *t, uint64_t retired)
{
	const uint64_t waiting = retired - freed_by_now(t);

	if (waiting > t->most_waiting)
		t->most_waiting = waiting;
}

static void free_item(struct grace_item *item)
{
	uint64_t *freed = item->counter;

	free(item);
	__atomic_fetch_add(freed, 1, __ATOMIC_RELAXED);
}

/* Its progress is what it has retired. */
static void role_updater(struct member *m)
{
	const struct grace_calls *grace = m->contender->grace;
	struct tally *t = &tallies[m->index];

	m->contender->harmless_end(m->self);
	while (!crew_stopping(m->crew)) {
		struct grace_item *item = malloc(sizeof(*item));

		if (!item)
			break;
		item->fn = free_item;
		item->counter = &t->freed;
		item->payload = m->progress;
		grace->retire(m->self, item);
		member_progress(m);
		grace->quiesce(m->self);
		if (m->progress % LOOK_EVERY == 0)
			look(t, m->progress);
	}
	grace->settle(m->self);
	m->contender->harmless_now(m->self);
}

static void role_reader(struct member *m)
{
	const unsigned long turns = work_turns(50000);

	m->contender->harmless_end(m->self);
	while (!crew_stopping(m->crew)) {
		work(turns);
		member_progress(m);
		m->contender->grace->quiesce(m->self);
	}
	m->contender->harmless_now(m->self);
}

static uint64_t all_freed(unsigned updaters)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < updaters; i++)
		sum += freed_by_now(&tallies[i]);
	return sum;
}

/* Until all of them run. */
static void await_all(const struct crew *crew)
{
	for (unsigned i = 0; i < crew->size; i++)
		while (!crew_progress(crew, i, 1))
			sleep_ns(NS_PER_MS / 4);
}

static void direct(struct crew *crew, void *arg)
{
	const struct updates *u = arg;
	const unsigned n = crew->size - u->readers;
	uint64_t freed, retired, waiting = 0, start;
	double seconds;

	await_all(crew);
	freed = all_freed(n);
	retired = crew_progress(crew, u->readers, n);
	start = now_ns();
	sleep_ns((uint64_t)(quick_or_full(30, 150) * NS_PER_MS));
	freed = all_freed(n) - freed;
	retired = crew_progress(crew, u->readers, n) - retired;
	seconds = (double)(now_ns() - start) / NS_PER_S;
	crew_stop(crew);
	crew_wait(crew, 0, crew->size);
	for (unsigned i = 0; i < n; i++)
		waiting += tallies[i].most_waiting;
	u->value[FREES] = (double)freed / seconds;
	u->value[WAITING] = (double)(waiting * sizeof(struct grace_item)) / 1024;
	u->value[OF_RETIRED] = retired ? (double)freed / (double)retired : 0;
}

static int run_p16(const struct contender *c, const struct point *p, double *value)
{
	struct updates u = {p->variant, value};
	const struct team with_reader[] = {
		{1, role_reader, NULL, CREW_ANY_CPU},
		{p->threads, role_updater, NULL, CREW_ANY_CPU},
	};

	for (unsigned i = 0; i < p->threads; i++)
		tallies[i] = (struct tally){0};
	return crew_play(c, with_reader + !u.readers, 1 + u.readers, direct, &u);
}

static unsigned p16_points(struct point *points)
{
	const unsigned threads[] = {1, cpu_count()};

	return points_of(points, threads, cpu_count() > 1 ? 2 : 1, 2);
}

static const char *p16_variant(const struct point *p)
{
	return p->variant ? "one reader" : "no reader";
}

static void p16_label(const struct point *p, char *text, size_t size)
{
	snprintf(text, size, "%u updater%s, %s", p->threads, p->threads == 1 ? "" : "s",
		 p16_variant(p));
}

static double p16_expected_ms(const struct point *p)
{
	return quick_or_full(45, 170) + p->threads;
}

static const struct metric p16_metrics[METRICS] = {
	[FREES] = {"frees_per_second", "frees/s", "objects freed per second", MORE},
	[WAITING] = {"most_waiting_kib", "wait KiB", "KiB, the most that waited", LESS},
	[OF_RETIRED] = {"of_retired", "of retired", "freed, of those retired", MORE},
};

/* call_rcu is what the other flavours use. */
static const struct target p16_targets[] = {
	{"rdv", FREES, AT_LEAST, 1, "urcu-qsbr", FREES, NULL},
	{"rdv", FREES, AT_LEAST, 1, "urcu-defer", FREES, NULL},
	{"rdv", WAITING, AT_MOST, 1, "urcu-qsbr", WAITING, NULL},
	{"rdv", WAITING, AT_MOST, 1, "urcu-defer", WAITING, NULL},
};

const struct scenario scenario_p16 = {
	.name = "P16",
	.title = "objects retired and freed",
	.metrics = p16_metrics,
	.n_metrics = METRICS,
	.grace = true,
	.targets = p16_targets,
	.n_targets = COUNT_OF(p16_targets),
	.points = p16_points,
	.label = p16_label,
	.variant = p16_variant,
	.expected_ms = p16_expected_ms,
	.run = run_p16,
};
