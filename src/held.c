/* SPDX-License-Identifier: MIT */
/*
 * The held: threads that want to run while the gate is closed.  They sleep on ctl, and
 * are woken here.
 *
 * See domain.h for the words and doc/design.md for the argument.
 */
#include "domain.h"
#include "clock.h"
#include "futex.h"
#include "inside/record.h"
#include "spin.h"
#include "wait.h"

#include <errno.h>

/* How many sleepers each thread that is back wakes: they leave as a tree, so that
 * the releaser pays for one wake-up and no thread for many. */
enum { WAKE_AHEAD = 2 };

/* ------------------------------------------------------------------- patience
 *
 * held counts the threads that want to run and found the gate closed.  When it
 * has not been 0 for longer than the domain's patience, nobody opens a round
 * until it is: these threads run first.  An isolator that is stopped by this is
 * barred; it queues, and the held thread that brings held to 0 gets it going.
 */

static uint32_t now_us(void)
{
	return (uint32_t)(rdv_clock_ns() / 1000);
}

void rdv_hold_begin(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	/* before the add: held_since may be too early, never too late */
	uint64_t now = rdv_record_now(d);
	uint32_t since = (uint32_t)(now / 1000);

	rdv_wait_begin_at(m, RDV_WAIT_HELD, now);
	if (!rdv_add_sc(&d->held, 1))
		rdv_store_rlx(&d->held_since, since); /* (d) */
}

/* held is seq_cst for the barred isolator, see [BARRED]; held_since is relaxed: an
 * old value is an early one. */
bool rdv_may_open(const rdv_domain *d)
{
	if (!rdv_load_sc(&d->held))
		return true;
	return d->patience_us &&
	       now_us() - rdv_load_rlx(&d->held_since) <= d->patience_us; /* (d) */
}

/*
 * [BARRED] Dekker: a barred isolator adds itself to barred, then reads held; we
 * subtract ourselves from held, then read barred.  It may be asleep while the gate
 * is open, so we see to it that an owner knows of it, if need be by taking the
 * token.
 *
 * True: the caller has taken it, for the barred, and gives it up at once.
 */
bool rdv_hold_end(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	uint32_t ctl;

	rdv_record_held(m);
	if (rdv_sub_sc(&d->held, 1) != 1 || !rdv_load_sc(&d->barred))
		return false;
	ctl = rdv_load_sc(&d->ctl);
	for (;;) {
		if (!rdv_ctl_open(ctl)) {
			if ((ctl & RDV_CTL_MORE) ||
			    rdv_cas_sc(&d->ctl, &ctl, ctl | RDV_CTL_MORE))
				return false;
		} else if (rdv_cas_sc(&d->ctl, &ctl,
				      rdv_ctl_owned(ctl, m) | RDV_CTL_MORE)) {
			rdv_record_round(m);
			return true;
		}
	}
}

/* ----------------------------------------------------------- the round's end */

/* Whether anybody was asleep, as the kernel has it. */
static bool wake_some(rdv_domain *d)
{
	rdv_record_held_wake(d);
	return rdv_futex_wake(&d->ctl, WAKE_AHEAD, RDV_FUTEX_ANY) > 0;
}

/*
 * Wakes a few of those that sleep on ctl, unless somebody woken is on its way and will
 * do it.  While rounds follow one another closely, one wake-up is under way at a
 * time, whoever opens the next one.
 *
 * [HELD-SLEEP] Dekker: a held thread adds itself to asleep, then reads ctl; we
 * opened the gate, then read asleep.
 * [WAKING] Dekker: a woken thread clears waking, then reads ctl; we opened the
 * gate, then read waking.  If it was clear it is ours to wake somebody, if it was
 * not the woken thread will see the gate open, or that of a later round.
 *
 * If the wake-up found nobody, waking is cleared here, and there is a second look.
 * Whoever opened the gate while waking was set has woken nobody, and left those asleep to
 * us.  Whoever opens it from now on finds waking clear.  So one more wake-up, with waking
 * clear, finds them all: a thread that is not asleep by now will find that ctl is not what
 * it read, or, if it is that again, a later opener that wakes it.
 */
void rdv_wake_held_now(rdv_domain *d)
{
	if (!rdv_ctl_open(rdv_load_sc(&d->ctl)) || !rdv_load_sc(&d->asleep) ||
	    rdv_load_sc(&d->waking) || rdv_xchg_sc(&d->waking, 1))
		return;
	if (wake_some(d))
		return;
	rdv_store_sc(&d->waking, 0);
	if (rdv_load_sc(&d->asleep) && rdv_ctl_open(rdv_load_sc(&d->ctl)))
		wake_some(d);
}

/* Called when the gate has been opened, and by each held thread that leaves. */
void rdv_wake_held(rdv_domain *d)
{
	if (rdv_held_to_wake(d))
		rdv_wake_held_now(d);
}

/* Spins until the gate is open, or that is not worth while any longer. */
static bool spin_held(rdv_domain *d, const struct timespec *deadline)
{
	struct rdv_spin spin;
	bool open;

	rdv_spin_begin(&spin, d, RDV_SPIN_HELD, deadline);
	while (!(open = rdv_ctl_open(rdv_load_sc(&d->ctl))) && rdv_spin_once(&spin))
		;
	rdv_spin_end(&spin);
	return open;
}

/*
 * A harmless thread waits for an open gate.  Returns 0 or -ETIMEDOUT.
 *
 * [HELD-SLEEP] asleep, then ctl: whoever opens the gate after that wakes, above, and
 * has changed ctl, if we are not asleep yet.
 * [WAKING] waking, then ctl, each time: we may have been woken, or be a handler that
 * interrupted rdv_wake_held_now().  Where neither is so it costs a wake-up at most.  Woken,
 * we spin before that: others then need not be woken in vain.
 */
int rdv_wait_open(struct rdv_member *m, const struct timespec *deadline)
{
	rdv_domain *d = m->domain;
	uint32_t ctl;
	int ret = 0;

	if (spin_held(d, deadline))
		return 0;
	rdv_add_sc(&d->asleep, 1);
	for (;;) {
		rdv_store_sc(&d->waking, 0);
		ctl = rdv_load_sc(&d->ctl);
		if (rdv_ctl_open(ctl) || ret == -ETIMEDOUT)
			break;
		ret = rdv_wait(m, &d->ctl, ctl, RDV_FUTEX_ANY, deadline);
		spin_held(d, deadline);
	}
	rdv_sub_sc(&d->asleep, 1);
	return rdv_ctl_open(ctl) ? 0 : -ETIMEDOUT;
}

/* The thread ends in on_stall, called in rdv_wait_open(), which it will not return to. */
void rdv_leave_wait_open(struct rdv_member *m)
{
	rdv_store_sc(&m->domain->waking, 0);
	rdv_sub_sc(&m->domain->asleep, 1);
}
