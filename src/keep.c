/* SPDX-License-Identifier: MIT */
/*
 * One thread kept harmless, or each in turn, while the others go on.
 *
 * A keeper claims a thread.  A claim is the gate in miniature, for one thread: while the
 * thread has it, the thread does not become running.  Claims are made and given back under
 * the registry lock; the threads themselves look at them without it.
 *
 *	kept[id]   is                by            when
 *	0          keeper's id + 1   the keeper    claim()
 *	...        and SLEEPS        the thread    it is about to sleep until it is let go
 *	...        0                 the keeper    give_back(); it wakes the thread
 *
 *	told[id]   is                by            when
 *	0          1                 the keeper    it is going to look at those it has claimed
 *	1          0                 its waker     a claimed thread has parked; a claim was given
 *	                                           back, or a thread has left, and the keeper is
 *	                                           in refused[]
 *
 * A thread that has claimed others itself cannot be claimed, so no circle of keepers can
 * form.  A keeper that may not claim waits, harmless and without that claim, until one is given
 * back, or a thread has left.
 *
 * See domain.h for the words and doc/design.md for the argument.
 */
#include "domain.h"
#include "clock.h"
#include "fence.h"
#include "futex.h"
#include "inside/record.h"
#include "spin.h"
#include "wait.h"

#include <errno.h>
#include <rdv/handshake.h>

/* The threads that are still to be kept: a part of a mask. */
struct todo {
	uint32_t first, end; /* words */
	uint32_t *mask;      /* from the word first on */
};

/* ------------------------------------------------------------------------- claims
 *
 * All with the registry locked.
 */

static bool is_member(const rdv_domain *d, uint32_t id)
{
	return d->registered[id / RDV_WORD_BITS] & 1u << id % RDV_WORD_BITS;
}

static bool is_mine(const struct rdv_member *m, uint32_t id)
{
	return (rdv_load_rlx(&m->domain->kept[id]) & RDV_KEPT_BY) == m->id + 1; /* (e) */
}

/*
 * False: another thread has claimed it, or it has claimed one itself.
 *
 * [KEPT] Dekker: we write kept[] and ctl, then read its bit and state; it writes these, then
 * reads ctl and kept[].  If ctl has its bit already, the thread that set it had the lock before.
 */
static bool claim(struct rdv_member *m, struct rdv_member *t)
{
	rdv_domain *d = m->domain;

	if (rdv_load_rlx(&d->kept[t->id]) || t->claims) /* (e) */
		return false;
	rdv_store_sc(&d->kept[t->id], m->id + 1);
	m->claims++;
	if (!d->claims++)
		rdv_or_sc(&d->ctl, RDV_GATE_KEPT);
	return true;
}

static void tell_refused(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	uint32_t word, words = rdv_load_rlx(&d->words), refused; /* (e) */

	for (word = 0; word < words; word++) {
		refused = d->refused[word];
		d->refused[word] = 0;
		for (; refused; refused &= refused - 1)
			rdv_tell(m,
				 word * RDV_WORD_BITS + (uint32_t)__builtin_ctz(refused));
	}
}

/*
 * [LET-GO] the thread, and its next keeper, see what we did.  [KEPT-SLEEP] the thread
 * sets SLEEPS in the word that it sleeps on, so our swap sees it, or the kernel finds the word
 * changed.
 */
static void give_back(struct rdv_member *m, uint32_t id)
{
	rdv_domain *d = m->domain;
	rdv_word *kept = &d->kept[id];

	m->claims--;
	rdv_tsan_release(&d->ctl);
	if (rdv_xchg_sc(kept, 0) & RDV_KEPT_SLEEPS) {
		rdv_record_wake(m);
		rdv_futex_wake(kept, 1, RDV_FUTEX_ANY);
	}
	if (!--d->claims)
		rdv_and_sc(&d->ctl, ~RDV_GATE_KEPT);
	tell_refused(m);
}

static void give_back_all(struct rdv_member *m)
{
	uint32_t id, ids = rdv_load_rlx(&m->domain->words) * RDV_WORD_BITS; /* (e) */

	for (id = 0; m->claims && id < ids && id < m->domain->max_threads; id++)
		if (is_mine(m, id))
			give_back(m, id);
}

/*
 * The thread has left the domain, and keeps nobody any more.  If it is kept itself its claim
 * stays, so that no other thread gets its id before its keeper has let go.  All that were refused
 * are told: some may have wanted this thread.
 */
void rdv_keeper_left(struct rdv_member *m)
{
	give_back_all(m);
	m->keeps = 0;
	rdv_store_rlx(&m->domain->told[m->id], 0); /* (d) it may have ended in on_stall */
	m->domain->refused[m->word] &= ~m->bit;
	tell_refused(m);
}

/* ------------------------------------------------------------------------ looking */

