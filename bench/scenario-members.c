/* SPDX-License-Identifier: MIT */
/*
 * P12: the cost of being a member.  It is the time of joining and leaving while N other
 * threads are members and asleep, and the memory for a thread and for a domain of the
 * default size.  Memory is what malloc() gave (see alloc-count.h), and what the contender
 * declares to have elsewhere.
 */
#include "alloc-count.h"
#include "crew.h"
#include "measure.h"
#include "scenario.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#define BATCH   200
#define BATCHES 15

enum { EACH, THREAD_BYTES, DOMAIN_BYTES, METRICS };

struct members {
	double ns, thread_bytes;
};

/* A new join gives a new handle, so the member gets it in the end. */
static double time_joins(struct member *m)
{
	const struct contender *c = m->contender;
	uint64_t start = now_ns();

	for (int i = 0; i < BATCH; i++) {
		c->leave(m->self);
		m->self = c->join();
		c->harmless_now(m->self);
	}
	return (double)(now_ns() - start) / BATCH;
}

static void role_newcomer(struct member *m)
{
	struct members *r = m->arg;
	const unsigned others = m->crew->size - 1;
	double batch[BATCHES];

	r->thread_bytes = 0;
	for (unsigned i = 0; i <= others; i++)
		r->thread_bytes += (double)m->crew->members[i].join_bytes / (others + 1);
	if (m->contender->stays)
		return;
	for (int i = 0; i < BATCHES; i++)
		batch[i] = time_joins(m);
	r->ns = summarize(batch, BATCHES).median;
}

/* Or NAN. */
static double domain_bytes(const struct contender *c, unsigned threads)
{
	size_t before = alloc_bytes(), bytes;

	if (c->open(threads))
		return NAN;
	bytes = alloc_bytes() - before;
	c->close();
	return (double)(bytes + c->domain_bytes);
}

static int run_p12(const struct contender *c, const struct point *p, double *value)
{
	struct members r = {.ns = NAN};
	const struct team teams[] = {
		{p->threads, role_idle, NULL, CREW_ANY_CPU},
		{1, role_newcomer, &r, 0},
	};
	double domain;
	int err;

	c = contender_for(c, p->threads + 1);
	if (!c)
		return -ENOSPC;
	domain = domain_bytes(c, p->threads + 1);
	err = crew_play(c, teams, COUNT_OF(teams), NULL, NULL);
	if (err)
		return err;
	value[EACH] = r.ns;
	if (alloc_count_works()) {
		value[THREAD_BYTES] = r.thread_bytes + (double)c->thread_bytes;
		value[DOMAIN_BYTES] = domain;
	}
	return 0;
}

static unsigned p12_points(struct point *points)
{
	static const unsigned threads[] = {1000};

	return points_of(points, threads, COUNT_OF(threads), 1);
}

static void p12_label(const struct point *p, char *text, size_t size)
{
	snprintf(text, size, "%u others", p->threads);
}

static double p12_expected_ms(const struct point *p)
{
	return 5 + 0.1 * p->threads;
}

static const struct metric p12_metrics[METRICS] = {
	[EACH] = {"join_leave_ns", "ns", "ns per join and leave", LESS},
	[THREAD_BYTES] = {"bytes_per_thread", "B/thread", "bytes per thread", LESS},
	[DOMAIN_BYTES] = {"bytes_per_domain", "B/domain", "bytes per domain", LESS},
};

static const struct target p12_targets[] = {
	{"rdv", EACH, AT_MOST, 1000, NULL, 0, NULL},
	{"rdv", THREAD_BYTES, AT_MOST, 256, NULL, 0, NULL},
	{"rdv", DOMAIN_BYTES, AT_MOST, 16384, NULL, 0, NULL},
};

const struct scenario scenario_p12 = {
	.name = "P12",
	.title = "to join and to leave, and the memory of a member",
	.metrics = p12_metrics,
	.n_metrics = METRICS,
	.targets = p12_targets,
	.n_targets = COUNT_OF(p12_targets),
	.points = p12_points,
	.label = p12_label,
	.expected_ms = p12_expected_ms,
	.run = run_p12,
};
