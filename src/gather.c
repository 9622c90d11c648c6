/* SPDX-License-Identifier: MIT */
/*
 * Gathering: the leader waits until all other threads are harmless.  It sleeps on
 * gathering, and the last one that it waits for wakes it.
 *
 * See domain.h for the words and doc/design.md for the argument.
 */
#include "domain.h"
#include "fence.h"
#include "futex.h"
#include "inside/record.h"
#include "spin.h"
#include "wait.h"

#include <errno.h>

/* ------------------------------------------------------------------- gathering
 *
 * The owner has closed the gate.  From here on a thread that it has seen harmless stays
 * so: the thread may go through RUNNING on its way out, but it finds the gate closed and
 * parks again.  So the owner looks at each thread once.  What is left to wait for is a
 * set, awaited[], that only shrinks.
 */

/* True if every bit but our own is set.  We are the owner, so our own does not matter. */
static bool all_bits_set(const struct rdv_member *m)
{
	const rdv_domain *d = m->domain;
	uint32_t word, words = rdv_load_sc(&d->words);
	uint32_t all = ~0u;

	for (word = 0; word < words; word++)
		all &= rdv_load_sc(&d->harmless[word]) | (word == m->word ? m->bit : 0);
	return all == ~0u;
}

/*
 * Whether a thread whose bit is clear is harmless all the same.  If its fast path has
 * made it harmless, park it in its place: then neither we nor a later leader need look at
 * it again.  If the swap succeeds, the thread's own exchange will return PARKED and send
 * it through step_out(), which clears the bit.  If the swap fails, the thread has left,
 * and will find the gate closed.
 *
 * [GATE] We read the state, seq_cst, after the gate was closed.  [PARK] acquire: what the
 * thread did before it became harmless.  [LENT] We set the bit before we open the gate
 * again.
 *
 * A biased thread makes plain stores, and would not notice that it was parked.  So its
 * bit stays clear.
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
static RDV_SLOW_PATH bool look_around(const struct rdv_member *m)
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
		rdv_store_rlx(&d->awaited[word], awaited); /* (f) */
		any |= awaited;
	}
	return any != 0;
}

/*
 * Looks for a thread of awaited[] that is not harmless yet.  Returns 0, or 1 + the lowest
 * such id.
 */
static uint32_t anybody_missing(const rdv_domain *d)
{
	uint32_t word, words = rdv_load_sc(&d->words);
	uint32_t missing;

	for (word = 0; word < words; word++) {
		missing = rdv_load_rlx(&d->awaited[word]) & /* (f) */
			  ~rdv_load_sc(&d->harmless[word]);
		if (missing)
			return word * RDV_WORD_BITS + (uint32_t)__builtin_ctz(missing) +
			       1;
	}
	return 0;
}

/*
 * Wakes the leader if the calling thread, which has just published itself, is the last
 * one that the leader waits for.  The thread that swaps gathering does the waking, so
 * only one does.
 *
 * [GATHER-SLEEP] Dekker: the leader sets gathering, then reads harmless[]; we set our bit
 * in harmless[], then read gathering.  awaited[] was written before gathering.  awaited[]
 * may be a former leader's by now.  Then the new leader has not read harmless[] yet, and
 * a wake-up for the old one does no harm.
 *
 * The thread is shielded: if a handler waited between the swap and the wake-up, it would
 * wait for the leader, and the leader for us.  The handler leaves the thread parked, as
 * rdv_park() has.  The callers of rdv_park() either stay parked or go on to rdv_leave().
 */
void rdv_tell_leader(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	uint32_t gathering = rdv_load_sc(&d->gathering);
	bool shielded = rdv_shielded(m);

	if (!gathering || anybody_missing(d))
		return;
	rdv_shield_on(m);
	if (rdv_cas_sc(&d->gathering, &gathering, 0)) {
		rdv_record_last(m, gathering);
		rdv_futex_wake(&d->gathering, 1, RDV_FUTEX_ANY);
	}
	if (!shielded)
		rdv_shield_off(m);
}

/* True if the owner is alone.  False if it has to wait for awaited[]. */
bool rdv_all_harmless(struct rdv_member *m)
{
	return all_bits_set(m) || !look_around(m);
}

static uint32_t count_awaited(const rdv_domain *d)
{
	uint32_t word, words = rdv_load_sc(&d->words), n = 0;

	for (word = 0; word < words; word++)
		n += (uint32_t)__builtin_popcount(
			rdv_load_rlx(&d->awaited[word])); /* (a) */
	return n;
}

/*
 * Waits until every thread of awaited[] is harmless.  False if the deadline passed first.
 *
 * [GATHER-SLEEP] The thread that sets the last of the bits wakes us: it sets the bit,
 * then reads gathering; we set gathering, then read the bits.  We do not sleep on a word
 * of harmless[]: its other bits change all the time, and each change would send us
 * through this loop once more.
 */
bool rdv_await(struct rdv_member *m, const struct timespec *deadline)
{
	rdv_domain *d = m->domain;
	uint32_t gathering = rdv_load_rlx(&d->ctl); /* (a) */
	struct rdv_spin spin;
	uint32_t missing, last = 0;
	bool slept = false;
	int ret = 0;

	rdv_wait_begin(m, RDV_WAIT_GATHER);
	rdv_spin_begin(&spin, d, rdv_spin_for(d, count_awaited(d)), deadline);
	while ((missing = anybody_missing(d)) && rdv_spin_once(&spin))
		last = missing;
	rdv_spin_end(&spin);

	while (missing && ret != -ETIMEDOUT && ret != -ECANCELED) {
		last = missing;
		slept = true;
		rdv_store_sc(&d->gathering, gathering);
		if (anybody_missing(d))
			ret = rdv_wait(m, &d->gathering, gathering, RDV_FUTEX_ANY,
				       deadline);
		missing = anybody_missing(d);
	}
	if (!missing)
		rdv_record_delay(m, slept ? gathering : 0, last);
	rdv_store_rlx(&d->gathering, 0); /* (d) */
	rdv_wait_end(m);
	return !missing;
}

/*
 * The thread ends in on_stall, which rdv_await() called, and does not return there.  It
 * still has the token.
 */
void rdv_leave_await(struct rdv_member *m)
{
	rdv_store_rlx(&m->domain->gathering, 0); /* (d) */
}
