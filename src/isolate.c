/* SPDX-License-Identifier: MIT */
/*
 * Isolation: get the token, gather, be alone, release.
 */
#include "internal.h"
#include "clock.h"
#include "fence.h"
#include "futex.h"
#include "record.h"
#include "spin.h"

#include <errno.h>

/* ------------------------------------------------------------------- gathering
 *
 * The gate is closed by us.  From here on a thread that we have seen harmless stays
 * so: it may go through RUNNING on its way out, but it finds the gate closed and
 * parks again.  So each thread is looked at once, and what is left to wait for is
 * a set, awaited[], that only shrinks.
 */

/* Whether all bits are set, but for our own: an owner needs none. */
static bool all_harmless(const struct rdv_member *m)
{
	const rdv_domain *d = m->domain;
	uint32_t word, words = rdv_load_sc(&d->words);
	uint32_t all = ~0u;

	for (word = 0; word < words; word++)
		all &= rdv_load_sc(&d->harmless[word]) | (word == m->word ? m->bit : 0);
	return all == ~0u;
}

/*
 * A thread whose bit is clear: is it harmless all the same?  If its fast path has
 * said so, park it in its place, so that neither we nor a later leader need look
 * at it again.  If the swap succeeds, its exchange will return PARKED and send it
 * through step_out(), which clears the bit.  If it fails, the thread has left, and
 * will find the gate closed.
 *
 * [GATE] seq_cst, after the gate was closed.  [PARK] acquire: what the thread did
 * before it became harmless.  [LENT] the bit is set before we open the gate again.
 * Biased, the thread's plain stores would not notice that it was parked, so its bit
 * stays clear.
 */
static bool found_harmless(struct rdv_member *t)
{
	rdv_domain *d = t->domain;
	uint32_t state = rdv_load_sc(&t->self.state);

	if (state == RDV_STATE_HARMLESS && !d->biased &&
	    rdv_cas_sc(&t->self.state, &state, RDV_STATE_PARKED))
		rdv_or_sc(&d->harmless[t->word], t->bit);
	return state != RDV_STATE_RUNNING;
}

/* Computes awaited[]; false if it is empty. */
static bool look_around(const struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	uint32_t word, words = rdv_load_sc(&d->words);
	uint32_t clear, bit, awaited, any = 0;

	if (d->biased) {
		rdv_fence_all();
		rdv_record_fence(d);
	}
	for (word = 0; word < words; word++) {
		clear = ~rdv_load_sc(&d->harmless[word]);
		if (word == m->word)
			clear &= ~m->bit;
		for (awaited = 0; clear; clear &= ~bit) {
			bit = clear & -clear;
			if (!found_harmless(d->member[word * RDV_WORD_BITS +
						      (uint32_t)__builtin_ctz(bit)]))
				awaited |= bit;
		}
		rdv_store_rlx(&d->awaited[word], awaited);
		any |= awaited;
	}
	return any != 0;
}

/* Whether anybody of awaited[] is not harmless yet: 0, or 1 + the lowest such id. */
uint32_t rdv_anybody_missing(const rdv_domain *d)
{
	uint32_t word, words = rdv_load_sc(&d->words);
	uint32_t missing;

	for (word = 0; word < words; word++) {
		missing = rdv_load_rlx(&d->awaited[word]) &
			  ~rdv_load_sc(&d->harmless[word]);
		if (missing)
			return word * RDV_WORD_BITS + (uint32_t)__builtin_ctz(missing) +
			       1;
	}
	return 0;
}

/*
 * Waits until everybody in awaited[] is harmless.
 *
 * [GATHER-SLEEP] Whoever sets the last of the bits wakes us: it set the bit, then
 * reads gathering; we set gathering, then read the bits.  It is not a word of
 * harmless[] that we sleep on: other bits of it change all the time, and each of
 * them would send us round this loop once more.
 */
