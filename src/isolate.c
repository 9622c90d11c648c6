/* SPDX-License-Identifier: MIT */
/*
 * Isolation: get the token, gather, be alone, release.
 */
#include "domain.h"
#include "clock.h"
#include "inside/record.h"
#include "wait.h"

#include <errno.h>

/* The owner becomes harmless, and passes the token on.  It stays shielded. */
static void step_down(struct rdv_member *m, bool gathered)
{
	rdv_shield_on(m);
	rdv_park(m);
	rdv_pass(m, gathered);
}

/*
 * Called when the gate is closed, when the thread is barred, or when it is harmless.
 * Queues.  Sets *gathered if the predecessor passed the token while it was alone; then no
 * other thread is running.
 *
 * The thread is shielded until its name is on the gate.  A handler that finds the name
 * there does nothing.
 *
 * [KEPT] While the thread waits it is harmless, and may be kept.  So when it has said that it
 * runs it looks.  If it is kept it passes the token on, and queues again when it is let go.
 */
static RDV_SLOW_PATH int isolate_slow(struct rdv_member *m,
				      const struct timespec **deadline, bool *gathered)
{
	int ret;

	rdv_shield_on(m);
	rdv_park(m);
	for (;;) {
		ret = rdv_wait_let_go(m, *deadline);
		if (ret)
			break;
		rdv_wait_begin(m, RDV_WAIT_QUEUE);
		ret = rdv_enqueue(m, deadline);
		rdv_wait_end(m);
		if (ret)
			break;
		*gathered = m->domain->gathered;
		rdv_take_office(m);
		if (!rdv_kept(m, rdv_load_sc(&m->domain->ctl)))
			return 0;
		step_down(m, *gathered);
	}
	rdv_leave(m);
	return ret;
}

/* at_once: fails instead of waiting or queueing. */
static int isolate(struct rdv_member *m, bool at_once, const struct timespec *deadline,
		   const char *where)
{
	bool gathered = false;
	int ret;

	if (m->depth) {
		m->depth++;
		return 0;
	}
	rdv_record_asked(m, where);
	if (!rdv_runs(m) || !rdv_take(m)) {
		ret = at_once ? -EBUSY : isolate_slow(m, &deadline, &gathered);
		if (ret)
			return ret;
	}
	if (!gathered && !rdv_all_harmless(m) && (at_once || !rdv_await(m, deadline))) {
		rdv_give_up(m);
		return at_once ? -EBUSY : -ETIMEDOUT;
	}
	m->depth = 1;
	rdv_record_isolated(m);
	return 0;
}

void rdv_isolate_at(rdv_thread *self, const char *where)
{
	struct rdv_member *m = rdv_member_of(self);

	rdv_must_own(m);
	rdv_must_not_wait(m);
	if (!m->depth) {
		rdv_must_be_unlocked(m);
		rdv_must_be(m->keeps != RDV_KEEPS_ALL, m, RDV_IN_FOR_EACH);
	}
	isolate(m, false, NULL, where);
}

int rdv_isolate_until_at(rdv_thread *self, const struct timespec *deadline,
			 const char *where)
{
	struct rdv_member *m = rdv_member_of(self);
	int ret;

	if (!rdv_deadline_valid(deadline))
		return -EINVAL;
	rdv_must_own(m);
	rdv_must_not_wait(m);
	if (!m->depth) {
		rdv_must_be_unlocked(m);
		rdv_must_be(m->keeps != RDV_KEEPS_ALL, m, RDV_IN_FOR_EACH);
	}
	rdv_wait_may_give_up(m, true);
	ret = isolate(m, false, deadline, where);
	rdv_wait_may_give_up(m, false);
	if (ret)
		rdv_record_failed(m, false);
	return ret;
}

int rdv_isolate_try_at(rdv_thread *self, const char *where)
{
	struct rdv_member *m = rdv_member_of(self);
	int ret;

	rdv_must_own(m);
	if (m->in_report)
		return -EBUSY;
	rdv_must_be(m->depth || m->keeps != RDV_KEEPS_ALL, m, RDV_IN_FOR_EACH);
	ret = isolate(m, true, NULL, where);
	if (ret)
		rdv_record_failed(m, true);
	return ret;
}

/* For callers that cannot use the macros: other languages, and calls by address. */
void(rdv_isolate)(rdv_thread *self)
{
	rdv_isolate_at(self, NULL);
}

int(rdv_isolate_until)(rdv_thread *self, const struct timespec *deadline)
{
	return rdv_isolate_until_at(self, deadline, NULL);
}

int(rdv_isolate_try)(rdv_thread *self)
{
	return rdv_isolate_try_at(self, NULL);
}

static RDV_SLOW_PATH void wake_sleepers(struct rdv_member *m)
{
	uint64_t begin = rdv_clock_ns();
	struct rdv_shield shield;

	rdv_shield(m, &shield);
	rdv_wake_sleepers(m, (uint32_t)(begin / 1000));
	rdv_unshield(m, &shield);
	rdv_record_release(m, begin);
}

/* The owner's turn is over: another isolator has the next. */
static RDV_SLOW_PATH void pass_on(struct rdv_member *m)
{
	uint64_t begin = rdv_clock_ns();

	step_down(m, true);
	rdv_leave(m);
	rdv_record_release(m, begin);
}

/*
 * Mostly one addition ends the round.  If its turn is over, the thread becomes harmless
 * before it passes the token on.  It is then held like all others until the round is
 * over.
 */
void rdv_release(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);
	rdv_domain *d = m->domain;
	uint64_t tick;
	uint32_t now = 0;

	rdv_must_own(m);
	rdv_must_be(m->depth, m, RDV_NOT_ISOLATED);
	if (!m->depth || --m->depth)
		return;
	tick = rdv_clock_coarse_ns();
	rdv_record_released(m, tick);
	if (rdv_load_sc(&d->queued) || rdv_load_sc(&d->held)) {
		now = rdv_turn_clock(d, tick);
		if (rdv_turn_over(d, now)) {
			pass_on(m);
			return;
		}
	}
	if (rdv_open(m, now))
		wake_sleepers(m);
}

bool rdv_isolated(const rdv_thread *self)
{
	return rdv_member_of(self)->depth != 0;
}
