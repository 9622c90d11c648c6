/* SPDX-License-Identifier: MIT */
/*
 * Becoming harmless, and running again.
 *
 * rdv_park() is the one place where a thread publishes that it is harmless, and
 * rdv_leave() the one place where a parked thread starts to run.
 */
#include "domain.h"
#include "clock.h"
#include "inside/record.h"

#include <errno.h>

const struct timespec rdv_do_not_wait = {0, 0};

/* The real symbols of the inline functions, for other languages and for -O0. */
extern inline uint32_t rdv_priv_state_set(rdv_thread *self, uint32_t state);
#ifndef RDV_DEBUG
extern inline void rdv_harmless_now(rdv_thread *self);
extern inline void rdv_harmless_end(rdv_thread *self);
extern inline bool rdv_checkpoint(rdv_thread *self);
#endif

/* --------------------------------------------------------------- signal handlers
 *
 * A handler may make the thread harmless, and end that.  Where it interrupts a call
 * that others depend upon, because they wait for what it does next, or for the lock
 * that it holds, or because the gate is closed on its behalf, it must not wait.  So
 * the call sets waiting: the handler then leaves the thread parked (see
 * rdv_priv_harmless_end_slow()), which it is anyway, or else rdv_unshield() runs again.
 */

void rdv_shield(struct rdv_member *m, struct rdv_shield *shield)
{
	shield->state = rdv_load_rlx(&m->self.state);
	shield->waiting = rdv_load_rlx(&m->waiting);
	rdv_store_rlx(&m->waiting, 1);
	rdv_signal_fence();
}

void rdv_unshield(struct rdv_member *m, const struct rdv_shield *shield)
{
	rdv_signal_fence();
	rdv_store_rlx(&m->waiting, shield->waiting);
	rdv_signal_fence();
	if (shield->state == RDV_STATE_RUNNING &&
	    rdv_load_rlx(&m->self.state) != RDV_STATE_RUNNING)
		rdv_leave(m, NULL);
}

/* ------------------------------------------------------------------ publishing */

/*
 * Publishes that the calling thread is harmless.  It stays so until it goes
 * through rdv_leave().  [PARK] release: what it did before, for the leader that
 * finds it PARKED with the bit still clear; the bit itself is seq_cst.
 *
 * Again, if a handler ran and became harmless by the fast path in between: with the
 * bit set, state and parked have to say so.
 */
void rdv_park(struct rdv_member *m)
{
	do {
		rdv_store_rel(&m->self.state, RDV_STATE_PARKED);
		rdv_or_sc(&m->domain->harmless[m->word], m->bit);
		rdv_store_rlx(&m->self.parked, RDV_STATE_PUBLISHED);
		rdv_signal_fence();
	} while (rdv_load_rlx(&m->self.state) != RDV_STATE_PARKED);
	rdv_tell_leader(m);
}

/* -------------------------------------------------------------------- leaving */

/*
 * Tries to run.  True: running, with the bit clear.  False: the gate is closed; the
 * caller is RUNNING for everybody to see, and must park.
 *
 * [GATE] our bit and state, then the gate; the leader: the gate, then our bit
 * and state.  The bit may have been given to us in the round that just ended, by
 * a leader that had parked us before we got here: [LENT] it did so before it
 * opened the gate, so having seen it open we see the bit.  [OPEN] seeing the gate
 * open, we also see what was done while it was closed.
 */
static bool step_out(struct rdv_member *m)
{
	rdv_domain *d = m->domain;

	do {
		rdv_xchg_sc(&m->self.state, RDV_STATE_RUNNING);
		rdv_and_sc(&d->harmless[m->word], ~m->bit);
		rdv_store_rlx(&m->self.parked, 0);
		if (!rdv_ctl_open(rdv_load_sc(&d->ctl)))
			return false;
	} while (rdv_load_sc(&d->harmless[m->word]) & m->bit);
	return true;
}

/*
 * A parked thread runs as soon as the gate is open, and then helps to wake the
 * others that were held.  Returns 0, or 1 if it was held first; -EBUSY (for
 * rdv_do_not_wait), -ETIMEDOUT: still parked.
 *
 * It looks at the gate before it steps out, too: if that is closed there is no need
 * to disturb the leader.
 */
