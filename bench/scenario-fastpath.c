/* SPDX-License-Identifier: MIT */
/*
 * P1, P2, P3: the cost of the fast paths while nobody isolates.  Each thread has a CPU of
 * its own.  A batch takes about half a millisecond.  The figure of a run is the median of
 * its batches, so a batch that was interrupted does not count.
 */
#include "crew.h"
#include "measure.h"
#include "scenario.h"

#include <stdio.h>

#define MAX_BATCHES 256
#define BATCH_NS    (NS_PER_MS / 2)

/*
 * EACH: ns per step, inline; CALLED: the same by calls of the library's functions.  P1
 * has the bare primitive in both forms too, P3 the same loop alone.
 */
enum { EACH, CALLED, P2_METRICS };
enum { BARE = P2_METRICS, BARE_CALLED, P1_METRICS };
enum { ALONE = EACH + 1, SLOWDOWN, P3_METRICS };

typedef void loop_fn(void *self, unsigned long n);

struct fastpath {
	loop_fn *loop;
	unsigned batches;
	unsigned members, begun, finished; /* threads */
	double *ns;                        /* of each member, per step */
};

static double time_loop(loop_fn *loop, void *self, unsigned long n)
{
	uint64_t start = now_ns();

	loop(self, n);
	return (double)(now_ns() - start);
}

/* Warms up, too. */
static unsigned long batch_size(loop_fn *loop, void *self)
{
	unsigned long n = 1024;

	while (time_loop(loop, self, n) < BATCH_NS / 2.0)
		n *= 2;
	return n;
}

/* Goes on with the loop, unmeasured, until all threads have come as far. */
static void loop_until_all(const struct fastpath *f, unsigned *count, void *self)
{
	__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(count, __ATOMIC_RELAXED) < f->members)
		f->loop(self, 10000);
}

static void role_fastpath(struct member *m)
{
	struct fastpath *f = m->arg;
	double batch[MAX_BATCHES];
	unsigned long n;

	m->contender->harmless_end(m->self);
	loop_until_all(f, &f->begun, m->self);
	n = batch_size(f->loop, m->self);
	for (unsigned i = 0; i < f->batches; i++)
		batch[i] = (time_loop(f->loop, m->self, n) - clock_cost_ns()) / (double)n;
	loop_until_all(f, &f->finished, m->self);
	f->ns[m->index] = summarize(batch, f->batches).median;
	m->contender->harmless_now(m->self);
}

/* The mean of n threads that run the loop at the same time, one per CPU. */
static int time_together(const struct contender *c, loop_fn *loop, unsigned n, double *ns)
{
	static double each[MAX_THREADS];
	struct fastpath f = {
		.loop = loop,
		.batches = (unsigned)quick_or_full(15, 61),
		.members = n,
		.ns = each,
	};
	const struct team team = {n, role_fastpath, &f, CREW_EACH_CPU};
	int err = crew_play(c, &team, 1, NULL, NULL);

	if (err)
		return err;
	*ns = 0;
	for (unsigned i = 0; i < n; i++)
		*ns += each[i] / n;
	return 0;
}

/*
 * Runs the forms one after the other.  The figures of forms that the contender does not
 * have stay NAN.
 */
static int time_each(const struct contender *c, loop_fn *const *loops, unsigned n_loops,
		     unsigned threads, double *ns)
{
	int err = 0;

	for (unsigned i = 0; i < n_loops && !err; i++)
		if (loops[i])
			err = time_together(c, loops[i], threads, &ns[i]);
	return err;
}

static unsigned one_thread(struct point *points)
{
	points[0] = (struct point){1, 0};
	return 1;
}

static unsigned one_per_cpu(struct point *points)
{
	points[0] = (struct point){cpu_count(), 0};
	return 1;
}

static void label_threads(const struct point *p, char *text, size_t size)
{
	snprintf(text, size, p->threads == 1 ? "1 thread" : "%u threads", p->threads);
}

/* Two loops a run, by most contenders. */
static double expect_batches(const struct point *p)
{
	(void)p;
	return 2 * (quick_or_full(15, 61) * BATCH_NS / NS_PER_MS + 2);
}

