/* SPDX-License-Identifier: MIT */
#include "explore.h"
#include "clock.h"
#include "points.h"
#include "shim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { DECISIONS = 8192, OPTIONS = 3 * EXPLORE_MAX };

enum state { READY, ASLEEP, LOCKED_OUT, FINISHED };

struct task {
	pthread_t thread;
	int number;
	sem_t go;
	enum state state;
	const rdv_word *word; /* ASLEEP: on which, */
	uint32_t bitset;
	bool timed;
	unsigned long since;    /* in this order, */
	int result;             /* and what it is woken with */
	pthread_mutex_t *mutex; /* LOCKED_OUT */
	const char *function;   /* where it is, to be printed */
	int line;
};

static struct task *tasks; /* new ones each time, see explore() */

/* Who goes on, and what happens to it. */
struct option {
	struct task *task;
	int result; /* for a sleeper */
	int cost;
};

/* The decisions of this order; the first ones are given. */
static struct decision {
	int options, chosen;
	int cost[OPTIONS];
} decisions[DECISIONS];

static const struct explore *now;
static int given, taken;
static unsigned long sleeps;
static const char *failure;
static sem_t over;

static __thread struct task *self;

/* --------------------------------------------------------------------- decisions */

void explore_fail(const char *what)
{
	if (!failure)
		failure = what;
}

static bool can_run(struct task *t)
{
	if (t->state == LOCKED_OUT && !pthread_mutex_trylock(t->mutex)) {
		pthread_mutex_unlock(t->mutex);
		return true;
	}
	return t->state == READY;
}

static int add(struct option *options, int n, struct task *t, int result, int cost)
{
	options[n] = (struct option){t, result, cost};
	return n + 1;
}

/* The one that runs goes on, if it can, for nothing. */
static int list(struct option *options, struct task *current)
{
	bool goes_on = current && can_run(current), anybody;
	int i, n = 0;

	if (goes_on)
		n = add(options, n, current, 0, 0);
	for (i = 0; i < now->threads; i++)
		if (&tasks[i] != current && can_run(&tasks[i]))
			n = add(options, n, &tasks[i], 0, goes_on);
	anybody = n;
	for (i = 0; i < now->threads; i++) {
		if (tasks[i].state != ASLEEP)
			continue;
		if (tasks[i].timed)
			n = add(options, n, &tasks[i], -ETIMEDOUT, anybody);
		if (now->spurious && anybody)
			n = add(options, n, &tasks[i], -EINTR, 1);
	}
	return n;
}

static int decide(const struct option *options, int n)
{
	struct decision *d = &decisions[taken];
	int i;

	if (taken == DECISIONS) {
		explore_fail("too long");
		return 0;
	}
	if (taken++ < given) {
		if (d->options == n)
			return d->chosen;
		explore_fail("the same is not the same");
		return 0;
	}
	d->options = n;
	d->chosen = 0;
	for (i = 0; i < n; i++)
		d->cost[i] = options[i].cost;
	return 0;
}

/* The next order, in depth first; false if there is none. */
static bool advance(void)
{
	int spent = 0, i;

	for (i = 0; i < taken; i++)
		spent += decisions[i].cost[decisions[i].chosen];
	while (taken--) {
		struct decision *d = &decisions[taken];

		spent -= d->cost[d->chosen];
		while (++d->chosen < d->options) {
			if (spent + d->cost[d->chosen] > now->preemptions)
				continue;
			given = taken + 1;
			return true;
		}
	}
	return false;
}

/* --------------------------------------------------------------------- the threads */

/* Hands the processor to whom it is given, and returns when it is ours again. */
static void reschedule(void)
{
	struct option options[OPTIONS];
	bool finished = self->state == FINISHED;
	struct task *next;
	int n = failure ? 0 : list(options, self), chosen;

	if (!n) {
		sem_post(&over); /* the others stay where they are */
		if (!finished)
			sem_wait(&self->go);
		return;
	}
	chosen = n > 1 ? decide(options, n) : 0;
	next = options[chosen].task;
	if (next->state == ASLEEP)
		next->result = options[chosen].result;
	next->state = READY;
	if (next == self)
		return;
	sem_post(&next->go);
	if (!finished)
		sem_wait(&self->go);
}

void explore_point(void)
{
	if (self && self->state == READY)
		reschedule();
}

static void at_point(void *unused)
{
	(void)unused;
	self->function = points_function();
	self->line = points_line();
	explore_point();
}