int rdv_leave(struct rdv_member *m, const struct timespec *deadline)
{
	rdv_domain *d = m->domain;
	int held = 0, ret = 0;

	for (;;) {
		rdv_store_rlx(&m->waiting, 0);
		rdv_signal_fence();
		if (rdv_ctl_open(rdv_load_sc(&d->ctl)) && step_out(m))
			break;
		rdv_store_rlx(&m->waiting, 1);
		rdv_signal_fence();
		rdv_park(m);
		if (deadline == &rdv_do_not_wait) {
			ret = -EBUSY;
			break;
		}
		if (!held) {
			held = 1;
			rdv_hold_begin(m);
		}
		ret = rdv_wait_open(m, deadline);
		if (ret)
			break;
	}
	if (held)
		rdv_hold_end(m);
	rdv_signal_fence();
	rdv_store_rlx(&m->waiting, 0);
	if (ret)
		return ret;
	rdv_wake_held(d);
	return held;
}

/*
 * A thread that has the token and is not going to use it passes it on, to the next
 * isolator after the given id.  If it runs it stays so, and the next owner waits for it.
 */
void rdv_give_up(struct rdv_member *m, uint32_t after)
{
	struct rdv_shield shield;

	rdv_shield(m, &shield);
	rdv_pass(m, false, after);
	rdv_unshield(m, &shield);
}

/* ---------------------------------------------------------------------- calls */

/*
 * The gate is closed, or the thread had been parked, and the fast path has just
 * overwritten its state.
 */
void rdv_priv_harmless_now_slow(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);

	if (!rdv_load_rlx(&m->waiting) && rdv_owns(m))
		rdv_store_rlx(&self->state, RDV_STATE_RUNNING); /* alone: stay so */
	else
		rdv_park(m);
}

/*
 * waiting: we are a signal handler that interrupted a call of the library, which
 * had parked the thread.  It may be what the gate is closed for, so we cannot wait
 * here; the thread stays parked, as the handler found it.
 */
void rdv_priv_harmless_end_slow(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);

	if (rdv_load_rlx(&m->waiting))
		rdv_park(m);
	else if (rdv_owns(m))
		rdv_store_rlx(&self->state, RDV_STATE_RUNNING);
	else
		rdv_leave(m, NULL);
}

int rdv_harmless_end_until(rdv_thread *self, const struct timespec *deadline)
{
	struct rdv_member *m = rdv_member_of(self);
	int ret;

	if (deadline != &rdv_do_not_wait && !rdv_deadline_valid(deadline))
		return -EINVAL;
	rdv_must_own("rdv_harmless_end_until", m);
	if (rdv_load_rlx(&m->waiting))
		return deadline == &rdv_do_not_wait ? -EBUSY : -ETIMEDOUT;
	if (rdv_owns(m))
		return 0;
	rdv_must_be(rdv_load_rlx(&self->state) != RDV_STATE_RUNNING,
		    "rdv_harmless_end_until", m, "is not harmless");
	ret = rdv_leave(m, deadline);
	return ret > 0 ? 0 : ret;
}

int rdv_harmless_end_try(rdv_thread *self)
{
	return rdv_harmless_end_until(self, &rdv_do_not_wait);
}

void rdv_harmless_till_end(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);
	rdv_domain *d = m->domain;
	struct rdv_shield shield;

	rdv_must_own("rdv_harmless_till_end", m);
	if (rdv_load_rlx(&m->waiting) || rdv_owns(m))
		return;
	rdv_harmless_now(self);
	if (rdv_ctl_open(rdv_load_sc(&d->ctl)))
		return;
	rdv_shield(m, &shield);
	rdv_park(m);
	rdv_hold_begin(m);
	rdv_wait_open(m, NULL);
	rdv_hold_end(m);
	rdv_wake_held(d);
	rdv_unshield(m, &shield);
}

bool rdv_priv_checkpoint_slow(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);

	if (rdv_load_rlx(&self->state) != RDV_STATE_RUNNING ||
	    rdv_load_rlx(&m->waiting) || rdv_owns(m))
		return false;
	rdv_park(m);
	return rdv_leave(m, NULL) > 0;
}
