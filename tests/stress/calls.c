/* SPDX-License-Identifier: MIT */
#include "calls.h"
#include "canary.h"
#include "domain.h"
#include "perturb.h"
#include "slow-motion.h"

#include <errno.h>
#include <rdv/blocking.h>

/*
 * The call has a name for the watchdog, and a point before and after.  That errno
 * is kept is promised for each, so it is checked for each.
 */
#define CALL(w, name, statement)                                                       \
	do {                                                                           \
		int number = (int)rng_below(&(w)->rng, 100);                           \
		poke(&(w)->doing, name);                                               \
		perturb_here();                                                        \
		errno = number;                                                        \
		statement;                                                             \
		must(errno == number, "thread %u: %s changed errno to %d", (w)->index, \
		     name, errno);                                                     \
		perturb_here();                                                        \
		poke(&(w)->doing, "its own work");                                     \
	} while (0)

/* --------------------------------------------------------------------- promises */

static bool bit_is_set(const struct worker *w)
{
	const struct rdv_member *m = rdv_member_of(w->self);

	return peek(&m->domain->harmless[m->word]) & m->bit;
}

/* Nobody else changes the words of a running thread: it can be strict. */
void check_running(const struct worker *w, const char *after)
{
	unsigned state = peek(&w->self->state), parked = peek(&w->self->parked);

	must(state == RDV_STATE_RUNNING && !parked && !bit_is_set(w),
	     "thread %u: after %s it runs, in state %u with bit %d, parked %u", w->index,
	     after, state, bit_is_set(w), parked);
}

void check_harmless(const struct worker *w, const char *after)
{
	unsigned state = peek(&w->self->state);

	must(state & RDV_STATE_HARMLESS,
	     "thread %u: after %s it is in state %u, not harmless", w->index, after,
	     state);
}

static void stops_running(struct worker *w)
{
	canary_running(w, 0);
}

/* For calls that do not, unless a handler that interrupts them lets others come. */
static void may_stop_running(struct worker *w)
{
	if (crew.signals)
		stops_running(w);
}

static void runs_after(struct worker *w, const char *call)
{
	check_running(w, call);
	canary_running(w, 1);
	w->mode = MODE_RUNNING;
}

/* ------------------------------------------------------------------- membership */

void call_register(struct worker *w)
{
	rdv_thread *again;
	int ret;

	w->mode = MODE_RUNNING;
	do { /* the ids of threads that have left may all be kept still */
		CALL(w, "rdv_thread_register",
		     ret = rdv_thread_register(crew.domain, "crew", &w->self));
	} while (ret == -ENOSPC);
	must(!ret, "thread %u: rdv_thread_register: %d", w->index, ret);
	runs_after(w, "rdv_thread_register");
	must(rdv_thread_self(crew.domain) == w->self, "rdv_thread_self is somebody else");
	if (rng_chance(&w->rng, 50)) {
		ret = rdv_thread_register(crew.domain, NULL, &again);
		must(ret == -EEXIST, "registered twice: %d", ret);
	}
}

void call_unregister(struct worker *w)
{
	stops_running(w);
	CALL(w, "rdv_thread_unregister", rdv_thread_unregister(w->self));
	w->mode = MODE_OUT;
	w->self = NULL;
	must(!rdv_thread_self(crew.domain), "rdv_thread_self after unregister");
}

/* --------------------------------------------------------------------- harmless */

void call_now(struct worker *w)
{
	if (rdv_isolated(w->self)) {
		CALL(w, "rdv_harmless_now, isolated", rdv_harmless_now(w->self));
		check_running(w, "rdv_harmless_now, isolated");
		return;
	}
	stops_running(w);
	w->mode = MODE_HARMLESS;
	if (rng_below(&w->rng, 2))
		CALL(w, "rdv_harmless_now", rdv_harmless_now(w->self));
	else
		CALL(w, "rdv_harmless_now", slow_motion_now(w->self));
	check_harmless(w, "rdv_harmless_now");
}

void call_end(struct worker *w)
{
	if (rdv_isolated(w->self)) {
		CALL(w, "rdv_harmless_end, isolated", rdv_harmless_end(w->self));
		check_running(w, "rdv_harmless_end, isolated");
		return;
	}
	w->mode = MODE_ENDING;
	if (rng_below(&w->rng, 2))
		CALL(w, "rdv_harmless_end", rdv_harmless_end(w->self));
	else
		CALL(w, "rdv_harmless_end", slow_motion_end(w->self));
	runs_after(w, "rdv_harmless_end");
}

