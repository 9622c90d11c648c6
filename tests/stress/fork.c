/* SPDX-License-Identifier: MIT */
/*
 * fork() by a member in every state, whatever the others are doing: they vanish in
 * the middle of it.  The child has to work at once and for good.
 */
#include "birth.h"
#include "calls.h"
#include "canary.h"
#include "ops.h"
#include "perturb.h"
#include "scenarios.h"
#include "state.h"
#include "watch.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum state {
	RUNNING,
	HARMLESS,
	ISOLATED,
	WANTING,   /* a sync-point is pending */
	PROTECTED, /* in the protected area */
	MEETING,   /* between the barriers of somebody else's, if there is one */
	KEEPING,   /* it keeps another thread */
	ABSENT,    /* no member */
	STATES,
};

static void assume(struct worker *w, enum state *state)
{
	switch (*state) {
	case HARMLESS:
		call_now(w);
		break;
	case ISOLATED:
		call_isolate(w);
		break;
	case PROTECTED:
		call_sync_want(w);
		must(call_sync_enter(w), "thread %u was not served", w->index);
		break;
	case MEETING:
		if (call_sync_enter(w))
			*state = PROTECTED; /* it had asked for one before */
		break;
	case WANTING:
		call_sync_want(w);
		break;
	case KEEPING:
		if (!call_keep_try(w, rng_below(&w->rng, crew.plan.threads)))
			*state = RUNNING;
		break;
	case ABSENT:
		call_unregister(w);
		break;
	default:
		canary_read(w);
	}
}

/* On from there, in the parent and in the child. */
static void resume(struct worker *w, enum state state)
{
	switch (state) {
	case HARMLESS:
		call_end(w);
		break;
	case ISOLATED:
		canary_write(w);
		call_release(w);
		break;
	case PROTECTED:
	case MEETING:
		call_sync_exit(w, state == PROTECTED);
		break;
	case KEEPING:
		call_let_go(w);
		break;
	case ABSENT:
		call_register(w);
		break;
	default:
		break;
	}
	canary_read(w);
}

/* ---------------------------------------------------------------------- the child */

/* Alone, so nothing can be refused. */
static void work_alone(struct worker *w)
{
	unsigned before = 0;

	must(call_isolate_try(w), "alone in the child: rdv_isolate_try refused");
	call_release(w);
	call_now(w);
	must(call_end_try(w), "alone in the child: rdv_harmless_end_try refused");
	op_isolate(w);
	if (crew.plan.sync) {
		call_sync_want(w);
		must(call_sync_enter(w), "alone in the child: not served");
		call_sync_exit(w, true);
	}
	must(!rdv_sync_pending(crew.domain), "alone in the child: still pending");
	call_checkpoint(w); /* it may owe an answer */
	state_check_rest(crew.domain, 1, 1);
	while (before++ < 4)
		op_random(w);
}

static void work_together(struct worker *w)
{
	unsigned first = crew.plan.threads;
	struct worker *g = &crew.worker[first];

	guest_birth(&g[0], first);
	guest_birth(&g[1], first + 1);
	for (unsigned n = 0; n < 6; n++)
		op_random(w);
	guest_death(w, &g[0]);
	guest_death(w, &g[1]);
	while (rdv_sync_pending(crew.domain))
		op_meet(w);
	call_checkpoint(w);
	state_check_rest(crew.domain, 1, 1);
}

static noreturn void child(struct worker *w, enum state state)
{
	int ret;

	/* ThreadSanitizer ignores all that the child does, and may hang in it: another thread
	 * may have had a lock of it */
	if (STRESS_TSAN)
		_exit(0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	crew_fork(w);
	if (state == HARMLESS || state == ABSENT)
		canary_reset(); /* somebody may have been writing it */
	crew.plan.ops = ops_mixed;
	watch_start();
	worker_poller(w);
	resume(w, state);
	work_alone(w);
	work_together(w);
	call_unregister(w);
	state_check_rest(crew.domain, 0, 0);
	ret = rdv_domain_destroy(crew.domain);
	must(!ret, "in the child: rdv_domain_destroy: %d", ret);
	_exit(0);
}

/* --------------------------------------------------------------------- the parent */

static struct {
	pid_t pid;
	int status;
} children[CREW_MAX];

/* The child has a watchdog of its own. */
static bool has_ended(void *worker)
{
	struct worker *w = worker;

	poke(&w->progress, peek(&w->progress) + 1);
	return waitpid(children[w->index].pid, &children[w->index].status, WNOHANG) ==
	       children[w->index].pid;
}

static void op_fork(struct worker *w)
{
	enum state state = (enum state)rng_below(&w->rng, STATES);
	pid_t pid;

	if (!crew.plan.sync && (state == WANTING || state == PROTECTED))
		state = RUNNING;
	assume(w, &state);
	poke(&w->doing, "fork");
	pid = fork();
	must(pid >= 0, "fork: %s", strerror(errno));
	if (!pid)
		child(w, state);
	count(&outcome->forks);
	children[w->index].pid = pid;
	resume(w, state);
	worker_wait(w, has_ended, w);
	must(!children[w->index].status,
	     "the child of thread %u, state %d, ended with %x", w->index, state,
	     (unsigned)children[w->index].status);
}

static const struct op ops_fork[] = {
	{op_fork, 40},        {op_look, 50},
	{op_replace, 50},     {op_own, 30},
	{op_keep, 50},        {op_each, 10},
	{op_pair, 100},       {op_checkpoint, 50},
	{op_isolate, 80},     {op_isolate_until, 50},
	{op_till_end, 20},    {op_sync, 30},
	{op_isolate_try, 30}, {op_compute, 20},
	{op_rejoin, 20},      {NULL, 0},
};

void scenario_fork(void)
{
	crew_work(ops_fork, 20, NULL);
}