static int run_p1(const struct contender *c, const struct point *p, double *value)
{
	loop_fn *const loops[P1_METRICS] = {
		[EACH] = c->checkpoint_loop,
		[CALLED] = c->checkpoint_called_loop,
		[BARE] = c->bare_loop,
		[BARE_CALLED] = c->bare_called_loop,
	};

	return time_each(c, loops, P1_METRICS, p->threads, value);
}

static int run_p2(const struct contender *c, const struct point *p, double *value)
{
	loop_fn *const loops[P2_METRICS] = {c->pair_loop, c->pair_called_loop};

	return time_each(c, loops, P2_METRICS, p->threads, value);
}

static int run_p3(const struct contender *c, const struct point *p, double *value)
{
	int err = time_together(c, c->pair_loop, 1, &value[ALONE]);

	if (err)
		return err;
	err = time_together(c, c->pair_loop, p->threads, &value[EACH]);
	value[SLOWDOWN] = value[EACH] / value[ALONE];
	return err;
}

static const struct metric p1_metrics[P1_METRICS] = {
	[EACH] = {"checkpoint_ns", "ns", "ns per checkpoint", LESS},
	[CALLED] = {"checkpoint_called_ns", "called", "ns per checkpoint, called", LESS},
	[BARE] = {"quiescent_state_ns", "bare QS", "ns per rcu_quiescent_state()", LESS},
	[BARE_CALLED] = {"quiescent_state_called_ns", "QS called",
			 "ns per rcu_quiescent_state(), called", LESS},
};

static const struct target p1_targets[] = {
	{"rdv", EACH, AT_MOST, 1.3, "urcu-qsbr", BARE, NULL},
	{"rdv", EACH, AT_MOST, 0.5, NULL, 0, NULL},
};

const struct scenario scenario_p1 = {
	.fixed = true,
	.name = "P1",
	.title = "checkpoint, nobody isolates",
	.metrics = p1_metrics,
	.n_metrics = P1_METRICS,
	.targets = p1_targets,
	.n_targets = COUNT_OF(p1_targets),
	.points = one_thread,
	.label = label_threads,
	.expected_ms = expect_batches,
	.run = run_p1,
};

static const struct metric p2_metrics[P2_METRICS] = {
	[EACH] = {"pair_ns", "ns", "ns per pair", LESS},
	[CALLED] = {"pair_called_ns", "called", "ns per pair, called", LESS},
};

static const struct target p2_targets[] = {
	{"rdv", EACH, AT_MOST, 1.0, "seed", EACH, NULL},
	{"rdv", EACH, AT_MOST, 0.55, "urcu-qsbr", EACH, NULL},
	{"rdv-biased", EACH, AT_MOST, 1.0, "urcu-memb", EACH, NULL},
};

const struct scenario scenario_p2 = {
	.fixed = true,
	.name = "P2",
	.title = "harmless_now + harmless_end, nobody isolates",
	.metrics = p2_metrics,
	.n_metrics = P2_METRICS,
	.targets = p2_targets,
	.n_targets = COUNT_OF(p2_targets),
	.points = one_thread,
	.label = label_threads,
	.expected_ms = expect_batches,
	.run = run_p2,
};

static const struct metric p3_metrics[P3_METRICS] = {
	[EACH] = {"pair_ns", "ns", "ns per pair", LESS},
	[ALONE] = {"alone_ns", "alone", "ns per pair, one thread", LESS},
	[SLOWDOWN] = {"slowdown", "x alone", "ratio", LESS},
};

static const struct target p3_targets[] = {
	{"rdv", SLOWDOWN, AT_MOST, 1.15, NULL, 0, NULL},
	{"rdv", EACH, AT_MOST, 0.5, "seed", EACH, NULL},
};

const struct scenario scenario_p3 = {
	.fixed = true,
	.name = "P3",
	.title = "harmless_now + harmless_end, one loop per CPU",
	.metrics = p3_metrics,
	.n_metrics = P3_METRICS,
	.targets = p3_targets,
	.n_targets = COUNT_OF(p3_targets),
	.points = one_per_cpu,
	.label = label_threads,
	.expected_ms = expect_batches,
	.run = run_p3,
};
