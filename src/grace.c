/* SPDX-License-Identifier: MIT */
/*
 * Grace periods: waits, or looks, until every thread has been harmless since.  A grace period is
 * over when a round of asking is that began after it, see ask.c.  Threads that wait sleep on
 * graces.
 *
 * See domain.h for the words and doc/design.md for the argument.
 */
#include "domain.h"
#include "clock.h"
#include "inside/record.h"
#include "spin.h"
#include "wait.h"

#include <errno.h>
#include <rdv/handshake.h>

/* ------------------------------------------------------------------------ waiting */

/* Spins until the round of asking that is on is over, or that is not worth while. */
static void spin_asking(rdv_domain *d, const struct timespec *deadline)
{
	uint64_t grace = rdv_load_sc(&d->grace);
	struct rdv_spin spin;

	rdv_spin_begin(&spin, d, rdv_spin_for(d, rdv_load_rlx(&d->owed)), /* (d) */
		       deadline);
	while (grace & 1 && !rdv_grace_reached(d, grace + 1) && rdv_spin_once(&spin))
		;
	rdv_spin_end(&spin);
}

/* Sleeps while a round of asking is on.  [GRACE-SLEEP] graces_asleep, then graces and grace:
 * if that round ends before we sleep, the kernel finds graces changed. */
static int sleep_asking(struct rdv_member *m, uint64_t grace,
			const struct timespec *deadline)
{
	rdv_domain *d = m->domain;
	uint64_t now;
	uint32_t seq;
	int ret = 0;

	rdv_add_sc(&d->graces_asleep, 1);
	seq = rdv_load_sc(&d->graces);
	now = rdv_load_sc(&d->grace);
	if (now & 1 && now < grace)
		ret = rdv_wait(m, &d->graces, seq, RDV_FUTEX_ANY, deadline);
	rdv_sub_sc(&d->graces_asleep, 1);
	return ret;
}

/* The thread ends in on_stall, called in sleep_asking(), which it will not return to. */
void rdv_leave_grace(struct rdv_member *m)
{
	rdv_sub_sc(&m->domain->graces_asleep, 1);
}

/* A thread that finds that no round of asking is on begins the next: those that wait do not
 * depend on one another. */
static bool await_grace(struct rdv_member *m, uint64_t grace,
			const struct timespec *deadline)
{
	rdv_domain *d = m->domain;
	bool over;
	int ret = 0;

	rdv_ask(m);
	if (rdv_grace_reached(d, grace)) {
		rdv_record_over_at_once(m);
		return true;
	}
	rdv_wait_begin(m, RDV_WAIT_GRACE);
	while (!rdv_grace_reached(d, grace) && ret != -ETIMEDOUT && ret != -ECANCELED) {
		rdv_ask(m);
		spin_asking(d, deadline);
		ret = sleep_asking(m, grace, deadline);
	}
	rdv_wait_end(m);
	over = rdv_grace_reached(d, grace);
	rdv_record_synchronized(m, over);
	return over;
}

/*
 * The thread waits parked, as threads that wait for one another must, and shielded: a
 * handler leaves it so.  An isolated thread need not wait: all others are harmless.
 */
static int synchronize(struct rdv_member *m, bool until, const struct timespec *deadline)
{
	const struct rdv_retired *last;
	struct rdv_shield shield;
	uint64_t grace;
	bool over;

	if (m->depth)
		return 0;
	rdv_shield(m, &shield);
	rdv_park(m);
	last = m->retired;
	grace = rdv_grace_next(m->domain);
	rdv_wait_may_give_up(m, until);
	over = await_grace(m, grace, deadline);
	rdv_wait_may_give_up(m, false);
	if (over)
		rdv_retired_covered(m, last, grace);
	rdv_unshield(m, &shield);
	rdv_retire_run(&m->self);
	return over ? 0 : -ETIMEDOUT;
}

/* -------------------------------------------------------------------------- calls */

void rdv_synchronize(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);

	rdv_must_own(m);
	rdv_must_not_wait(m);
	if (!m->depth)
		rdv_must_be_unlocked(m);
	synchronize(m, false, NULL);
}

int rdv_synchronize_until(rdv_thread *self, const struct timespec *deadline)
{
	struct rdv_member *m = rdv_member_of(self);

	if (!rdv_deadline_valid(deadline))
		return -EINVAL;
	rdv_must_own(m);
	rdv_must_not_wait(m);
	if (!m->depth)
		rdv_must_be_unlocked(m);
	return synchronize(m, true, deadline);
}

rdv_grace rdv_grace_begin(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);

	rdv_must_own(m);
	return rdv_grace_next(m->domain);
}

/*
 * Whether the calling thread, which runs, is the last one that owes an answer in a round of
 * asking that began after that grace period.  [ANSWER] owed carries what the others did.
 *
 * A round of asking sets its bit once, and a handler may answer at any moment.  So if the bit is
 * set before and after, and grace is the same, it was set while owed was read; and before the
 * bit was set, owed counted both it and the thread that asks.
 */
static bool only_i_owe(const struct rdv_member *m, uint64_t grace)
{
	const rdv_domain *d = m->domain;
	uint64_t now = rdv_load_sc(&d->grace);

	return now & 1 && now + 1 >= grace && rdv_owes(m) && rdv_load_sc(&d->owed) == 1 &&
	       rdv_owes(m) && rdv_load_sc(&d->grace) == now;
}

bool rdv_grace_over(rdv_thread *self, rdv_grace grace)
{
	struct rdv_member *m = rdv_member_of(self);
	rdv_domain *d = m->domain;
	struct rdv_shield shield;

	rdv_must_own(m);
	if (rdv_grace_reached(d, grace) || m->depth)
		return true;
	rdv_shield(m, &shield);
	rdv_ask(m);
	rdv_unshield(m, &shield);
	return rdv_grace_reached(d, grace) || only_i_owe(m, grace);
}