static bool await(struct rdv_member *m, const struct timespec *deadline)
{
	rdv_domain *d = m->domain;
	uint32_t gathering = rdv_load_rlx(&d->ctl);
	struct rdv_spin spin;
	uint32_t missing, last = 0;
	bool slept = false;
	int ret = 0;

	rdv_wait_begin(m, RDV_WAIT_GATHER);
	rdv_spin_begin(&spin, d, RDV_SPIN_GATHER, deadline);
	while ((missing = rdv_anybody_missing(d)) && rdv_spin_once(&spin))
		last = missing;
	rdv_spin_end(&spin);

	while (missing && ret != -ETIMEDOUT) {
		last = missing;
		slept = true;
		rdv_store_sc(&d->gathering, gathering);
		if (rdv_anybody_missing(d))
			ret = rdv_wait(m, &d->gathering, gathering, RDV_FUTEX_ANY,
				       deadline);
		missing = rdv_anybody_missing(d);
	}
	if (!missing)
		rdv_record_delay(m, slept ? gathering : 0, last);
	rdv_store_rlx(&d->gathering, 0);
	rdv_wait_end(m);
	return !missing;
}

/* The owner becomes alone; false if the deadline passed first. */
static bool gather(struct rdv_member *m, const struct timespec *deadline)
{
	if (all_harmless(m) || !look_around(m))
		return true;
	return deadline != &rdv_do_not_wait && await(m, deadline);
}

/* -------------------------------------------------------------------- queueing */

/*
 * One look at the gate by a queued isolator.  True: somebody will pass the token to
 * it, so it may sleep on its bit.  False: look again; the bit may be clear now.
 *
 * Closed with MORE set: [MORE] the owner will look at the bits before it opens the
 * gate.  Open, but barred: [BARRED] the last held thread to leave will see to it.
 * Else open: takes the token itself, for whoever else is queued too.
 *
 * Barred it also wakes the held, for whom nobody else may care: [LINGER]. Whoever lingers
 * now is going to be barred too.
 */
static bool covered(struct rdv_member *m, bool *barred)
{
	rdv_domain *d = m->domain;
	uint32_t ctl = rdv_load_sc(&d->ctl);

	if (!rdv_ctl_open(ctl)) {
		if (!(ctl & RDV_CTL_MORE))
			rdv_cas_sc(&d->ctl, &ctl, ctl | RDV_CTL_MORE);
		return ctl & RDV_CTL_MORE;
	}
	if (rdv_may_open(d)) {
		if (rdv_cas_sc(&d->ctl, &ctl, rdv_ctl_owned(ctl, m) | RDV_CTL_MORE)) {
			rdv_record_round(m);
			d->gathered = false;
			rdv_and_sc(&d->want_rdv[m->word], ~m->bit);
		}
		return false;
	}
	if (*barred)
		return true;
	*barred = true;
	rdv_add_sc(&d->barred, 1);
	rdv_wake_held_now(d);
	return false;
}

/* Sleeps until the own bit is clear, or something else happens.
 * [QUEUE-SLEEP] asleep, then the word; the predecessor: the word, then asleep. */
static int sleep_queued(struct rdv_member *m, const struct timespec *deadline)
{
	rdv_word *word = &m->domain->want_rdv[m->word];
	uint32_t seen;
	int ret = 0;

	rdv_store_sc(&m->asleep, 1);
	seen = rdv_load_sc(word);
	if (seen & m->bit)
		ret = rdv_wait(m, word, seen, m->bit, deadline);
	rdv_store_rlx(&m->asleep, 0);
	return ret;
}

/*
 * As long as patience lets it, whoever has a CPU may go first.  So an isolator that is
 * awake looks now and then whether the gate is open, before it queues.  Back-to-back
 * rounds of a thread then go on at its own speed, with no lines passed back and forth.  It
 * stops if no round ends for a while: what a hand-over costs is lost in a long one.
 *
 * [LINGER] Who opens the gate meanwhile need not wake the held, as we shall: we are
 * going to have a round that ends, or to be held ourselves, or to be barred, and look at
 * asleep then.  We count ourselves in, then out, then look; who relies on us opened the
 * gate, then saw us counted.
 */