void call_till_end(struct worker *w)
{
	if (!rdv_isolated(w->self)) {
		stops_running(w);
		w->mode = MODE_HARMLESS;
	}
	CALL(w, "rdv_harmless_till_end", rdv_harmless_till_end(w->self));
	if (rdv_isolated(w->self))
		check_running(w, "rdv_harmless_till_end, isolated");
	else
		check_harmless(w, "rdv_harmless_till_end");
}

static bool ended(struct worker *w, int ret, int refused, const char *call)
{
	must(!ret || ret == refused, "thread %u: %s: %d", w->index, call, ret);
	if (!ret)
		runs_after(w, call);
	else
		check_harmless(w, call);
	return !ret;
}

bool call_end_try(struct worker *w)
{
	int ret;

	CALL(w, "rdv_harmless_end_try", ret = rdv_harmless_end_try(w->self));
	return ended(w, ret, -EBUSY, "rdv_harmless_end_try");
}

bool call_end_until(struct worker *w, const struct timespec *deadline)
{
	int ret;

	CALL(w, "rdv_harmless_end_until",
	     ret = rdv_harmless_end_until(w->self, deadline));
	return ended(w, ret, deadline ? -ETIMEDOUT : 0, "rdv_harmless_end_until");
}

void call_checkpoint(struct worker *w)
{
	bool isolated = rdv_isolated(w->self), held;

	if (!isolated)
		stops_running(w);
	if (rng_below(&w->rng, 2))
		CALL(w, "rdv_checkpoint", held = rdv_checkpoint(w->self));
	else
		CALL(w, "rdv_checkpoint", held = slow_motion_checkpoint(w->self));
	must(!held || !isolated, "thread %u was held while isolated", w->index);
	if (!isolated)
		runs_after(w, "rdv_checkpoint");
}

/* ---------------------------------------------------------------- blocking calls */

static void block(struct worker *w)
{
	const struct timespec moment = {0, (long)rng_below(&w->rng, 100000)};
	struct epoll_event event;

	switch (rng_below(&w->rng, 4)) {
	case 0:
		rdv_epoll_wait(w->self, w->epfd, &event, 1, (int)rng_below(&w->rng, 2));
		break;
	case 1:
		rdv_poll(w->self, NULL, 0, (int)rng_below(&w->rng, 2));
		break;
	case 2:
		rdv_nanosleep(w->self, &moment, NULL);
		break;
	default:
		RDV_HARMLESS(w->self)
			perturb_here();
	}
}

/* They leave the thread as they found it; errno is that of the call inside. */
void call_blocking(struct worker *w)
{
	poke(&w->doing, "a blocking call");
	if (rdv_isolated(w->self)) {
		block(w);
		check_running(w, "a blocking call, isolated");
	} else {
		stops_running(w);
		w->mode = MODE_HARMLESS;
		block(w);
		runs_after(w, "a blocking call");
	}
	poke(&w->doing, "its own work");
}

/* A lock that is taken while running and while isolated; not for threads that have
 * handlers, as one that is held with the lock is in the isolated thread's way. */
void call_mutex_lock(struct worker *w)
{
	bool isolated = rdv_isolated(w->self);
	int ret;

	if (!isolated)
		stops_running(w);
	CALL(w, "rdv_mutex_lock", ret = rdv_mutex_lock(w->self, &crew.mutex));
	must(!ret, "thread %u: rdv_mutex_lock: %d", w->index, ret);
	if (!isolated)
		runs_after(w, "rdv_mutex_lock");
}

/* -------------------------------------------------------------------- isolation */

void section_begin(struct worker *w)
{
	uint32_t others = __atomic_fetch_add(&crew.isolated, 1, __ATOMIC_SEQ_CST);

	must(!others || sabotage == SABOTAGE_CANARY, "thread %u: %u others are isolated",
	     w->index, others);
	canary_alone(w, "isolated");
	canary_running(w, 1);
	count(&outcome->isolations);
	canary_write(w);
}

void section_end(struct worker *w)
{
	canary_alone(w, "isolated");
	__atomic_fetch_sub(&crew.isolated, 1, __ATOMIC_SEQ_CST);
	stops_running(w);
}

static bool isolated(struct worker *w, int ret, int refused, bool inside,
		     const char *call)
{
	must(!ret || ret == refused, "thread %u: %s: %d", w->index, call, ret);
	must(!inside || !ret, "thread %u: %s inside a section: %d", w->index, call, ret);
	must(rdv_isolated(w->self) == !ret || sabotage,
	     "thread %u: %s: %d, rdv_isolated: %d", w->index, call, ret,
	     rdv_isolated(w->self));
	if (ret) {
		count(&outcome->refusals);
		return false;
	}
	check_running(w, call);
	w->mode = MODE_RUNNING;
	if (!inside)
		section_begin(w);
	return true;
}

