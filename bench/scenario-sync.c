/* SPDX-License-Identifier: MIT */
/*
 * P11: the sync-point with N threads.  All but one are asleep in epoll_wait() on the
 * descriptor that calls them.  The other one wants a sync-point, enters it, has its turn,
 * and leaves it with all of them.  The figure is the time from its first call to the
 * return of its last one.
 */
#include "cost.h"
#include "crew.h"
#include "measure.h"
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MAX_SAMPLES 512

enum { P50, METRICS };

struct sync {
	unsigned n;
	double *us;
	double *value;
};

static void add_to_poller(int poller, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static void take_part(const struct member *m)
{
	const struct sync_calls *sync = m->contender->sync;

	m->contender->harmless_end(m->self);
	if (sync->pending()) {
		sync->enter(m->self);
		sync->exit(m->self);
	}
	m->contender->harmless_now(m->self);
}

static void role_poller(struct member *m)
{
	struct epoll_event events[2];
	int poller = epoll_create1(EPOLL_CLOEXEC);

	add_to_poller(poller, m->contender->sync->enable());
	add_to_poller(poller, m->crew->stop_fd);
	while (!crew_stopping(m->crew))
		if (epoll_wait(poller, events, 2, -1) > 0)
			take_part(m);
	close(poller);
}

static double sync_us(const struct member *m)
{
	const struct sync_calls *sync = m->contender->sync;
	uint64_t start;

	m->contender->harmless_end(m->self);
	start = now_ns();
	sync->want(m->self);
	sync->enter(m->self);
	sync->exit(m->self);
	start = now_ns() - start;
	m->contender->harmless_now(m->self);
	return (double)start / 1000;
}

/* The pauses let the other threads get back to their pollers. */
static void role_requester(struct member *m)
{
	struct sync *r = m->arg;
	const uint64_t pause = NS_PER_MS / 4 + 10000 * (uint64_t)m->crew->size;
	struct cost cost;
	uint64_t end;

	sync_us(m);
	sleep_ns(pause);
	cost = cost_begin(m->crew);
	end = now_ns() + (uint64_t)(quick_or_full(40, 150) * NS_PER_MS);
	while (r->n < MAX_SAMPLES && (!r->n || now_ns() < end)) {
		r->us[r->n++] = sync_us(m);
		sleep_ns(pause);
	}
	cost_end(&cost, m->crew, r->n, r->value);
}

static int run_p11(const struct contender *c, const struct point *p, double *value)
{
	static double us[MAX_SAMPLES];
	struct sync r = {.us = us, .value = value};
	const struct team teams[] = {
		{p->threads - 1, role_poller, &r, CREW_ANY_CPU},
		{1, role_requester, &r, CREW_ANY_CPU},
	};
	int err;

	c = contender_for(c, p->threads);
	if (!c || !c->sync)
		return -ENOTSUP;
	err = crew_play(c, teams, COUNT_OF(teams), NULL, NULL);
	if (err)
		return err;
	value[P50] = summarize(us, r.n).median;
	quantiles(us, r.n, &value[FIRST_QUANTILE]);
	return 0;
}

static unsigned p11_points(struct point *points)
{
	static const unsigned threads[] = {2, 16, 64};

	return points_of(points, threads, COUNT_OF(threads), 1);
}

static void p11_label(const struct point *p, char *text, size_t size)
{
	snprintf(text, size, "%u pollers", p->threads);
}

static double p11_expected_ms(const struct point *p)
{
	return quick_or_full(45, 160) + 0.2 * p->threads;
}

static const struct metric p11_metrics[METRICS] = {
	[P50] = {"sync_point_p50_us", "p50 us", "us per sync-point", LESS},
};

static const struct target p11_targets[] = {
	{"rdv", P50, AT_MOST, 1.0, "seed", P50, NULL},
	{"rdv", P50, AT_MOST, 1.5, "seed-yield", P50, NULL},
	{"rdv", COST_CPU, AT_MOST, 0.1, "seed", COST_CPU, NULL},
};

const struct scenario scenario_p11 = {
	.name = "P11",
	.title = "sync-point with N threads in epoll_wait",
	.metrics = p11_metrics,
	.n_metrics = METRICS,
	.sync = true,
	.targets = p11_targets,
	.n_targets = COUNT_OF(p11_targets),
	.points = p11_points,
	.label = p11_label,
	.expected_ms = p11_expected_ms,
	.run = run_p11,
};