static bool linger(struct rdv_member *m, const struct timespec *deadline)
{
	rdv_domain *d = m->domain;
	uint32_t round = rdv_load_rlx(&d->ctl) / RDV_CTL_ROUND, ctl;
	struct rdv_spin spin;
	bool mine;

	if (!rdv_spin_begin(&spin, d, RDV_SPIN_LINGER, deadline))
		return false;
	rdv_add_sc(&d->lingering, 1);
	while (!(mine = rdv_take(m))) {
		ctl = rdv_load_rlx(&d->ctl);
		if (ctl / RDV_CTL_ROUND != round)
			rdv_spin_prolong(&spin);
		round = ctl / RDV_CTL_ROUND;
		if ((rdv_ctl_open(ctl) && !rdv_may_open(d)) || !rdv_spin_once(&spin))
			break;
	}
	rdv_sub_sc(&d->lingering, 1);
	rdv_spin_end(&spin);
	return mine;
}

/*
 * Parks, and waits in want_rdv[] for the token; 0: has it, -ETIMEDOUT: has not.
 * Either way it is still parked.
 */
static int enqueue(struct rdv_member *m, const struct timespec *deadline)
{
	rdv_domain *d = m->domain;
	rdv_word *word = &d->want_rdv[m->word];
	bool barred = false, mine;
	struct rdv_spin spin;
	int ret = 0;

	rdv_park(m);
	if (linger(m, deadline)) {
		rdv_record_round(m);
		d->gathered = false;
		return 0;
	}
	rdv_or_sc(word, m->bit);
	rdv_spin_begin(&spin, d, RDV_SPIN_QUEUE, deadline);
	/* [TOKEN] a clear bit hands it over, with all that the predecessors did */
	while (!(mine = !(rdv_load_sc(word) & m->bit))) {
		if (!covered(m, &barred) || rdv_spin_once(&spin))
			continue;
		if (ret == -ETIMEDOUT)
			break;
		ret = sleep_queued(m, deadline);
		if (rdv_load_sc(word) & m->bit) {
			rdv_spin_end(&spin);
			rdv_spin_begin(&spin, d, RDV_SPIN_EARLY, deadline);
		}
	}
	rdv_spin_end(&spin);
	/* who clears the bit decides: a predecessor may have been faster */
	if (!mine)
		mine = !(rdv_and_sc(word, ~m->bit) & m->bit);
	if (barred)
		rdv_sub_sc(&d->barred, 1);
	return mine ? 0 : ret;
}

/*
 * The owner, parked, sees to it that its name is on the gate, and runs.  With the
 * name there a handler takes it for the owner, so waiting can go; and it must, before
 * we run, as it lets a handler leave us parked.
 */
static void take_office(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	uint32_t ctl = rdv_load_rlx(&d->ctl);

	while (!rdv_owns(m) && !rdv_cas_sc(&d->ctl, &ctl, rdv_ctl_owned(ctl, m)))
		; /* somebody set MORE, or the predecessor did it */
	rdv_signal_fence();
	rdv_store_rlx(&m->waiting, 0);
	rdv_signal_fence();
	rdv_xchg_sc(&m->self.state, RDV_STATE_RUNNING);
	rdv_and_sc(&d->harmless[m->word], ~m->bit);
	rdv_store_rlx(&m->self.parked, 0);
}

/* ----------------------------------------------------------------------- calls */

/*
 * The gate is closed, a held thread is due first, or we are harmless: queues.
 * *gathered: the predecessor was alone, so we are.  waiting is set for as long as
 * a handler may find us parked; from then on it finds us the owner.
 */
