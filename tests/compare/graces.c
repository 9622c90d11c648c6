/* SPDX-License-Identifier: MIT */
/*
 * Grace periods: what librdv and each flavour of liburcu promise.  An object that could be freed
 * is poisoned instead, and its memory never used again.  So a reader sees an early one.
 */
#include "compare.h"

#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#define SLOTS           4
#define READERS         4
#define UPDATERS        2
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { ALIVE = 1, DEAD = 2 };

struct object {
	struct grace_item item;
	volatile unsigned state;
};

struct stage {
	const char *wrong;               /* the first that saw something, atomic */
	unsigned come, stopped;          /* atomic */
	unsigned turns;                  /* of each updater */
	struct object *slot[SLOTS];      /* atomic */
	uint64_t called;                 /* atomic */
	volatile unsigned done[READERS]; /* plain */
	int pipe[2];
};

static void saw(struct stage *s, const char *what)
{
	__atomic_store_n(&s->wrong, what, __ATOMIC_RELAXED);
}

static unsigned load(const unsigned *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void await(const unsigned *word, unsigned n)
{
	while (load(word) < n)
		sched_yield();
}

static void come(struct stage *s)
{
	__atomic_fetch_add(&s->come, 1, __ATOMIC_RELAXED);
}

static const char *play(const struct contender *c, struct stage *s,
			const struct team *teams, unsigned n)
{
	int err = crew_play(c, teams, n, crew_wait_all, NULL);

	return err ? "the crew could not play"
		   : __atomic_load_n(&s->wrong, __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------- no object too early */

static void poison(struct grace_item *item)
{
	((struct object *)item)->state = DEAD;
	__atomic_fetch_add(item->counter, 1, __ATOMIC_RELAXED);
}

static struct object *make(struct stage *s)
{
	struct object *o = calloc(1, sizeof(*o));

	if (!o)
		abort();
	o->item.fn = poison;
	o->item.counter = &s->called;
	o->state = ALIVE;
	return o;
}

static void look_at(struct stage *s, const struct object *o, unsigned n)
{
	if (!o)
		return;
	for (; n; n--) {
		if (o->state != ALIVE)
			saw(s, "a reader looks at an object that was freed");
		sched_yield();
	}
}

/* A burst looks at several objects, and ends in one way or another. */
static void role_reader(struct member *m)
{
	const struct contender *c = m->contender;
	struct stage *s = m->arg;

	c->harmless_end(m->self);
	come(s);
	for (unsigned n = m->index; !load(&s->stopped); n++) {
		look_at(s, __atomic_load_n(&s->slot[n % SLOTS], __ATOMIC_ACQUIRE), n % 5);
		if (n % 7) {
			c->grace->quiesce(m->self);
			continue;
		}
		c->harmless_now(m->self);
		sleep_ns(20000);
		c->harmless_end(m->self);
	}
	c->harmless_now(m->self);
}

/* Waits itself, or retires; the last one to come stops the readers. */
static void role_updater(struct member *m)
{
	const struct grace_calls *grace = m->contender->grace;
	struct stage *s = m->arg;
	struct object *old;

	await(&s->come, READERS);
	m->contender->harmless_end(m->self);
	for (unsigned n = 0; n < s->turns; n++) {
		old = __atomic_exchange_n(&s->slot[n % SLOTS], make(s), __ATOMIC_ACQ_REL);
		if (!old)
			continue;
		if (n % 3) {
			grace->retire(m->self, &old->item);
		} else {
			grace->synchronize(m->self);
			grace_item_call(&old->item);
		}
		grace->quiesce(m->self);
	}
	grace->settle(m->self);
	m->contender->harmless_now(m->self);
	come(s);
	if (load(&s->come) == READERS + UPDATERS)
		__atomic_store_n(&s->stopped, 1, __ATOMIC_RELAXED);
}

static const char *not_early(const struct contender *c)
{
	static struct stage s = {.turns = 300};
	const struct team teams[] = {
		{READERS, role_reader, &s, CREW_ANY_CPU},
		{UPDATERS, role_updater, &s, CREW_ANY_CPU},
	};
	const char *wrong = play(c, &s, teams, COUNT_OF(teams));

	return wrong || s.called == UPDATERS * s.turns - SLOTS
		       ? wrong
		       : "a retired object is called never, or twice";
}

/* ------------------------------------------------- a reader that runs is waited for */

static void role_runner(struct member *m)
{
	struct stage *s = m->arg;

	m->contender->harmless_end(m->self);
	come(s);
	await(&s->stopped, 1);
	for (unsigned i = 0; i < 50; i++)
		sched_yield();
	s->done[m->index] = 1;
	m->contender->harmless_now(m->self);
}

static void role_patient(struct member *m)
{
	struct stage *s = m->arg;

	m->contender->harmless_end(m->self);
	await(&s->come, READERS);
	__atomic_store_n(&s->stopped, 1, __ATOMIC_RELAXED);
	m->contender->grace->synchronize(m->self);
	for (unsigned i = 0; i < READERS; i++)
		if (!s->done[i])
			saw(s, "the grace period is over while a reader runs");
	m->contender->harmless_now(m->self);
}

static const char *waited_for(const struct contender *c)
{
	static struct stage s;
	const struct team teams[] = {
		{READERS, role_runner, &s, CREW_ANY_CPU},
		{1, role_patient, &s, CREW_ANY_CPU},
	};

	return play(c, &s, teams, COUNT_OF(teams));
}

/* --------------------------------------------------- a reader that sleeps is not */

static void role_asleep(struct member *m)
{
	const struct stage *s = m->arg;
	struct pollfd p = {.fd = s->pipe[0], .events = POLLIN};

	while (poll(&p, 1, -1) < 0)
		;
}

/* Wakes the others after its grace period. */
static void role_waker(struct member *m)
{
	const struct grace_calls *grace = m->contender->grace;
	struct stage *s = m->arg;

	m->contender->harmless_end(m->self);
	grace->retire(m->self, &make(s)->item);
	grace->synchronize(m->self);
	grace->settle(m->self);
	if (write(s->pipe[1], "", 1) != 1)
		saw(s, "the pipe does not work");
	m->contender->harmless_now(m->self);
}

static const char *not_waited_for(const struct contender *c)
{
	static struct stage s;
	const struct team teams[] = {
		{READERS, role_asleep, &s, CREW_ANY_CPU},
		{1, role_waker, &s, CREW_ANY_CPU},
	};

	return pipe(s.pipe) ? "no pipe" : play(c, &s, teams, COUNT_OF(teams));
}

/* --------------------------------------------------------- those who wait for each other */

static void role_caller(struct member *m)
{
	const struct stage *s = m->arg;

	m->contender->harmless_end(m->self);
	for (unsigned n = 0; n < s->turns; n++)
		m->contender->grace->synchronize(m->self);
	m->contender->harmless_now(m->self);
}

static const char *together(const struct contender *c)
{
	static struct stage s = {.turns = 200};
	const struct team team = {READERS, role_caller, &s, CREW_ANY_CPU};

	return play(c, &s, &team, 1);
}

const struct property grace_properties[] = {
	{"no object is freed while a reader looks at it, under torture", not_early,
	 false},
	{"a grace period waits for a reader that runs", waited_for, false},
	{"a grace period does not wait for a reader that sleeps", not_waited_for, true},
	{"threads that wait for a grace period at once return", together, true},
};

const unsigned n_grace_properties = COUNT_OF(grace_properties);
