/* SPDX-License-Identifier: MIT */
/*
 * Becoming harmless, and running again.
 *
 * rdv_park() is the one place where a thread publishes that it is harmless, and
 * rdv_leave() the one place where a parked thread starts to run, but for the owner: see
 * rdv_take_office().
 */
#include "domain.h"
#include "clock.h"
#include "inside/record.h"

#include <errno.h>

/* --------------------------------------------------------------- signal handlers
 *
 * A handler may make the thread harmless, and end that.  It must not wait if it has
 * interrupted a call that somebody waits for, that holds the registry lock, or that the
 * gate is closed for.  Such a call sets shielded.  The handler then leaves the thread
 * parked, see rdv_priv_harmless_end_slow().  If the thread was running, rdv_unshield()
 * makes it run again; the outermost one, if a handler has interrupted another one.
 */

void rdv_shield(struct rdv_member *m, struct rdv_shield *shield)
{
	shield->state = rdv_load_rlx(&m->self.state); /* (a) */
	shield->shielded = rdv_shielded(m);
	rdv_shield_on(m);
}

void rdv_unshield(struct rdv_member *m, const struct rdv_shield *shield)
{
	rdv_signal_fence();
	rdv_store_rlx(&m->shielded, shield->shielded); /* (c) */
	rdv_signal_fence();
	if (!shield->shielded && shield->state == RDV_STATE_RUNNING && !rdv_runs(m))
		rdv_leave(m);
}

/* ------------------------------------------------------------------ publishing */

/*
 * Publishes that the calling thread is harmless.  It stays so until it goes through
 * rdv_leave().  [PARK] release: a leader that finds the thread PARKED, with the bit still
 * clear, sees what the thread did before.  The bit itself is seq_cst.
 *
 * Repeats if a handler has overwritten the state in between: while the bit is set, state
 * and parked must say so.
 */
void rdv_park(struct rdv_member *m)
{
	rdv_tsan_release(&m->self.state);
	do {
		rdv_store_rel(&m->self.state, RDV_STATE_PARKED);
		rdv_or_sc(&m->domain->harmless[m->word], m->bit);
		rdv_store_rlx(&m->self.parked, RDV_STATE_PUBLISHED); /* (a) */
		rdv_signal_fence();
	} while (rdv_load_rlx(&m->self.state) != RDV_STATE_PARKED); /* (a) */
	rdv_tell_leader(m);
	rdv_answer(m);
	rdv_tell_keeper(m);
}

/* -------------------------------------------------------------------- leaving */

/* Whether the gate is open, and nobody keeps the thread. */
static bool may_run(const struct rdv_member *m)
{
	uint32_t ctl = rdv_load_sc(&m->domain->ctl);

	return rdv_ctl_open(ctl) && !rdv_kept(m, ctl);
}

/*
 * Tries to run.  True: the thread is running and its bit is clear.  False: the gate is
 * closed, or the thread is kept.  All see the thread as RUNNING then, so the caller must
 * park it.
 *
 * [GATE] We write our bit and state, then read the gate; the leader closes the gate, then
 * reads our bit and state.  A leader of the round that has just ended may have parked us,
 * and set our bit, before we came here.  [LENT] It did so before it opened the gate.  We
 * have seen the gate open, so we see the bit.  [OPEN] We also see what was done while the
 * gate was closed.  [KEPT] We write our bit and state, then read kept[]; a keeper writes that,
 * then reads our bit and state.
 */
static bool step_out(struct rdv_member *m)
{
	rdv_domain *d = m->domain;

	do {
		rdv_xchg_sc(&m->self.state, RDV_STATE_RUNNING);
		rdv_and_sc(&d->harmless[m->word], ~m->bit);
		rdv_store_rlx(&m->self.parked, 0); /* (a) */
		if (!may_run(m))
			return false;
	} while (rdv_load_sc(&d->harmless[m->word]) & m->bit);
	return true;
}

/*
 * The thread has the token and is not going to use it.  If it is running it stays so, and
 * the next owner waits for it.
 */
void rdv_give_up(struct rdv_member *m)
{
	struct rdv_shield shield;

	rdv_shield(m, &shield);
	rdv_pass(m, false);
	rdv_unshield(m, &shield);
}

/* The thread is not held any more. */
static void end_hold(struct rdv_member *m, uint32_t unit)
{
	struct rdv_shield shield;

	if (!rdv_hold_end(m, unit))
		return;
	rdv_shield(m, &shield);
	rdv_wake_queued(m, rdv_now_us());
	rdv_unshield(m, &shield);
}

