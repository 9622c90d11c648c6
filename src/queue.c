/* SPDX-License-Identifier: MIT */
/*
 * The queue: isolators that want the token.  They sleep on want_rdv[], and the owner
 * passes the token to one of them, or ends the round.
 *
 * See domain.h for the words and doc/design.md for the argument.
 */
#include "domain.h"
#include "futex.h"
#include "inside/record.h"
#include "spin.h"
#include "wait.h"

#include <errno.h>

/* ------------------------------------------------------------------ the token */

/* The next isolator in the order of ids, beginning after the given one, or NULL. */
static struct rdv_member *next_queued(const rdv_domain *d, uint32_t id)
{
	uint32_t words = rdv_load_sc(&d->words);
	uint32_t first = id / RDV_WORD_BITS, bit = 1u << id % RDV_WORD_BITS;
	uint32_t after = ~(bit | (bit - 1));
	uint32_t i, word, found;

	for (i = 0; i <= words; i++) {
		word = (first + i) % words;
		found = rdv_load_sc(&d->want_rdv[word]);
		found &= i == 0 ? after : i == words ? ~after : ~0u;
		if (found)
			return d->member[word * RDV_WORD_BITS +
					 (uint32_t)__builtin_ctz(found)];
	}
	return NULL;
}

/*
 * Opens a round, if none is on and no held thread is due first.
 * [GATE] closes the gate before the leader reads anybody's state.
 */
bool rdv_take(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	uint32_t ctl = rdv_load_rlx(&d->ctl); /* (b) */

	if (!rdv_ctl_open(ctl) || !rdv_may_open(d) ||
	    !rdv_cas_sc(&d->ctl, &ctl, rdv_ctl_owned(ctl, m)))
		return false;
	rdv_record_round(m);
	return true;
}

/*
 * Writes the new owner's name on the gate, unless it has done so itself.  It may by
 * then have passed the token on, but not back to us.
 */
static void rename_owner(const struct rdv_member *from, const struct rdv_member *to)
{
	rdv_word *word = &from->domain->ctl;
	uint32_t ctl = rdv_load_rlx(word); /* (b) */

	while ((ctl & RDV_CTL_OWNER) == rdv_ctl_name(from) &&
	       !rdv_cas_sc(word, &ctl, rdv_ctl_owned(ctl, to)))
		;
}

static void wake_queued(struct rdv_member *from, const struct rdv_member *to)
{
	rdv_record_wake(from);
	rdv_futex_wake(&to->domain->want_rdv[to->word], 1, to->bit);
}

/*
 * [TOKEN] Clearing the bit hands over the token, with all that the predecessors did.
 * False if the isolator has withdrawn: it clears its bit by itself.
 */
static bool hand_over(struct rdv_member *from, struct rdv_member *to)
{
	rdv_word *word = &to->domain->want_rdv[to->word];

	if (!(rdv_and_sc(word, ~to->bit) & to->bit))
		return false;
	rename_owner(from, to);
	/* [QUEUE-SLEEP] Dekker: it sets asleep, then reads its bit. */
	if (rdv_load_sc(&to->asleep))
		wake_queued(from, to);
	return true;
}

/*
 * Wakes the isolator after the next one, so that it comes awake while the next one is
 * isolated.  It sees its bit still set, and spins.  We are parked, so nobody waits for us.
 */
static void wake_early(struct rdv_member *from, const struct rdv_member *next)
{
	struct rdv_member *after;

	if (!rdv_spin_pays(from->domain, RDV_SPIN_EARLY))
		return;
	after = next_queued(from->domain, next->id);
	if (after && rdv_load_sc(&after->asleep))
		wake_queued(from, after);
}

/*
 * The owner passes the token on, or ends the round if nobody is queued; [OPEN] the
 * swap carries all that the isolators of the round did to whoever sees the gate
 * open.  The successor is the next one in the order of ids after the given one.
 * gathered: no other thread is running, nor is the caller, which is parked; so the
 * successor need not look.
 *
 * [MORE] Dekker: an isolator sets its bit, then reads ctl and sets MORE unless it
 * is set; we clear MORE, then read the bits.  So none is left behind by the
 * compare-and-swap that opens the gate, which fails if MORE is set again.
 */
