/* SPDX-License-Identifier: MIT */
/*
 * Rounds of asking: whether every thread has been harmless since.
 *
 * A round of asking sends each running thread through the slow path of its next harmless
 * call or checkpoint.  There the thread answers.  The round is over when all have answered.
 * One is on at a time, and serves each thread that began to wait for a grace period before it.
 *
 *	grace     is                                        changed by
 *	2 n       n rounds of asking are over, none is on   the last thread that answers
 *	2 n + 1   another one is on                         the thread that begins it
 *
 * The thread that begins a round answers for the threads that it finds harmless.  It needs
 * nobody to go on: the threads end the round by themselves.
 *
 *	a bit of owing[]  is set by    the thread that begins the round, for each that is not
 *	                               parked, before it looks at that one's state
 *	                  is cleared   by the thread, when it is harmless, starts to run or is at
 *	                               a checkpoint; or by the thread that began, if this
 *	                               finds it harmless.  Each that clears bits subtracts
 *	                               their number from owed
 *
 * See domain.h for the words and doc/design.md for the argument.
 */
#include "domain.h"
#include "fence.h"
#include "futex.h"
#include "inside/record.h"

#include <limits.h>

/* ---------------------------------------------------------------------- answering */

/*
 * [GRACE-SLEEP] Dekker: a thread that waits counts itself in graces_asleep, then reads graces
 * and grace; we change grace and graces, then read graces_asleep.
 */
static void end_asking(struct rdv_member *m, bool answers)
{
	rdv_domain *d = m->domain;

	rdv_record_grace_end(m, answers);
	rdv_and_sc(&d->ctl, ~RDV_GATE_ASKED);
	rdv_add_sc(&d->grace, 1);
	rdv_add_sc(&d->graces, 1);
	if (!rdv_load_sc(&d->graces_asleep))
		return;
	rdv_record_wake(m);
	rdv_futex_wake(&d->graces, INT_MAX, RDV_FUTEX_ANY);
}

/* Counts out as many answers: that of m, if it answers; or those of the threads that it has
 * found harmless, and its own count. */
static void settle(struct rdv_member *m, uint32_t n, bool answers)
{
	if (rdv_sub_sc(&m->domain->owed, n) == n)
		end_asking(m, answers);
}

bool rdv_owes(const struct rdv_member *t)
{
	return rdv_load_sc(&t->domain->owing[t->word]) & t->bit;
}

/* How many of these have owed until now: nobody else has answered for them. */
static uint32_t clear_owing(rdv_domain *d, uint32_t word, uint32_t bits)
{
	return (uint32_t)__builtin_popcount(rdv_and_sc(&d->owing[word], ~bits) & bits);
}

/*
 * The calling thread is at a harmless point: it has published that it is harmless, or is
 * about to run, or is at a checkpoint.  If it owes an answer, this is it.
 *
 * [ASKED] Dekker: we write our state, then read ctl and owing[]; the thread that asks
 * writes both, then reads our state.  [ANSWER] carries what we did before to those that wait.
 *
 * Shielded: a handler that is held between the two would keep those that wait.  It leaves the
 * thread parked, and the callers see to that.
 */
void rdv_answer(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	bool shielded = rdv_shielded(m);

	if (!(rdv_load_sc(&d->ctl) & RDV_GATE_ASKED) || !rdv_owes(m))
		return;
	rdv_shield_on(m);
	if (clear_owing(d, m->word, m->bit))
		settle(m, 1, true);
	if (!shielded)
		rdv_shield_off(m);
}

/* ------------------------------------------------------------------------- asking */

/*
 * Each thread owes that is not parked.  [ASKED] the bits are there before we read the states:
 * a thread that becomes harmless between the two finds its bit.
 */
static void ask_all(rdv_domain *d)
{
	uint32_t word, words = rdv_load_sc(&d->words), owing;

	for (word = 0; word < words; word++) {
		owing = ~rdv_load_sc(&d->harmless[word]);
		if (!owing)
			continue;
		rdv_add_sc(&d->owed, (uint32_t)__builtin_popcount(owing));
		rdv_store_sc(&d->owing[word], owing);
	}
}

/*
 * Which of these threads are harmless.  [ASKED] the bit and the state, after all that was
 * written.  A thread that has its bit still set, and is RUNNING, has not looked at ctl yet: it
 * will see what we did.
 */
static uint32_t harmless_of(const rdv_domain *d, uint32_t word, uint32_t bits)
{
	struct rdv_member *t;
	uint32_t harmless = 0;

	for (; bits; bits &= bits - 1) {
		t = d->member[word * RDV_WORD_BITS + (uint32_t)__builtin_ctz(bits)];
		if (rdv_is_harmless(t))
			harmless |= t->bit;
	}
	return harmless;
}

/*
 * Clears the bits of those that are harmless.  Returns how many: the caller counts them out.  A
 * thread that was harmless when we looked, and runs by now, may have answered since: then its
 * bit is clear.
 */
static uint32_t answer_for_the_harmless(rdv_domain *d)
{
	uint32_t word, words = rdv_load_sc(&d->words), harmless, n = 0;

	for (word = 0; word < words; word++) {
		harmless = harmless_of(d, word, rdv_load_sc(&d->owing[word]));
		if (harmless)
			n += clear_owing(d, word, harmless);
	}
	return n;
}

/*
 * Begins a round of asking, unless one is on.  The caller is shielded: if it were held here
 * nobody could ask.
 *
 * [GRACE] the swap of grace acquires what those did that have drawn their grace before, and
 * that of ctl releases it.
 */
void rdv_ask(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	uint64_t grace = rdv_load_sc(&d->grace);
	uint32_t answered;

	if (grace & 1 || !rdv_cas_sc(&d->grace, &grace, grace + 1))
		return;
	rdv_store_rlx(&d->owed, 1); /* (f) */
	rdv_or_sc(&d->ctl, RDV_GATE_ASKED);
	ask_all(d);
	if (d->biased) {
		rdv_fence_all();
		rdv_record_fence(d);
	}
	answered = answer_for_the_harmless(d) + 1;
	rdv_record_grace_begin(m, answered);
	settle(m, answered, false);
}

/*
 * What grace will be when a round of asking is over that has not begun yet.  [GRACE] a
 * read-modify-write, so that the thread that begins that round sees what we did before.
 */
uint64_t rdv_grace_next(rdv_domain *d)
{
	return (rdv_or_sc(&d->grace, 0) + 3) / 2 * 2;
}

/* [ANSWER] what everybody did before it answered */
bool rdv_grace_reached(const rdv_domain *d, uint64_t grace)
{
	return rdv_load_sc(&d->grace) >= grace;
}
