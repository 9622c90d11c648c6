/* SPDX-License-Identifier: MIT */
/*
 * The canary is a pair of plain integers.  An isolated thread makes them unequal and,
 * after a while, equal again.  A running thread reads them twice in a section, and a
 * plain flag of its own says that it is in one.  If exclusion holds, no thread ever sees
 * the pair unequal or changed within a section, an isolated thread sees no flag, and no
 * increment is lost.  Sometimes a section yields the CPU in its middle, so one CPU is
 * enough to see a contender fail.
 */
#include "torture.h"
#include "crew.h"
#include "measure.h"
#include "settings.h"

#include <sched.h>
#include <string.h>

#define MAX_TORTURED 64

struct canary {
	volatile uint64_t first, second; /* equal, but for the isolated thread */
	volatile uint64_t inside;        /* isolated threads */
	struct flag {
		_Alignas(128) volatile unsigned running;
	} flag[MAX_TORTURED];
	unsigned members;
	uint64_t violations; /* atomic: it must work also if the contender does not */
};

static void violated(struct canary *canary)
{
	__atomic_fetch_add(&canary->violations, 1, __ATOMIC_RELAXED);
}

/* Some time in the middle of a section; n makes it vary. */
static void dwell(uint64_t n)
{
	work(n % 61);
	if (n % 16 == 0)
		sched_yield();
}

static void look(struct canary *canary, unsigned id, uint64_t n)
{
	uint64_t before;

	canary->flag[id].running = 1;
	before = canary->first;
	if (canary->second != before)
		violated(canary);
	dwell(n);
	if (canary->first != before || canary->second != before)
		violated(canary);
	canary->flag[id].running = 0;
}

static void anybody_running(struct canary *canary)
{
	for (unsigned i = 0; i < canary->members; i++)
		if (canary->flag[i].running)
			violated(canary);
}

static void be_alone(struct canary *canary, uint64_t n)
{
	uint64_t next = canary->first + 1;

	if (canary->inside++)
		violated(canary);
	anybody_running(canary);
	canary->first = next;
	dwell(n);
	canary->second = next;
	anybody_running(canary);
	canary->inside--;
}

static void role_runner(struct member *m)
{
	const struct contender *c = m->contender;
	struct canary *canary = m->arg;

	c->harmless_end(m->self);
	for (uint64_t n = 1; !crew_stopping(m->crew); n++) {
		look(canary, m->index, n);
		member_progress(m);
		if (n % 4) {
			c->checkpoint(m->self);
			continue;
		}
		c->harmless_now(m->self);
		if (n % 256 == 0)
			sleep_ns(50000);
		c->harmless_end(m->self);
	}
	c->harmless_now(m->self);
}

/* The flag of an isolator comes after those of the runners. */
static void role_isolator(struct member *m)
{
	const struct contender *c = m->contender;
	struct canary *canary = m->arg;
	const unsigned id = canary->members - 1 - m->index;

	c->harmless_end(m->self);
	for (uint64_t n = 1; !crew_stopping(m->crew); n++) {
		look(canary, id, n);
		c->isolate(m->self);
		be_alone(canary, n);
		member_progress(m);
		c->release(m->self);
		if (n % 8 == 0) {
			c->harmless_now(m->self);
			sleep_ns(50000);
			c->harmless_end(m->self);
		}
	}
	c->harmless_now(m->self);
}

double torture_ms(void)
{
	return quick_or_full(200, 1000);
}

struct tortured {
	struct canary *canary;
	struct torture_result *result;
	unsigned runners, isolators;
};

/*
 * Waits until both teams have done something: on a busy machine the time may be too
 * short.
 */
static void for_a_while(struct crew *crew, void *arg)
{
	const struct tortured *t = arg;

	do
		sleep_ns((uint64_t)(torture_ms() * NS_PER_MS));
	while (!crew_progress(crew, 0, t->runners) ||
	       !crew_progress(crew, t->runners, t->isolators));
	crew_stop(crew);
	crew_wait(crew, 0, crew->size);
	*t->result = (struct torture_result){
		.threads = crew->size,
		.isolations = crew_progress(crew, t->runners, t->isolators),
		.sections = crew_progress(crew, 0, t->runners),
		.violations = t->canary->violations,
	};
	if (t->result->isolations != t->canary->first)
		t->result->violations++;
}

int torture(const struct contender *c, struct torture_result *result)
{
	const unsigned cpus = cpu_count();
	static struct canary canary;
	struct tortured t = {
		.canary = &canary,
		.result = result,
		.runners = cpus > 14 ? 44 : 2 + 3 * cpus,
		.isolators = 2 + (cpus > 14 ? 14 : cpus),
	};
	const struct team teams[] = {
		{t.runners, role_runner, &canary, CREW_ANY_CPU},
		{t.isolators, role_isolator, &canary, CREW_ANY_CPU},
	};

	memset(&canary, 0, sizeof(canary));
	canary.members = t.runners + t.isolators;
	return crew_play(c, teams, 2, for_a_while, &t);
}
