/* SPDX-License-Identifier: MIT */
/*
 * The held: threads that want to run while the gate is closed.  They sleep on wake_seq,
 * and are woken here.
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
#include <limits.h>

/*
 * Notes for leave_wait(), and for reports, that the thread is held and has added unit to
 * held.  A handler that is held on the way out overwrites both.
 */
void rdv_hold_note(struct rdv_member *m, uint32_t unit)
{
	m->hold = unit == 1 ? 0 : RDV_HELD_SHIFT;
	rdv_poke(&m->wait_kind, (uint8_t)RDV_WAIT_HELD);
}

/*
 * Counts the thread as held.  Returns what to give to rdv_hold_end().  The slot cannot
 * keep that value: a handler may be held while its thread is on its way out.
 */
uint32_t rdv_hold_begin(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	uint32_t unit = rdv_load_rlx(&d->held_unit); /* (d) */
	uint64_t now = rdv_clock_ns();

	rdv_wait_begin_at(m, RDV_WAIT_HELD, now);
	/* before the add: an owner that sees us counted sees a time that is not too late */
	if (!rdv_load_sc(&d->held))
		rdv_store_rlx(&d->held_since, (uint32_t)(now / 1000)); /* (f) */
	rdv_hold_note(m, unit);
	rdv_add_sc(&d->held, unit);
	return unit;
}

/*
 * The thread is not held any more.  True if all the held have run, the gate is open, and
 * isolators are queued.  These may have been barred, so the caller wakes one of them.
 *
 * [BARRED] Dekker: we subtract ourselves from held, then look for isolators that are
 * asleep; an isolator sets its asleep, then reads held.
 */
bool rdv_hold_end(struct rdv_member *m, uint32_t unit)
{
	rdv_domain *d = m->domain;

	rdv_record_held(m);
	return rdv_sub_sc(&d->held, unit) == unit && rdv_load_sc(&d->queued) &&
	       rdv_ctl_open(rdv_load_sc(&d->ctl));
}

/* ----------------------------------------------------------- the round's end */

/*
 * How many threads are woken at once.  Two for each CPU: then a woken thread whose CPU is
 * free does not depend on another that is bound to a busy CPU. After a long round more,
 * see rdv_window_opens().  The woken threads wake the rest, as a tree, so the releaser
 * does not pay for all.
 */
static int wake_ahead(const rdv_domain *d)
{
	uint32_t n = 2 * rdv_load_rlx(&d->cpus);    /* (d) */
	uint32_t most = rdv_load_rlx(&d->round_us); /* (d) */

	if (n < most)
		n = most;
	return n < INT_MAX ? (int)n : INT_MAX;
}

/*
 * True if the caller has to wake a thread.  False if a wake-up is under way and not lost.
 * It is lost if the woken thread got no CPU: then that thread must not keep the others.
 */
static bool claim(rdv_word *waking, uint32_t now)
{
	uint32_t since = rdv_load_sc(waking);

	return (!since || rdv_lost(since, now)) && rdv_cas_sc(waking, &since, now | 1);
}

/* Whether nobody is on the way to wake the held: the second look of rdv_wake_held(). */
bool rdv_nobody_wakes(const rdv_domain *d, uint32_t now)
{
	uint32_t since = rdv_load_sc(&d->waking);

	return !since || rdv_lost(since, now ? now : rdv_now_us());
}

/*
 * Called when the gate has been opened, and by each held thread that leaves.  Wakes some
 * of the threads that sleep on wake_seq, unless a woken thread is on its way and will do
 * it.  While rounds follow one another closely, one wake-up is under way at a time,
 * whichever thread opens the next round.
 *
 * [HELD-SLEEP] Dekker: a held thread adds itself to asleep, then reads ctl; we opened the
 * gate, then read asleep.
 *
 * [WAKE-SEQ] Dekker: a held thread reads wake_seq, then ctl; we opened the gate, then
 * count wake_seq.  So a thread that is about to sleep does not sleep, but looks at ctl
 * again.
 *
 * [WAKING] Dekker: a held thread clears waking, each time that it is about to sleep or
 * has been woken, then reads ctl, and so does a kept one; we opened the gate, then read
 * waking.  If waking was clear, or lost, we wake a thread.  If not, some thread has set
 * waking since such a thread last cleared it.  That thread has woken one, or is about to.  The woken thread
 * will see this gate open, or that of a later round.
 */
void rdv_wake_held(rdv_domain *d, uint32_t now)
{
	if (!rdv_load_sc(&d->asleep) || !rdv_ctl_open(rdv_load_sc(&d->ctl)) ||
	    !claim(&d->waking, now))
		return;
	rdv_record_held_wake(d);
	rdv_add_sc(&d->wake_seq, 1);
	rdv_futex_wake(&d->wake_seq, wake_ahead(d), RDV_FUTEX_ANY);
}

/* Spins until the gate is open, or until spinning does not pay any longer. */
static bool spin_held(rdv_domain *d, enum rdv_spin_kind kind,
		      const struct timespec *deadline)
{
	struct rdv_spin spin;
	uint32_t ctl, before;

	rdv_spin_begin(&spin, d, kind, deadline);
	ctl = rdv_load_sc(&d->ctl);
	while (!rdv_ctl_open(ctl) && rdv_spin_once(&spin)) {
		before = ctl;
		ctl = rdv_load_sc(&d->ctl);
		if (ctl / RDV_CTL_ROUND != before / RDV_CTL_ROUND)
			rdv_spin_prolong(&spin);
	}
	rdv_spin_end(&spin);
	return rdv_ctl_open(ctl);
}

/*
 * A harmless thread waits for an open gate.  Returns 0 or -ETIMEDOUT.
 *
 * [HELD-SLEEP] asleep, [WAKE-SEQ] wake_seq, [WAKING] waking, and then ctl, on each pass.
 * The thread clears waking because it may be the woken thread, or a handler that
 * interrupted rdv_wake_held().  If it is neither, that costs one wake-up at most.
 *
 * A thread that is awake is not counted in asleep, or each opening of the gate would try
 * to wake one.  A thread that was woken in vain, as the gate has closed again, spins before
 * it clears waking: while short rounds follow one another, see spin.c.  Otherwise each of
 * them would end with a wake-up.
 */
int rdv_wait_open(struct rdv_member *m, const struct timespec *deadline)
{
	rdv_domain *d = m->domain;
	enum rdv_spin_kind kind = RDV_SPIN_HELD;
	uint32_t seq;
	bool open;
	int ret = 0;

	while (!(open = spin_held(d, kind, deadline)) && ret != -ETIMEDOUT) {
		rdv_add_sc(&d->asleep, 1);
		seq = rdv_load_sc(&d->wake_seq);
		rdv_store_sc(&d->waking, 0);
		if (!rdv_ctl_open(rdv_load_sc(&d->ctl)))
			ret = rdv_wait(m, &d->wake_seq, seq, RDV_FUTEX_ANY, deadline);
		rdv_sub_sc(&d->asleep, 1);
		kind = ret ? RDV_SPIN_HELD : rdv_spin_woken(d);
	}
	rdv_store_sc(&d->waking, 0);
	return open || rdv_ctl_open(rdv_load_sc(&d->ctl)) ? 0 : -ETIMEDOUT;
}

/*
 * The thread ends in on_stall, which rdv_wait_open() called, and does not return there.
 */
void rdv_leave_wait_open(struct rdv_member *m)
{
	rdv_store_sc(&m->domain->waking, 0);
	rdv_sub_sc(&m->domain->asleep, 1);
}