/* Waits until the gate is open.  *held is not 0 if the thread is counted as held. */
static int be_held(struct rdv_member *m, uint32_t *held, const struct timespec *deadline)
{
	if (!*held)
		*held = rdv_hold_begin(m);
	else
		rdv_hold_note(m, *held);
	return rdv_wait_open(m, deadline);
}

/*
 * Waits until the thread is let go.  Meanwhile it is not held, so no window is for it (unless a
 * handler came before it had counted itself out), and nobody relies on it to wake others.  A
 * handler may have interrupted it when it had opened the gate and not yet looked for those that
 * sleep: so it looks here.  Or within rdv_wake_held(): so it clears waking first, [WAKING].
 */
static int be_kept(struct rdv_member *m, uint32_t *held, const struct timespec *deadline)
{
	if (*held)
		end_hold(m, *held);
	*held = 0;
	rdv_store_sc(&m->domain->waking, 0);
	if (rdv_ctl_open(rdv_load_sc(&m->domain->ctl)))
		rdv_wake_sleepers(m, rdv_now_us());
	return rdv_wait_let_go(m, deadline);
}

/*
 * A parked thread runs as soon as the gate is open and nobody keeps it.  Then it helps to
 * wake the other threads that were held.  Returns 0.
 * -EBUSY (if at_once) and -ETIMEDOUT: it is still parked.
 *
 * It looks before it steps out, too: if it may not run there is no need to disturb the leader,
 * or its keeper.
 */
static int leave(struct rdv_member *m, bool at_once, const struct timespec *deadline)
{
	rdv_domain *d = m->domain;
	uint32_t held = 0; /* not 0: counted as held */
	int ret = 0;

	for (;;) {
		rdv_shield_off(m);
		if (may_run(m) && step_out(m))
			break;
		rdv_shield_on(m);
		rdv_park(m);
		if (at_once)
			ret = -EBUSY;
		else if (rdv_kept(m, rdv_load_sc(&d->ctl)))
			ret = be_kept(m, &held, deadline);
		else
			ret = be_held(m, &held, deadline);
		if (ret)
			break;
	}
	if (held)
		end_hold(m, held);
	rdv_shield_off(m);
	if (ret)
		return ret;
	rdv_tsan_acquire(&d->ctl);
	if (rdv_load_sc(&d->asleep))
		rdv_wake_held(d, rdv_now_us());
	return 0;
}

/* Runs again. */
void rdv_leave(struct rdv_member *m)
{
	leave(m, false, NULL);
}

/* The thread ends in on_stall, while it is held.  It stays parked. */
void rdv_leave_hold(struct rdv_member *m)
{
	rdv_leave_wait_open(m);
	end_hold(m, 1u << m->hold);
	rdv_wake_held(m->domain, rdv_now_us());
}

/* ---------------------------------------------------------------------- calls */

/*
 * Whether a fast path came here for a round of asking, or because another thread is kept,
 * and for nothing else: the gate is open, and the thread had not been parked.  [LENT] a leader
 * that had parked it before it got here set its bit before it opened the gate: so the gate
 * first, then the bit.  [KEPT] the state was written before.
 */
static bool only_asked(const struct rdv_member *m)
{
	const rdv_domain *d = m->domain;
	uint32_t ctl = rdv_load_sc(&d->ctl);

	return (ctl & RDV_GATE_SLOW) && rdv_ctl_open(ctl) && !rdv_kept(m, ctl) &&
	       !(rdv_load_sc(&d->harmless[m->word]) & m->bit);
}

/* The thread is at a harmless point, and may be running. */
static void answer(struct rdv_member *m)
{
	struct rdv_shield shield;

	rdv_shield(m, &shield);
	rdv_answer(m);
	rdv_unshield(m, &shield);
}

/*
 * The owner is not harmless, although its fast path has just said so.
 *
 * [TAKEN-BACK] The state first, then the count, which releases it; and both before the thread
 * releases.  An addition: a handler may come in between.
 */
static void take_back(struct rdv_member *m)
{
	rdv_store_rlx(&m->self.state, RDV_STATE_RUNNING); /* (f) */
	rdv_add_sc(&m->domain->taken_back, 1);
}

/*
 * Whether it runs on, whatever it says: it is isolated, or the leader.  A handler may have
 * interrupted a shielded call of it, such as rdv_retire_run(), or rdv_sync_want() in on_stall.
 * Nobody waits for that call.  If the handler parked the thread, others would take it for
 * harmless, and it would wait for itself.  In other shielded calls the name on the gate does not
 * tell: the thread may have passed the token on already.
 */
static bool stays_running(const struct rdv_member *m)
{
	bool leads = m->in_report && !rdv_load_rlx(&m->self.parked); /* (a) */

	return m->depth || ((leads || !rdv_shielded(m)) && rdv_owns(m));
}

