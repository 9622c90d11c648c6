/* SPDX-License-Identifier: MIT */
#include "../../bench/torture.h"
#include "compare.h"

#include <poll.h>
#include <sched.h>
#include <unistd.h>

#define MAX_CREW        64 /* as many as the seed can */
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What a crew shares; plain data is what the contender has to protect. */
struct stage {
	const char *wrong;      /* the first that saw something, atomic */
	unsigned come, stopped; /* atomic */
	unsigned turns;         /* of each member */
	int pipe[2];
	volatile unsigned long inside, count, ready, mark; /* plain */
	struct pair {
		_Alignas(128) volatile unsigned long a, b;
	} pair[MAX_CREW];
};

static void saw(struct stage *s, const char *what)
{
	__atomic_store_n(&s->wrong, what, __ATOMIC_RELAXED);
}

static unsigned load(const unsigned *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void come(struct stage *s)
{
	__atomic_fetch_add(&s->come, 1, __ATOMIC_RELAXED);
}

static void linger(unsigned long n)
{
	for (unsigned i = 0; i < n; i++)
		sched_yield();
}

/* Plays the teams to their end, and tells what was seen. */
static const char *play(const struct contender *c, struct stage *s,
			const struct team *teams, unsigned n)
{
	int err = crew_play(c, teams, n, crew_wait_all, NULL);

	return err ? "the crew could not play"
		   : __atomic_load_n(&s->wrong, __ATOMIC_RELAXED);
}

static unsigned crowd(void)
{
	return cpu_count() > 6 ? MAX_CREW - 2 : 8 * cpu_count();
}

/* ------------------------------------------------------------------- exclusion */

static const char *exclusion(const struct contender *c)
{
	struct torture_result result;

	if (torture(c, &result))
		return "the torture could not run";
	if (!result.isolations || !result.sections)
		return "nobody isolated, or nobody ran";
	return result.violations ? "a thread ran beside an isolated one" : NULL;
}

/* -------------------------------------------------------------------- ordering */

/* Between two harmless moments a and b differ; at each of them they are equal. */
static void role_writer(struct member *m)
{
	struct stage *s = m->arg;
	struct pair *p = &s->pair[m->index];
	unsigned long mark = 0;

	for (unsigned i = 0; i < s->turns; i++) {
		m->contender->harmless_end(m->self);
		if (s->mark < mark)
			saw(s,
			    "an older value than before of what isolated threads wrote");
		mark = s->mark;
		p->a++;
		linger(i % 2);
		p->b++;
		m->contender->harmless_now(m->self);
	}
}

static void role_reader(struct member *m)
{
	struct stage *s = m->arg;

	m->contender->harmless_end(m->self);
	for (unsigned i = 0; i < s->turns; i++) {
		m->contender->isolate(m->self);
		for (unsigned k = 0; k < MAX_CREW; k++)
			if (s->pair[k].a != s->pair[k].b)
				saw(s,
				    "half of what a thread did before it was harmless");
		s->mark++;
		m->contender->release(m->self);
	}
	m->contender->harmless_now(m->self);
}

static const char *ordering(const struct contender *c)
{
	static struct stage s = {.turns = 300};
	const struct team teams[] = {
		{4, role_writer, &s, CREW_ANY_CPU},
		{2, role_reader, &s, CREW_ANY_CPU},
	};
	const char *wrong = play(c, &s, teams, COUNT_OF(teams));

	return wrong || s.mark == 2ul * s.turns ? wrong
						: "what an isolated thread did is lost";
}

/* ------------------------------------------------- isolators exclude each other */

static void role_counter(struct member *m)
{
	struct stage *s = m->arg;
	unsigned long count;

	m->contender->harmless_end(m->self);
	for (unsigned i = 0; i < s->turns; i++) {
		m->contender->isolate(m->self);
		if (s->inside++)
			saw(s, "two isolated threads");
		count = s->count;
		linger(i % 2);
		s->count = count + 1;
		s->inside--;
		m->contender->release(m->self);
	}
	m->contender->harmless_now(m->self);
}

static const char *isolators(const struct contender *c)
{
	static struct stage s = {.turns = 200};
	const struct team team = {4, role_counter, &s, CREW_ANY_CPU};
	const char *wrong = play(c, &s, &team, 1);

	return wrong || s.count == 4ul * s.turns ? wrong
						 : "a section ran beside another one";
}

/* ------------------------------------------------------------------- completion */

/* More threads than CPUs, all of them isolating, and all get through. */
static const char *completion(const struct contender *c)
{
	static struct stage s = {.turns = 20};
	const unsigned n = crowd();
	const struct team team = {n, role_counter, &s, CREW_ANY_CPU};
	const char *wrong = play(c, &s, &team, 1);

	return wrong || s.count == n * (unsigned long)s.turns ? wrong
							      : "isolations are missing";
}

/* ------------------------------------------- a harmless thread is not waited for */

/* Harmless until the isolated thread lets it go. */
static void role_blocked(struct member *m)
{
	const struct stage *s = m->arg;
	struct pollfd p = {.fd = s->pipe[0], .events = POLLIN};

	while (poll(&p, 1, -1) < 0)
		;
}

static void role_liberator(struct member *m)
{
	const struct stage *s = m->arg;

	m->contender->harmless_end(m->self);
	m->contender->isolate(m->self);
	if (write(s->pipe[1], "", 1) != 1)
		saw(m->arg, "the pipe does not work");
	m->contender->release(m->self);
	m->contender->harmless_now(m->self);
}

static const char *not_waited_for(const struct contender *c)
{
	static struct stage s;
	const struct team teams[] = {
		{3, role_blocked, &s, CREW_ANY_CPU},
		{1, role_liberator, &s, CREW_ANY_CPU},
	};

	return pipe(s.pipe) ? "no pipe" : play(c, &s, teams, COUNT_OF(teams));
}

/* ------------------------------------------------- a running thread is waited for */

/* Runs until the isolator is about to ask, and a while longer. */
static void role_runner(struct member *m)
{
	struct stage *s = m->arg;

	m->contender->harmless_end(m->self);
	come(s);
	while (!load(&s->stopped))
		sched_yield();
	linger(50);
	s->pair[m->index].a = 1;
	m->contender->harmless_now(m->self);
}

static void role_patient(struct member *m)
{
	struct stage *s = m->arg;

	m->contender->harmless_end(m->self);
	while (load(&s->come) < 3)
		sched_yield();
	__atomic_store_n(&s->stopped, 1, __ATOMIC_RELAXED);
	m->contender->isolate(m->self);
	for (unsigned i = 0; i < 3; i++)
		if (!s->pair[i].a)
			saw(s, "isolated while another thread runs");
	m->contender->release(m->self);
	m->contender->harmless_now(m->self);
}

static const char *waited_for(const struct contender *c)
{
	static struct stage s;
	const struct team teams[] = {
		{3, role_runner, &s, CREW_ANY_CPU},
		{1, role_patient, &s, CREW_ANY_CPU},
	};

	return play(c, &s, teams, COUNT_OF(teams));
}

/* --------------------------------------------------------------- held until release */

/* ready is written while somebody is isolated, and before they come. */
static void role_latecomer(struct member *m)
{
	struct stage *s = m->arg;

	while (!load(&s->stopped))
		sched_yield();
	come(s);
	m->contender->harmless_end(m->self);
	if (!s->ready)
		saw(s, "a thread ran before the release");
	m->contender->harmless_now(m->self);
}

static void role_holder(struct member *m)
{
	struct stage *s = m->arg;

	m->contender->harmless_end(m->self);
	m->contender->isolate(m->self);
	__atomic_store_n(&s->stopped, 1, __ATOMIC_RELAXED);
	while (load(&s->come) < 3)
		sched_yield();
	linger(200);
	s->ready = 1;
	m->contender->release(m->self);
	m->contender->harmless_now(m->self);
}

static const char *held(const struct contender *c)
{
	static struct stage s;
	const struct team teams[] = {
		{3, role_latecomer, &s, CREW_ANY_CPU},
		{1, role_holder, &s, CREW_ANY_CPU},
	};

	return play(c, &s, teams, COUNT_OF(teams));
}

/* ------------------------------------------------------- a checkpoint is a harmless one */

/* Never harmless but at its checkpoints, which the isolated thread counts on. */
static void role_checker(struct member *m)
{
	struct stage *s = m->arg;
	struct pair *p = &s->pair[m->index];

	m->contender->harmless_end(m->self);
	come(s);
	while (!load(&s->stopped)) {
		p->a++;
		linger(p->a % 2);
		p->b++;
		m->contender->checkpoint(m->self);
	}
	m->contender->harmless_now(m->self);
}

static void role_stopper(struct member *m)
{
	struct stage *s = m->arg;

	while (load(&s->come) < 4)
		sched_yield();
	role_reader(m);
	__atomic_store_n(&s->stopped, 1, __ATOMIC_RELAXED);
}

static const char *checkpoint(const struct contender *c)
{
	static struct stage s = {.turns = 50};
	const struct team teams[] = {
		{4, role_checker, &s, CREW_ANY_CPU},
		{1, role_stopper, &s, CREW_ANY_CPU},
	};

	return play(c, &s, teams, COUNT_OF(teams));
}

const struct property properties[] = {
	{"exclusion, under torture", exclusion, false},
	{"what was done before is seen, in both directions", ordering, false},
	{"isolators exclude each other", isolators, false},
	{"a running thread is waited for", waited_for, false},
	{"a thread that wants to run is held until the release", held, false},
	{"a checkpoint lets others isolate, and holds", checkpoint, false},
	{"a harmless thread is not waited for", not_waited_for, true},
	{"all isolators get through, more threads than CPUs", completion, true},
};

const unsigned n_properties = COUNT_OF(properties);
