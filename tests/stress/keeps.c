/* SPDX-License-Identifier: MIT */
#include "keeps.h"
#include "calls.h"
#include "ops.h"
#include "perturb.h"

#include <errno.h>

/* For each member of the largest domain. */
enum { PLACES = 2 * CREW_MAX + 101 };

static struct place {
	_Alignas(128) volatile unsigned running;
	volatile unsigned long word;
} place[PLACES];

bool keeps_running(const struct worker *w, unsigned running)
{
	struct place *p;

	if (!w->self)
		return false;
	p = &place[rdv_thread_id(w->self)];
	if (plain_get(&p->running) == running)
		return false;
	plain_set(&p->running, running);
	if (crew.signals)
		perturb_here(); /* a handler may come here */
	return true;
}

/* A handler leaves a busy thread running, so nobody else is isolated or keeps it. */
static void change(struct worker *w, struct place *p, const char *who)
{
	unsigned long word;

	w->busy = 1;
	word = plain_get(&p->word);
	plain_set(&p->word, word + 1);
	perturb_here();
	perturb_spin(rng_below(&w->rng, 500));
	must(plain_get(&p->word) == word + 1,
	     "thread %u: another one changed the words of %s", w->index, who);
	w->busy = 0;
}

/* With the thread kept, or while alone. */
static void look(struct worker *w, unsigned id)
{
	struct place *p = &place[id];

	must(!plain_get(&p->running), "thread %u keeps id %u, which runs", w->index, id);
	change(w, p, "the one that it keeps");
	must(!plain_get(&p->running), "thread %u keeps id %u, which has begun to run",
	     w->index, id);
	count(&outcome->kept);
}

static void look_at(unsigned id, void *worker)
{
	struct worker *w = worker;
	bool alone = rdv_isolated(w->self);

	check_running(w, "rdv_for_each, in its function,");
	if (!alone)
		keeping_each(w, true);
	look(w, id);
	if (!alone)
		keeping_each(w, false);
}

/* What is legal while it keeps one. */
static void go_on(struct worker *w)
{
	switch (rng_below(&w->rng, 6)) {
	case 0:
		op_pair(w);
		break;
	case 1:
		call_checkpoint(w);
		break;
	case 2:
		call_synchronize(w);
		break;
	case 3:
		call_isolate(w);
		call_release(w);
		break;
	default:
		perturb_here();
	}
}

static bool keep(struct worker *w, unsigned id)
{
	struct timespec deadline;

	if (sabotage == SABOTAGE_KEEP)
		return id != rdv_thread_id(w->self);
	switch (rng_below(&w->rng, 3)) {
	case 0:
		return call_keep(w, id);
	case 1:
		return call_keep_try(w, id);
	default:
		return call_keep_until(w, id, deadline_random(&w->rng, &deadline));
	}
}

/* Ids are given from 0 on, so most of these are members. */
void op_keep(struct worker *w)
{
	const unsigned id = rng_below(&w->rng, crew.plan.threads + 1);

	if (!keep(w, id))
		return;
	look(w, id);
	if (sabotage != SABOTAGE_KEEP) {
		go_on(w);
		look(w, id);
		call_let_go(w);
	}
}

/* Also by an isolated thread. */
void op_each(struct worker *w)
{
	if (!sabotage)
		call_for_each(w, look_at);
}

void op_own(struct worker *w)
{
	change(w, &place[rdv_thread_id(w->self)], "this one");
}

void keeps_open(void)
{
	for (unsigned i = 0; i < PLACES; i++)
		place[i].running = 0;
}

void keeps_fork(const struct worker *survivor)
{
	const unsigned running = survivor->running;

	keeps_open();
	keeps_running(survivor, running);
}