void call_isolate(struct worker *w)
{
	bool inside = rdv_isolated(w->self);

	if (!inside)
		stops_running(w);
	w->mode = MODE_RUNNING;
	if (sabotage != SABOTAGE_ISOLATION && sabotage != SABOTAGE_CANARY)
		CALL(w, "rdv_isolate", rdv_isolate(w->self));
	isolated(w, 0, 0, inside, "rdv_isolate");
}

/* It may come from harmless, where it must fail and leave it at that. */
bool call_isolate_try(struct worker *w)
{
	bool inside = rdv_isolated(w->self), harmless = w->mode == MODE_HARMLESS;
	int ret;

	if (!inside)
		may_stop_running(w);
	CALL(w, "rdv_isolate_try", ret = rdv_isolate_try(w->self));
	must(!harmless || ret == -EBUSY, "thread %u: rdv_isolate_try while harmless: %d",
	     w->index, ret);
	if (harmless)
		check_harmless(w, "rdv_isolate_try");
	else if (ret)
		runs_after(w, "rdv_isolate_try");
	return isolated(w, ret, -EBUSY, inside, "rdv_isolate_try");
}

bool call_isolate_until(struct worker *w, const struct timespec *deadline)
{
	bool inside = rdv_isolated(w->self);
	int ret;

	if (!inside)
		stops_running(w);
	w->mode = MODE_RUNNING;
	CALL(w, "rdv_isolate_until", ret = rdv_isolate_until(w->self, deadline));
	if (isolated(w, ret, deadline ? -ETIMEDOUT : 0, inside, "rdv_isolate_until"))
		return true;
	runs_after(w, "rdv_isolate_until");
	return false;
}

void call_release(struct worker *w)
{
	bool last;

	if (sabotage == SABOTAGE_ISOLATION || sabotage == SABOTAGE_CANARY) {
		section_end(w);
		canary_running(w, 1);
		return;
	}
	last = rdv_member_of(w->self)->depth == 1;
	if (last)
		section_end(w);
	CALL(w, "rdv_release", rdv_release(w->self));
	must(rdv_isolated(w->self) == !last, "thread %u: rdv_release: rdv_isolated: %d",
	     w->index, !last);
	runs_after(w, "rdv_release");
}

/* --------------------------------------------------------------- the sync-point */

void call_sync_want(struct worker *w)
{
	const struct rdv_member *m = rdv_member_of(w->self);

	may_stop_running(w);
	CALL(w, "rdv_sync_want", rdv_sync_want(w->self));
	runs_after(w, "rdv_sync_want");
	/* between the barriers rdv_sync_wanted() tells whose turn it is */
	must(rdv_sync_wanted(w->self) == (!m->sync_in || rdv_sync_has_turn(m)) &&
		     rdv_sync_pending(crew.domain),
	     "thread %u: rdv_sync_want was forgotten", w->index);
}

bool call_sync_enter(struct worker *w)
{
	uint32_t others;

	stops_running(w);
	CALL(w, "rdv_sync_enter", rdv_sync_enter(w->self));
	runs_after(w, "rdv_sync_enter");
	if (!rdv_sync_wanted(w->self)) {
		must(!peek(&crew.serving), "thread %u left enter before all were served",
		     w->index);
		return false;
	}
	others = __atomic_fetch_add(&crew.serving, 1, __ATOMIC_SEQ_CST);
	must(!others, "thread %u: %u others are in the protected area", w->index, others);
	w->busy = 1;
	canary_alone(w, "in the protected area");
	canary_write(w);
	canary_alone(w, "in the protected area");
	w->busy = 0;
	count(&outcome->syncs);
	return true;
}

void call_sync_exit(struct worker *w, bool protected_area)
{
	if (protected_area)
		__atomic_fetch_sub(&crew.serving, 1, __ATOMIC_SEQ_CST);
	stops_running(w);
	CALL(w, "rdv_sync_exit", rdv_sync_exit(w->self));
	runs_after(w, "rdv_sync_exit");
}

/* ---------------------------------------------------------------- grace periods */

/* By a running thread: it has been harmless meanwhile. */
static void waited(struct worker *w, bool inside, const char *call)
{
	if (w->mode == MODE_HARMLESS)
		check_harmless(w, call);
	else if (inside)
		check_running(w, call);
	else
		runs_after(w, call);
	count(&outcome->graces);
}

void call_synchronize(struct worker *w)
{
	bool inside = rdv_isolated(w->self);

	if (!inside)
		stops_running(w);
	CALL(w, "rdv_synchronize", rdv_synchronize(w->self));
	waited(w, inside, "rdv_synchronize");
}

