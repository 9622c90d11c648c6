/* SPDX-License-Identifier: MIT */
#include "ops.h"
#include "calls.h"
#include "canary.h"
#include "domain.h"
#include "perturb.h"

#include <errno.h>
#include <time.h>

enum { TURNS_MAX = 5000, SPRINT = 2000 };

static void sleep_us(unsigned us)
{
	nanosleep(&(struct timespec){0, (long)us * 1000}, NULL);
}

/* What a thread does while it is harmless. */
static void rest(struct worker *w)
{
	switch (rng_below(&w->rng, 4)) {
	case 0:
		sleep_us(rng_below(&w->rng, 200));
		break;
	case 1:
		perturb_spin(rng_below(&w->rng, TURNS_MAX));
		break;
	default:
		perturb_here();
	}
}

/* ------------------------------------------------------------------ while running */

void op_compute(struct worker *w)
{
	canary_read(w);
	perturb_spin(rng_below(&w->rng, TURNS_MAX));
	canary_read(w);
}

void op_checkpoint(struct worker *w)
{
	for (unsigned i = rng_below(&w->rng, 8); i; i--) {
		canary_read(w);
		call_checkpoint(w);
	}
}

/* ----------------------------------------------------------------------- harmless */

void op_pair(struct worker *w)
{
	call_now(w);
	if (rng_chance(&w->rng, 50))
		call_now(w); /* changes nothing */
	rest(w);
	call_end(w);
	canary_read(w);
}

void op_pair_try(struct worker *w)
{
	call_now(w);
	rest(w);
	if (!call_end_try(w))
		call_end(w);
	canary_read(w);
}

void op_pair_until(struct worker *w)
{
	struct timespec deadline;

	call_now(w);
	rest(w);
	while (!call_end_until(w, deadline_random(&w->rng, &deadline)))
		rest(w);
	canary_read(w);
}

void op_till_end(struct worker *w)
{
	if (rng_below(&w->rng, 2))
		call_now(w);
	call_till_end(w);
	rest(w);
	call_end(w);
	canary_read(w);
}

/*
 * Nothing but the inline functions and a look at the canary: what the processor
 * reorders shows within nanoseconds or not at all.  The store to a line that others
 * write too is there to delay the one of rdv_harmless_end() in the store buffer.
 */
static struct {
	_Alignas(128) unsigned word;
} noise;

void op_sprint(struct worker *w)
{
	for (unsigned i = 0; i < SPRINT; i++) {
		canary_running(w, 0);
		rdv_harmless_now(w->self);
		poke(&noise.word, i);
		rdv_harmless_end(w->self);
		canary_running(w, 1);
		canary_glance(w);
	}
}

void op_poll(struct worker *w)
{
	worker_poll(w, (int)rng_below(&w->rng, 3));
}

void op_block(struct worker *w)
{
	call_blocking(w);
	canary_read(w);
}

void op_mutex(struct worker *w)
{
	unsigned others;

	if (crew.signals)
		return;
	call_mutex_lock(w);
	others = crew.locked++;
	perturb_here();
	canary_read(w);
	must(!others && crew.locked == 1, "thread %u: %u others have the mutex", w->index,
	     others);
	crew.locked--;
	pthread_mutex_unlock(&crew.mutex);
}

/* ---------------------------------------------------------------------- isolated */

/* What is legal in an isolated section, most of it without effect. */
static void section(struct worker *w)
{
	struct timespec deadline;

	for (unsigned i = rng_below(&w->rng, 4); i; i--) {
		switch (rng_below(&w->rng, 10)) {
		case 0:
			call_now(w);
			rest(w);
			call_end(w);
			break;
		case 1:
			call_checkpoint(w);
			break;
		case 2:
			call_till_end(w);
			break;
		case 3:
			call_isolate(w);
			call_release(w);
			break;
		case 4:
			call_isolate_try(w);
			call_isolate_until(w, deadline_random(&w->rng, &deadline));
			call_release(w);
			call_release(w);
			break;
		case 5:
			op_block(w);
			break;
		case 6:
			op_mutex(w);
			break;
		case 7:
			op_replace(w);
			break;
		case 8:
			op_each(w);
			break;
		default:
			rest(w);
		}
	}
	call_release(w);
	canary_read(w);
}

void op_isolate(struct worker *w)
{
	call_isolate(w);
	if (sabotage)
		call_release(w);
	else
		section(w);
}

void op_isolate_try(struct worker *w)
{
	for (unsigned i = 1 + rng_below(&w->rng, 3); i; i--) {
		if (call_isolate_try(w))
			section(w);
		canary_read(w);
	}
}

void op_isolate_until(struct worker *w)
{
	struct timespec deadline;

	if (call_isolate_until(w, deadline_random(&w->rng, &deadline)))
		section(w);
	canary_read(w);
}

void op_isolate_sprint(struct worker *w)
{
	for (unsigned i = 0; i < SPRINT / 10; i++) {
		perturb_spin(rng_below(&w->rng, SPRINT));
		canary_running(w, 0);
		poke(&noise.word, i);
		rdv_isolate(w->self);
		section_begin(w);
		section_end(w);
		rdv_release(w->self);
		canary_running(w, 1);
	}
}

/* By a harmless thread: a try must fail, the others end its harmlessness. */
void op_isolate_harmless(struct worker *w)
{
	struct timespec deadline;

	call_now(w);
	rest(w);
	if (rng_below(&w->rng, 2))
		call_isolate_try(w);
	if (rng_below(&w->rng, 2))
		call_isolate(w);
	else if (!call_isolate_until(w, deadline_random(&w->rng, &deadline)))
		return;
	section(w);
}