/* The lowest id of todo that is not below id, or -1. */
static int next_of(const struct todo *todo, uint32_t id)
{
	uint32_t word = id / RDV_WORD_BITS, rest;

	if (word < todo->first)
		return next_of(todo, todo->first * RDV_WORD_BITS);
	for (; word < todo->end; word++) {
		rest = todo->mask[word - todo->first];
		if (word == id / RDV_WORD_BITS)
			rest &= ~0u << id % RDV_WORD_BITS;
		if (rest)
			return (int)(word * RDV_WORD_BITS +
				     (uint32_t)__builtin_ctz(rest));
	}
	return -1;
}

static void strike(const struct todo *todo, uint32_t id)
{
	todo->mask[id / RDV_WORD_BITS - todo->first] &= ~(1u << id % RDV_WORD_BITS);
}

/* Claims those that it may, and strikes out those that have left.  True: some are new. */
static bool claim_some(struct rdv_member *m, const struct todo *todo)
{
	rdv_domain *d = m->domain;
	uint32_t before = m->claims;
	bool refused = false;
	int id;

	for (id = next_of(todo, 0); id >= 0; id = next_of(todo, (uint32_t)id + 1)) {
		if (is_member(d, (uint32_t)id)) {
			if (!is_mine(m, (uint32_t)id) && !claim(m, d->member[id]))
				refused = true;
			continue;
		}
		strike(todo, (uint32_t)id);
		if (is_mine(m, (uint32_t)id)) {
			give_back(m, (uint32_t)id);
			before--;
		}
	}
	d->refused[m->word] &= ~m->bit;
	if (refused)
		d->refused[m->word] |= m->bit;
	return m->claims != before;
}

/* The id of one that is claimed and harmless. -EBUSY: none is. -ESRCH: all have left. */
static int look(struct rdv_member *m, const struct todo *todo)
{
	rdv_domain *d = m->domain;
	int ret = -ESRCH, id;
	bool claimed;

	rdv_lock(&d->registry);
	claimed = claim_some(m, todo);
	rdv_store_sc(&d->told[m->id], 1);
	if (claimed && d->biased) {
		rdv_fence_all();
		rdv_record_fence(d);
	}
	for (id = next_of(todo, 0); id >= 0; id = next_of(todo, (uint32_t)id + 1)) {
		ret = -EBUSY;
		if (is_mine(m, (uint32_t)id) && rdv_is_harmless(d->member[id])) {
			rdv_tsan_acquire(&d->member[id]->self.state);
			ret = id;
			break;
		}
	}
	rdv_unlock(&d->registry);
	return ret;
}

/* ------------------------------------------------------------------------ waiting */

/* [TOLD] told is set before we look; the kernel finds it changed if we were told since. */
static int sleep_untold(struct rdv_member *m, const struct timespec *deadline)
{
	rdv_domain *d = m->domain;
	const rdv_word *told = &d->told[m->id];
	struct rdv_spin spin;
	bool sleep;

	rdv_spin_begin(&spin, d, rdv_spin_for(d, m->claims), deadline);
	while ((sleep = rdv_load_sc(told)) && rdv_spin_once(&spin))
		;
	rdv_spin_end(&spin);
	return sleep ? rdv_wait(m, told, 1, RDV_FUTEX_ANY, deadline) : 0;
}

/*
 * Waits until one of them is claimed and harmless, and returns its id; or an error, as look()
 * or -ETIMEDOUT.  The caller is shielded.  It waits parked, as threads that wait for one
 * another must.
 */
static int await_one(struct rdv_member *m, const struct todo *todo, bool at_once,
		     const struct timespec *deadline)
{
	rdv_word *told = &m->domain->told[m->id];
	bool waits = false;
	int found, ret = 0;

	while ((found = look(m, todo)) == -EBUSY) {
		if (at_once)
			break;
		if (ret == -ETIMEDOUT || ret == -ECANCELED) {
			found = -ETIMEDOUT;
			break;
		}
		if (!waits) {
			rdv_park(m);
			rdv_wait_begin(m, RDV_WAIT_KEEP);
			waits = true;
		}
		ret = sleep_untold(m, deadline);
	}
	if (waits)
		rdv_wait_end(m);
	rdv_store_rlx(told, 0); /* (d) */
	return found;
}

/* -------------------------------------------------------------------------- calls */

/* Gives a claim back, and ceases to wait for others. */
static void let_go(struct rdv_member *m, uint32_t id)
{
	rdv_domain *d = m->domain;
	struct rdv_shield shield;

	rdv_shield(m, &shield);
	rdv_lock(&d->registry);
	d->refused[m->word] &= ~m->bit;
	if (is_mine(m, id)) /* not in the child of a fork() */
		give_back(m, id);
	rdv_unlock(&d->registry);
	rdv_unshield(m, &shield);
}