bool call_synchronize_until(struct worker *w, const struct timespec *deadline)
{
	bool inside = rdv_isolated(w->self);
	int ret;

	if (!inside)
		stops_running(w);
	CALL(w, "rdv_synchronize_until", ret = rdv_synchronize_until(w->self, deadline));
	must(!ret || (ret == -ETIMEDOUT && deadline && !inside),
	     "thread %u: rdv_synchronize_until: %d", w->index, ret);
	waited(w, inside, "rdv_synchronize_until");
	return !ret;
}

rdv_grace call_grace_begin(struct worker *w)
{
	rdv_grace grace;

	may_stop_running(w);
	CALL(w, "rdv_grace_begin", grace = rdv_grace_begin(w->self));
	runs_after(w, "rdv_grace_begin");
	return grace;
}

bool call_grace_over(struct worker *w, rdv_grace grace)
{
	bool over;

	may_stop_running(w);
	CALL(w, "rdv_grace_over", over = rdv_grace_over(w->self, grace));
	runs_after(w, "rdv_grace_over");
	must(over || !rdv_isolated(w->self),
	     "thread %u is isolated, and a grace period is not over", w->index);
	return over;
}

void call_retire(struct worker *w, struct rdv_retired *item,
		 void (*fn)(struct rdv_retired *item))
{
	may_stop_running(w);
	CALL(w, "rdv_retire", rdv_retire(w->self, item, fn));
	runs_after(w, "rdv_retire");
}

void call_retire_run(struct worker *w)
{
	may_stop_running(w);
	CALL(w, "rdv_retire_run", rdv_retire_run(w->self));
	runs_after(w, "rdv_retire_run");
}

/* --------------------------------------------------------------- one thread kept */

static bool kept(struct worker *w, unsigned id, int ret, int refused, const char *call)
{
	bool itself = id == rdv_thread_id(w->self);

	must(ret == (itself ? -EDEADLK : 0) ||
		     (!itself && (ret == -ESRCH || (refused && ret == refused))),
	     "thread %u, id %u: %s(%u): %d", w->index, rdv_thread_id(w->self), call, id,
	     ret);
	runs_after(w, call);
	return !ret;
}

bool call_keep(struct worker *w, unsigned id)
{
	int ret;

	stops_running(w);
	CALL(w, "rdv_keep", ret = rdv_keep(w->self, id));
	return kept(w, id, ret, 0, "rdv_keep");
}

bool call_keep_try(struct worker *w, unsigned id)
{
	int ret;

	may_stop_running(w);
	CALL(w, "rdv_keep_try", ret = rdv_keep_try(w->self, id));
	return kept(w, id, ret, -EBUSY, "rdv_keep_try");
}

bool call_keep_until(struct worker *w, unsigned id, const struct timespec *deadline)
{
	int ret;

	stops_running(w);
	CALL(w, "rdv_keep_until", ret = rdv_keep_until(w->self, id, deadline));
	return kept(w, id, ret, deadline ? -ETIMEDOUT : 0, "rdv_keep_until");
}

void call_let_go(struct worker *w)
{
	may_stop_running(w);
	CALL(w, "rdv_let_go", rdv_let_go(w->self));
	runs_after(w, "rdv_let_go");
}

void keeping_each(struct worker *w, bool begins)
{
	canary_running(w, begins);
}

void call_for_each(struct worker *w, void (*fn)(unsigned id, void *worker))
{
	bool inside = rdv_isolated(w->self);

	if (!inside)
		stops_running(w);
	CALL(w, "rdv_for_each", rdv_for_each(w->self, fn, w));
	if (!inside)
		runs_after(w, "rdv_for_each");
}

/* -------------------------------------------------------------------- deadlines */

const struct timespec *deadline_random(struct rng *rng, struct timespec *deadline)
{
	/* ns from now; the first is no time at all */
	static const unsigned reach[] = {1, 1000, 50000, 1000000, 10000000};
	unsigned kind = rng_below(rng, 9);

	if (kind == 8)
		return NULL;
	clock_gettime(CLOCK_MONOTONIC, deadline);
	if (kind == 7) {
		deadline->tv_sec += 3600;
	} else if (kind == 6) {
		deadline->tv_sec -= (time_t)1 << rng_below(rng, 31);
	} else if (kind == 5) {
		deadline->tv_sec = 0;
		deadline->tv_nsec = 0;
	} else {
		deadline->tv_nsec += rng_below(rng, reach[kind]);
		if (deadline->tv_nsec >= 1000000000) {
			deadline->tv_nsec -= 1000000000;
			deadline->tv_sec++;
		}
	}
	return deadline;
}