void rdv_pass(struct rdv_member *m, bool gathered, uint32_t after)
{
	rdv_domain *d = m->domain;
	uint32_t ctl = rdv_load_rlx(&d->ctl); /* (b) */
	struct rdv_member *next;

	for (;;) {
		if (!(ctl & RDV_CTL_MORE)) {
			if (!rdv_cas_sc(&d->ctl, &ctl, rdv_ctl_next_round(ctl)))
				continue;
			rdv_wake_held(d);
			rdv_record_round_end(m);
			return;
		}
		next = next_queued(d, after);
		if (next) {
			d->gathered = gathered;
			if (hand_over(m, next)) {
				if (gathered)
					wake_early(m, next);
				return;
			}
			continue;
		}
		rdv_and_sc(&d->ctl, ~RDV_CTL_MORE);
		if (next_queued(d, after))
			rdv_or_sc(&d->ctl, RDV_CTL_MORE);
		ctl = rdv_load_sc(&d->ctl);
	}
}

/*
 * The caller has taken the token for those who were barred: after which id to begin.
 * They take turns at being the first, because the last of them may then open one
 * round after another, for as long as patience lets it.
 */
uint32_t rdv_before_barred(rdv_domain *d)
{
	uint32_t after = d->served;
	struct rdv_member *first = next_queued(d, after);

	if (first)
		d->served = first->id;
	return after;
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
static bool covered(struct rdv_member *m)
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
	if (m->barred)
		return true;
	m->barred = true;
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
	rdv_store_rlx(&m->asleep, 0); /* (d) */
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
	uint32_t round = rdv_load_rlx(&d->ctl) / RDV_CTL_ROUND, ctl; /* (d) */
	struct rdv_spin spin;
	bool mine;

	if (!rdv_spin_begin(&spin, d, RDV_SPIN_LINGER, deadline))
		return false;
	rdv_add_sc(&d->lingering, 1);
	while (!(mine = rdv_take(m))) {
		ctl = rdv_load_rlx(&d->ctl); /* (d) */
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

/* True: a predecessor has been faster, so the token is its own.  Who clears the bit decides. */
static bool withdraw(struct rdv_member *m)
{
	return !(rdv_and_sc(&m->domain->want_rdv[m->word], ~m->bit) & m->bit);
}

static void barred_no_more(struct rdv_member *m)
{
	if (m->barred)
		rdv_sub_sc(&m->domain->barred, 1);
	m->barred = false;
}

/*
 * Waits, parked, in want_rdv[] for the token; 0: has it, -ETIMEDOUT: has not.
 */
int rdv_enqueue(struct rdv_member *m, const struct timespec *deadline)
{
	rdv_domain *d = m->domain;
	rdv_word *word = &d->want_rdv[m->word];
	struct rdv_spin spin;
	bool mine;
	int ret = 0;

	if (linger(m, deadline)) {
		d->gathered = false;
		return 0;
	}
	rdv_or_sc(word, m->bit);
	rdv_spin_begin(&spin, d, RDV_SPIN_QUEUE, deadline);
	/* [TOKEN] a clear bit hands it over, with all that the predecessors did */
	while (!(mine = !(rdv_load_sc(word) & m->bit))) {
		if (!covered(m) || rdv_spin_once(&spin))
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
	mine = mine || withdraw(m);
	barred_no_more(m);
	return mine ? 0 : ret;
}

static void write_own_name(const struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	uint32_t ctl = rdv_load_rlx(&d->ctl); /* (b) */

	while (!rdv_owns(m) && !rdv_cas_sc(&d->ctl, &ctl, rdv_ctl_owned(ctl, m)))
		; /* somebody set MORE, or the predecessor did it */
}

/*
 * The thread ends in on_stall, called in sleep_queued(), which it will not return to.  It
 * stays parked.  If the token has been passed to it, it passes that on.
 */
void rdv_leave_queue(struct rdv_member *m)
{
	rdv_store_rlx(&m->asleep, 0); /* (d) */
	if (withdraw(m)) {
		write_own_name(m);
		rdv_pass(m, m->domain->gathered, m->id);
	}
	barred_no_more(m);
}

/*
 * The owner, parked, sees to it that its name is on the gate, and runs.  With the
 * name there a handler takes it for the owner, so shielded can go; and it must, before
 * we run, as it lets a handler leave us parked.
 */
void rdv_take_office(struct rdv_member *m)
{
	write_own_name(m);
	rdv_shield_off(m);
	rdv_xchg_sc(&m->self.state, RDV_STATE_RUNNING);
	rdv_and_sc(&m->domain->harmless[m->word], ~m->bit);
	rdv_store_rlx(&m->self.parked, 0); /* (a) */
}
