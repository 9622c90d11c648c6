/* SPDX-License-Identifier: MIT */
#include "birth.h"
#include "calls.h"
#include "canary.h"
#include "ops.h"
#include "scenarios.h"

#include <poll.h>

static bool is_gone(void *guest)
{
	return __atomic_load_n(&((struct worker *)guest)->gone, __ATOMIC_ACQUIRE);
}

/* Its last steps in this program; the library sees it exit after that. */
static void depart(void *guest)
{
	struct worker *g = guest;

	worker_end(g);
	__atomic_store_n(&g->gone, true, __ATOMIC_RELEASE);
}

/*
 * To be cancelled in its poller, harmless: the one place where that may happen.
 * ThreadSanitizer would believe for ever that the thread is in poll().
 */
static void die_in_poller(struct worker *g)
{
	int old;

	call_now(g);
	if (STRESS_TSAN)
		return;
	pthread_cancel(pthread_self());
	pthread_cleanup_push(depart, g);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
	poll(NULL, 0, -1);
	pthread_cleanup_pop(0);
	fail("thread %u survived", g->index);
}

static void die_isolated(struct worker *g)
{
	call_isolate(g);
	if (rng_below(&g->rng, 2))
		call_isolate(g);
	section_end(g);
}

static void die_protected(struct worker *g)
{
	call_sync_want(g);
	must(call_sync_enter(g), "thread %u was not served", g->index);
	__atomic_fetch_sub(&crew.serving, 1, __ATOMIC_SEQ_CST);
}

/* What it is doing when it dies. */
static void die(struct worker *g)
{
	switch (rng_below(&g->rng, crew.plan.sync ? 7 : 5)) {
	case 0:
		break; /* it runs */
	case 1:
		call_now(g);
		break;
	case 2:
		call_unregister(g);
		break;
	case 3:
		die_isolated(g);
		break;
	case 4:
		die_in_poller(g);
		break;
	case 5:
		call_sync_want(g);
		break;
	default:
		die_protected(g);
	}
}

static void *live(void *guest)
{
	struct worker *g = guest;
	unsigned n;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &(int){0});
	worker_begin(g, g->index);
	call_register(g);
	for (n = rng_below(&g->rng, 4); n; n--)
		op_random(g);
	die(g);
	n = rng_below(&g->rng, 2);
	depart(g);
	if (n)
		pthread_exit(NULL);
	return NULL;
}

void guest_birth(struct worker *guest, unsigned index)
{
	guest->index = index;
	guest->gone = false;
	guest->thread = worker_spawn(live, guest);
	count(&outcome->births);
}

void guest_death(struct worker *w, struct worker *guest)
{
	worker_wait(w, is_gone, guest);
	call_now(w);
	pthread_join(guest->thread, NULL);
	call_end(w);
}

void op_guest(struct worker *w)
{
	unsigned index = w->index + crew.plan.threads;

	if (index >= crew.slots)
		return;
	guest_birth(&crew.worker[index], index);
	if (rng_below(&w->rng, 2))
		op_isolate(w);
	guest_death(w, &crew.worker[index]);
}

static const struct op ops_birth[] = {
	{op_guest, 100},        {op_look, 50},       {op_replace, 50},
	{op_own, 30},           {op_keep, 50},       {op_each, 20},
	{op_pair, 30},          {op_checkpoint, 30}, {op_isolate, 30},
	{op_isolate_until, 20}, {op_till_end, 10},   {op_rejoin, 50},
	{op_isolate_try, 10},   {op_sync, 15},       {NULL, 0},
};

void scenario_birth(void)
{
	crew_work(ops_birth, 10, NULL);
}