static int isolate_slow(struct rdv_member *m, const struct timespec *deadline,
			bool *gathered)
{
	int ret;

	rdv_store_rlx(&m->waiting, 1);
	rdv_signal_fence();
	rdv_wait_begin(m, RDV_WAIT_QUEUE);
	ret = enqueue(m, deadline);
	rdv_wait_end(m);
	if (ret) {
		rdv_leave(m, NULL);
		return ret;
	}
	*gathered = m->domain->gathered;
	take_office(m);
	return 0;
}

static int isolate(const char *call, struct rdv_member *m,
		   const struct timespec *deadline)
{
	bool gathered = false;
	int ret;

	(void)call; /* who asks, for the checks */
	rdv_must_own(call, m);
	if (m->depth) {
		m->depth++;
		return 0;
	}
	rdv_must_have_no_locks(call, m);
	rdv_record_asked(m);
	if (rdv_load_rlx(&m->self.state) != RDV_STATE_RUNNING || !rdv_take(m)) {
		ret = isolate_slow(m, deadline, &gathered);
		if (ret)
			return ret;
	} else {
		rdv_record_round(m);
	}
	if (!gathered && !gather(m, deadline)) {
		rdv_give_up(m, m->id);
		return -ETIMEDOUT;
	}
	m->depth = 1;
	rdv_record_isolated(m);
	return 0;
}

void rdv_isolate(rdv_thread *self)
{
	isolate("rdv_isolate", rdv_member_of(self), NULL);
}

int rdv_isolate_until(rdv_thread *self, const struct timespec *deadline)
{
	struct rdv_member *m = rdv_member_of(self);
	int ret;

	if (!rdv_deadline_valid(deadline))
		return -EINVAL;
	rdv_wait_may_give_up(m, true);
	ret = isolate("rdv_isolate_until", m, deadline);
	rdv_wait_may_give_up(m, false);
	if (ret)
		rdv_record_failed(m, false);
	return ret;
}

int rdv_isolate_try(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);

	rdv_must_own("rdv_isolate_try", m);
	if (m->depth) {
		m->depth++;
		return 0;
	}
	rdv_record_asked(m);
	if (rdv_load_rlx(&self->state) != RDV_STATE_RUNNING || !rdv_take(m)) {
		rdv_record_failed(m, true);
		return -EBUSY;
	}
	rdv_record_round(m);
	if (!gather(m, &rdv_do_not_wait)) {
		rdv_record_failed(m, true);
		rdv_give_up(m, m->id);
		return -EBUSY;
	}
	m->depth = 1;
	rdv_record_isolated(m);
	return 0;
}

static void wake_the_first(struct rdv_member *m)
{
	uint64_t begin = rdv_record_now(m->domain);

	rdv_wake_held_now(m->domain);
	rdv_record_release(m, begin);
}

/*
 * With nobody queued one compare-and-swap ends the round.  Else we are harmless
 * before we pass the token on, and held, like everybody else, until the round is
 * over.
 */
void rdv_release(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);
	rdv_domain *d = m->domain;
	uint32_t ctl = rdv_load_rlx(&d->ctl);
	uint64_t begin;

	rdv_must_own("rdv_release", m);
	rdv_must_be(m->depth, "rdv_release", m, "is not isolated");
	if (!m->depth || --m->depth)
		return;
	rdv_record_released(m);
	if (!(ctl & RDV_CTL_MORE) && rdv_cas_sc(&d->ctl, &ctl, rdv_ctl_next_round(ctl))) {
		if (rdv_held_to_wake(d))
			wake_the_first(m);
		rdv_record_round_end(m);
		return;
	}
	begin = rdv_record_now(d);
	rdv_store_rlx(&m->waiting, 1);
	rdv_signal_fence();
	rdv_park(m);
	rdv_pass(m, true, m->id);
	rdv_leave(m, NULL);
	rdv_record_release(m, begin);
}

bool rdv_isolated(const rdv_thread *self)
{
	return rdv_member_of(self)->depth != 0;
}