static int keep(struct rdv_member *m, unsigned id, bool at_once,
		const struct timespec *deadline)
{
	uint32_t bit = 1u << id % RDV_WORD_BITS;
	struct todo todo = {id / RDV_WORD_BITS, id / RDV_WORD_BITS + 1, &bit};
	struct rdv_shield shield;
	int found;

	if (m->keeps || id == m->id)
		return -EDEADLK;
	if (!rdv_runs(m) || m->depth)
		return -EPERM;
	if (id >= m->domain->max_threads)
		return -ESRCH;
	rdv_shield(m, &shield);
	m->keeps = (uint16_t)(RDV_KEEPS_NOT_YET | (id + 1));
	found = await_one(m, &todo, at_once, deadline);
	if (found < 0)
		let_go(m, id);
	rdv_unshield(m, &shield);
	m->keeps = found < 0 ? 0 : (uint16_t)(id + 1);
	return found < 0 ? found : 0;
}

int rdv_keep(rdv_thread *self, unsigned id)
{
	struct rdv_member *m = rdv_member_of(self);

	rdv_must_own(m);
	rdv_must_not_wait(m);
	rdv_must_be(!m->keeps, m, RDV_KEEPS_ONE);
	rdv_must_be_unlocked(m);
	return keep(m, id, false, NULL);
}

int rdv_keep_until(rdv_thread *self, unsigned id, const struct timespec *deadline)
{
	struct rdv_member *m = rdv_member_of(self);
	int ret;

	if (!rdv_deadline_valid(deadline))
		return -EINVAL;
	rdv_must_own(m);
	rdv_must_not_wait(m);
	rdv_must_be(!m->keeps, m, RDV_KEEPS_ONE);
	rdv_must_be_unlocked(m);
	rdv_wait_may_give_up(m, true);
	ret = keep(m, id, false, deadline);
	rdv_wait_may_give_up(m, false);
	return ret;
}

int rdv_keep_try(rdv_thread *self, unsigned id)
{
	struct rdv_member *m = rdv_member_of(self);

	rdv_must_own(m);
	if (m->in_report)
		return -EBUSY;
	rdv_must_be(!m->keeps, m, RDV_KEEPS_ONE);
	return keep(m, id, true, NULL);
}

/* on_stall may ask in the middle of rdv_keep(). */
static bool keeps_one(const struct rdv_member *m)
{
	return m->keeps && !(m->keeps & RDV_KEEPS_NOT_YET);
}

void rdv_let_go(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);
	uint32_t id = m->keeps - 1u;

	rdv_must_own(m);
	rdv_must_be(keeps_one(m), m, RDV_KEEPS_NOBODY);
	if (!keeps_one(m))
		return;
	m->keeps = 0;
	let_go(m, id);
}

/* ------------------------------------------------------------------- each in turn */

/* Everybody but the calling thread. */
static void list_others(struct rdv_member *m, struct todo *todo)
{
	rdv_domain *d = m->domain;
	struct rdv_shield shield;
	uint32_t word;

	rdv_shield(m, &shield);
	rdv_lock(&d->registry);
	todo->first = 0;
	todo->end = rdv_load_rlx(&d->words); /* (e) */
	for (word = 0; word < todo->end; word++)
		todo->mask[word] = d->registered[word] & ~(word == m->word ? m->bit : 0);
	rdv_unlock(&d->registry);
	rdv_unshield(m, &shield);
}

/* The next that is harmless, and kept; or an error. */
static int keep_next(struct rdv_member *m, const struct todo *todo)
{
	struct rdv_shield shield;
	int id;

	rdv_shield(m, &shield);
	id = await_one(m, todo, false, NULL);
	rdv_unshield(m, &shield);
	return id;
}

/* The caller is isolated: all others are harmless, kept or not.  The next one that has
 * not left. */
static int next_while_alone(struct rdv_member *m, const struct todo *todo)
{
	rdv_domain *d = m->domain;
	int id;

	rdv_lock(&d->registry);
	while ((id = next_of(todo, 0)) >= 0 && !is_member(d, (uint32_t)id))
		strike(todo, (uint32_t)id);
	rdv_unlock(&d->registry);
	return id;
}

unsigned rdv_for_each(rdv_thread *self, void (*fn)(unsigned id, void *arg), void *arg)
{
	struct rdv_member *m = rdv_member_of(self);
	uint32_t mask[RDV_MASK_WORDS(RDV_MAX_THREADS)];
	struct todo todo = {.mask = mask};
	unsigned n = 0;
	bool alone;
	int id;

	rdv_must_own(m);
	rdv_must_not_wait(m);
	rdv_must_be(m->keeps != RDV_KEEPS_ALL, m, RDV_IN_FOR_EACH);
	rdv_must_be(!m->keeps, m, RDV_KEEPS_ONE);
	rdv_must_be(rdv_runs(m), m, RDV_NOT_RUNNING);
	rdv_must_be_unlocked(m);
	if (m->keeps || !rdv_runs(m))
		return 0;
	m->keeps = RDV_KEEPS_ALL;
	list_others(m, &todo);
	alone = m->depth;
	while ((id = alone ? next_while_alone(m, &todo) : keep_next(m, &todo)) >= 0) {
		fn((unsigned)id, arg);
		n++;
		strike(&todo, (uint32_t)id);
		if (!alone)
			let_go(m, (uint32_t)id);
	}
	m->keeps = 0;
	return n;
}