static int play_wait(const rdv_word *word, uint32_t expected, uint32_t bitset,
		     const struct timespec *deadline)
{
	if (!self)
		abort();
	if (rdv_deadline_passed(deadline))
		return -ETIMEDOUT;
	explore_point();
	if (SHIM_GET(*word) != expected)
		return -EAGAIN;
	self->word = word;
	self->bitset = bitset;
	self->timed = deadline;
	self->since = ++sleeps;
	self->state = ASLEEP;
	self->result = 0;
	reschedule();
	return self->result;
}

static int play_wake(const rdv_word *word, int n, uint32_t bitset)
{
	struct task *t, *first;
	int woken, i;

	explore_point();
	for (woken = 0; woken < n; woken++) {
		first = NULL;
		for (i = 0; i < now->threads; i++) {
			t = &tasks[i];
			if (t->state == ASLEEP && t->word == word && t->bitset & bitset &&
			    (!first || t->since < first->since))
				first = t;
		}
		if (!first)
			break;
		first->state = READY;
		first->result = 0;
	}
	return woken;
}

static void play_lock(pthread_mutex_t *mutex)
{
	explore_point();
	while (pthread_mutex_trylock(mutex)) {
		if (!self)
			abort();
		self->mutex = mutex;
		self->state = LOCKED_OUT;
		reschedule();
	}
}

static void *live(void *arg)
{
	self = arg;
	points_on(at_point, NULL);
	for (;;) {
		sem_wait(&self->go);
		if (!now)
			return NULL;
		now->run(now->arg, self->number);
		self->state = FINISHED;
		reschedule();
	}
}

/* ----------------------------------------------------------------------- the orders */

static void print(unsigned long order)
{
	static const char *const names[] = {
		[READY] = "ready",
		[ASLEEP] = "asleep",
		[LOCKED_OUT] = "locked out",
		[FINISHED] = "finished",
	};
	int i;

	printf("# order %lu: %s\n# decisions", order, failure);
	for (i = 0; i < taken; i++)
		if (decisions[i].chosen)
			printf(" %d:%d", i, decisions[i].chosen);
	printf(" of %d\n", taken);
	for (i = 0; i < now->threads; i++)
		printf("# thread %d %s, last seen in %s:%d\n", i, names[tasks[i].state],
		       tasks[i].function ? tasks[i].function : "?", tasks[i].line);
}

/* Anybody may be the first, for nothing. */
static struct task *first(void)
{
	struct option options[OPTIONS];
	int i, n = 0;

	for (i = 0; i < now->threads; i++)
		n = add(options, n, &tasks[i], 0, 0);
	return options[decide(options, n)].task;
}

static bool one_order(void)
{
	int i;

	taken = 0;
	sleeps = 0;
	failure = NULL;
	now->before(now->arg);
	for (i = 0; i < now->threads; i++)
		tasks[i].state = READY;
	sem_post(&first()->go);
	sem_wait(&over);
	for (i = 0; i < now->threads && !failure; i++)
		if (tasks[i].state != FINISHED)
			explore_fail("nobody can run");
	return !failure && now->after(now->arg) && !failure;
}

static void start(const struct explore *e)
{
	int i;

	now = e;
	given = 0;
	tasks = calloc(EXPLORE_MAX, sizeof(*tasks));
	if (!tasks)
		abort();
	sem_init(&over, 0, 0);
	shim.wait = play_wait;
	shim.wake = play_wake;
	shim.lock = play_lock;
	for (i = 0; i < e->threads; i++) {
		tasks[i].number = i;
		sem_init(&tasks[i].go, 0, 0);
		if (pthread_create(&tasks[i].thread, NULL, live, &tasks[i]))
			abort();
	}
}

static void stop(void)
{
	int i, n = now->threads;

	shim.wait = NULL;
	shim.wake = NULL;
	shim.lock = NULL;
	now = NULL;
	for (i = 0; i < n; i++)
		sem_post(&tasks[i].go);
	for (i = 0; i < n; i++)
		pthread_join(tasks[i].thread, NULL);
	free(tasks);
}

/* After a failure the threads are left where they are. */
unsigned long explore(const struct explore *e)
{
	unsigned long orders = 0;

	start(e);
	do {
		orders++;
		if (!one_order()) {
			if (!failure)
				explore_fail("something is wrong afterwards");
			print(orders);
			shim.wait = NULL;
			shim.wake = NULL;
			shim.lock = NULL;
			return 0;
		}
	} while (advance());
	stop();
	return orders;
}