/*
 * Called if the gate is closed, if threads are asked, if one is kept, or if the thread was
 * parked and the fast path has just overwritten its state.
 */
void rdv_priv_harmless_now_slow(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);

	if (only_asked(m))
		answer(m);
	else if (stays_running(m))
		take_back(m);
	else
		rdv_park(m);
}

/*
 * If the thread is shielded, the caller is a signal handler that has interrupted a call
 * of the library.  The gate may be closed for that call, so the handler cannot wait until
 * it opens.  The thread stays parked, as the handler found it.
 */
void rdv_priv_harmless_end_slow(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);

	if (only_asked(m))
		answer(m);
	else if (stays_running(m))
		rdv_store_rlx(&self->state, RDV_STATE_RUNNING); /* (f) */
	else if (rdv_shielded(m))
		rdv_park(m);
	else
		rdv_leave(m);
}

/*
 * For the checks.  A handler that interrupted a call, and an owner, may end harmlessness
 * without having begun it.
 */
static inline bool may_end(const struct rdv_member *m)
{
	return !rdv_runs(m) || rdv_shielded(m) || rdv_owns(m);
}

/* Returns 0, or the error to return if the round is not over. */
static int end(struct rdv_member *m, bool at_once, const struct timespec *deadline)
{
	if (stays_running(m))
		return 0;
	if (rdv_shielded(m))
		return at_once ? -EBUSY : -ETIMEDOUT;
	return leave(m, at_once, deadline);
}

int rdv_harmless_end_until(rdv_thread *self, const struct timespec *deadline)
{
	struct rdv_member *m = rdv_member_of(self);

	if (!rdv_deadline_valid(deadline))
		return -EINVAL;
	rdv_must_own(m);
	rdv_must_be(may_end(m), m, RDV_NOT_HARMLESS);
	return end(m, false, deadline);
}

int rdv_harmless_end_try(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);

	rdv_must_own(m);
	rdv_must_be(may_end(m), m, RDV_NOT_HARMLESS);
	return end(m, true, NULL);
}

void rdv_harmless_till_end(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);
	rdv_domain *d = m->domain;
	struct rdv_shield shield;
	uint32_t unit;

	rdv_must_own(m);
	if (rdv_shielded(m) || rdv_owns(m))
		return;
	rdv_harmless_now(self);
	if (rdv_ctl_open(rdv_load_sc(&d->ctl)))
		return;
	rdv_shield(m, &shield);
	rdv_park(m);
	unit = rdv_hold_begin(m);
	rdv_wait_open(m, NULL);
	end_hold(m, unit);
	if (rdv_load_sc(&d->asleep))
		rdv_wake_held(d, rdv_now_us());
	rdv_unshield(m, &shield);
}

bool rdv_priv_checkpoint_slow(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);

	if (!rdv_runs(m) || rdv_shielded(m) || rdv_owns(m))
		return false;
	if (only_asked(m)) {
		answer(m);
		return false;
	}
	rdv_park(m);
	rdv_leave(m);
	return true; /* even if it was not held: it was harmless, and another may have been alone */
}

/* ---------------------------------------------------------------- the fast paths */

extern inline uint32_t rdv_priv_state_set(rdv_thread *self, uint32_t state);

/*
 * The inline functions as real symbols: for other languages, for programs with
 * RDV_NO_INLINE or without optimisation, and for the library itself.  With --enable-debug
 * they look for misuse.  tests/model takes the inline ones.
 */
#ifdef RDV_NO_INLINE

static bool needs_slow(rdv_thread *self, uint32_t state)
{
	uint32_t published = rdv_priv_state_set(self, state);

	return (rdv_load_sc(self->gate) & RDV_GATE_SLOW) | published;
}

void rdv_harmless_now(rdv_thread *self)
{
	rdv_must_own(rdv_member_of(self));
	rdv_tsan_release(&self->state);
	if (needs_slow(self, RDV_STATE_HARMLESS))
		rdv_priv_harmless_now_slow(self);
}

void rdv_harmless_end(rdv_thread *self)
{
	rdv_must_own(rdv_member_of(self));
	rdv_must_be(may_end(rdv_member_of(self)), rdv_member_of(self), RDV_NOT_HARMLESS);
	if (needs_slow(self, RDV_STATE_RUNNING))
		rdv_priv_harmless_end_slow(self);
	rdv_tsan_acquire(self->gate);
}

bool rdv_checkpoint(rdv_thread *self)
{
	uint32_t gate = rdv_load_rlx(self->gate); /* (d) the next call sees it */

	rdv_must_own(rdv_member_of(self));
	return (gate & RDV_GATE_SLOW) && rdv_priv_checkpoint_slow(self);
}

#endif