void op_malformed(struct worker *w)
{
	const struct timespec deadline = {
		rng_below(&w->rng, 2) ? -1 : 1,
		rng_below(&w->rng, 2) ? -1 : 1000000000,
	};
	int ret = rdv_isolate_until(w->self, &deadline);

	must(ret == -EINVAL, "rdv_isolate_until, malformed deadline: %d", ret);
	check_running(w, "rdv_isolate_until, malformed deadline");
	call_now(w);
	ret = rdv_harmless_end_until(w->self, &deadline);
	must(ret == -EINVAL, "rdv_harmless_end_until, malformed deadline: %d", ret);
	check_harmless(w, "rdv_harmless_end_until, malformed deadline");
	call_end(w);
}

/* ------------------------------------------------ the sync-point; coming and going */

void op_meet(struct worker *w)
{
	bool protected_area = call_sync_enter(w);

	if (protected_area) {
		if (rng_chance(&w->rng, 200))
			op_isolate(w);
		if (rng_chance(&w->rng, 50)) {
			__atomic_fetch_sub(&crew.serving, 1, __ATOMIC_SEQ_CST);
			op_rejoin(w);
			return;
		}
	} else {
		canary_read(w);
		/* for the next one; there must not be one for ever */
		if (!w->finished && !rng_below(&w->rng, 10 * crew.plan.threads))
			call_sync_want(w);
	}
	poke(&w->progress, peek(&w->progress) + 1);
	call_sync_exit(w, protected_area);
	canary_read(w);
}

void op_sync(struct worker *w)
{
	if (!crew.plan.sync)
		return;
	call_sync_want(w);
	if (rng_chance(&w->rng, 100))
		call_sync_want(w);
	if (rng_chance(&w->rng, 300))
		worker_poll(w, 1);
	else if (rng_chance(&w->rng, 300))
		op_meet(w);
	/* or later */
}

/* Leaves, in one state or another, and comes back. */
void op_rejoin(struct worker *w)
{
	switch (rng_below(&w->rng, 4)) {
	case 0:
		call_now(w);
		break;
	case 1:
		call_isolate(w);
		if (rng_below(&w->rng, 2))
			call_isolate(w);
		section_end(w);
		break;
	case 2:
		if (crew.plan.sync)
			call_sync_want(w);
		break;
	default:
		break;
	}
	call_unregister(w);
	rest(w);
	call_register(w);
	canary_read(w);
}

/* ------------------------------------------------------------------------- mixes */

const struct op ops_mixed[] = {
	{op_compute, 40},
	{op_look, 100},
	{op_replace, 100},
	{op_own, 60},
	{op_keep, 60},
	{op_each, 15},
	{op_pair, 100},
	{op_pair_try, 40},
	{op_till_end, 40},
	{op_pair_until, 40},
	{op_checkpoint, 60},
	{op_poll, 30},
	{op_isolate, 80},
	{op_isolate_try, 40},
	{op_malformed, 2},
	{op_isolate_until, 60},
	{op_isolate_harmless, 40},
	{op_block, 30},
	{op_mutex, 30},
	{op_sync, 25},
	{op_rejoin, 25},
	{NULL, 0},
};

const struct op ops_deadlines[] = {
	{op_compute, 20},
	{op_look, 50},
	{op_replace, 50},
	{op_own, 30},
	{op_keep, 50},
	{op_pair_until, 100},
	{op_pair_try, 40},
	{op_isolate, 15},
	{op_isolate_until, 150},
	{op_isolate_try, 50},
	{op_isolate_harmless, 50},
	{op_malformed, 10},
	{op_rejoin, 3},
	{NULL, 0},
};

const struct op ops_crowd[] = {
	{op_compute, 30}, {op_look, 30},       {op_replace, 3},     {op_own, 30},
	{op_keep, 3},     {op_pair, 100},      {op_pair_until, 10}, {op_checkpoint, 50},
	{op_isolate, 3},  {op_isolate_try, 3}, {op_sync, 1},        {op_isolate_until, 3},
	{op_rejoin, 3},   {NULL, 0},
};

const struct op ops_duel[] = {
	{op_isolate, 40},
	{op_look, 30},
	{op_replace, 30},
	{op_own, 30},
	{op_keep, 40},
	{op_each, 10},
	{op_isolate_try, 30},
	{op_isolate_until, 20},
	{op_isolate_harmless, 20},
	{op_pair, 10},
	{op_pair_try, 40},
	{op_pair_until, 20},
	{op_checkpoint, 10},
	{op_till_end, 10},
	{op_rejoin, 2},
	{NULL, 0},
};

const struct op ops_sprint[] = {
	{op_sprint, 30},
	{op_isolate_sprint, 30},
	{op_pair, 1},
	{NULL, 0},
};

const struct op ops_control[] = {
	{op_look, 20},    {op_replace, 20}, {op_own, 20},     {op_keep, 20},
	{op_compute, 20}, {op_pair, 10},    {op_isolate, 20}, {NULL, 0},
};

/*
 * Looks for a sync-point first, as a thread's loop does.  A thread may be late for
 * one, but it comes.
 */
void op_random(struct worker *w)
{
	const struct op *op;
	unsigned sum = 0, dice;

	if (crew.plan.sync && rdv_sync_pending(crew.domain) && rng_chance(&w->rng, 700))
		op_meet(w);
	for (op = crew.plan.ops; op->run; op++)
		sum += op->weight;
	dice = rng_below(&w->rng, sum);
	for (op = crew.plan.ops; dice >= op->weight; op++)
		dice -= op->weight;
	op->run(w);
	poke(&w->progress, peek(&w->progress) + 1);
}
