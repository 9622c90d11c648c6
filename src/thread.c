/* SPDX-License-Identifier: MIT */
/*
 * Members: birth and death.
 */
#include "domain.h"
#include "inside/record.h"
#include "spin.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The destructor of this key ends the memberships of a thread that exits. */
static pthread_key_t exit_key;

/*
 * A function of rdv_retire(), or on_stall, may end the thread once more meanwhile.  Then the C
 * library calls the destructors of those keys again that have a value.
 */
static void thread_exits(void *unused)
{
	struct rdv_member *m;

	(void)unused;
	pthread_setspecific(exit_key, &exit_key);
	while ((m = rdv_self_any()))
		rdv_thread_unregister(&m->self);
	pthread_setspecific(exit_key, NULL);
}

int rdv_thread_setup(void)
{
	return -pthread_key_create(&exit_key, thread_exits);
}

unsigned rdv_thread_id(const rdv_thread *self)
{
	return rdv_member_of(self)->id;
}

/* ------------------------------------------------------------------------ slots */

/*
 * The lowest id that is free, or max_threads.  If a thread has left while it was kept, its
 * keeper may still look at what belongs to that id.
 */
static uint32_t free_id(const rdv_domain *d)
{
	uint32_t word, rest, id;

	for (word = 0; word < RDV_MASK_WORDS(d->max_threads); word++) {
		for (rest = ~d->registered[word]; rest; rest &= rest - 1) {
			id = word * RDV_WORD_BITS + (uint32_t)__builtin_ctz(rest);
			if (id >= d->max_threads)
				return d->max_threads;
			if (!rdv_load_rlx(&d->kept[id])) /* (e) */
				return id;
		}
	}
	return d->max_threads;
}

/*
 * The slot of an id.  It is made once and exists as long as the domain, because a
 * leader may look at the state of a thread that is leaving.  While no thread uses the
 * slot its state is PARKED and its bit in harmless[] is set, so nobody waits for it.
 */
static struct rdv_member *slot(rdv_domain *d, uint32_t id)
{
	struct rdv_member *m = d->member[id];

	if (m)
		return m;
	if (posix_memalign((void **)&m, RDV_CACHE_LINE, sizeof(*m)))
		return NULL;
	memset(m, 0, sizeof(*m));
	m->self.state = RDV_STATE_PARKED;
	m->self.parked = RDV_STATE_PUBLISHED;
	m->self.biased = d->biased;
	m->self.gate = &d->ctl;
	m->domain = d;
	m->id = id;
	m->word = id / RDV_WORD_BITS;
	m->bit = 1u << id % RDV_WORD_BITS;
	rdv_store_rel(&d->member[id], m); /* [SLOT] */
	return m;
}

/* ------------------------------------------------------------------------ calls */

/*
 * The slot is in member[], and its word is counted in words, before the thread clears its
 * bit.  So a leader that finds the bit clear finds the slot.  A leader that does not see
 * the word yet had closed the gate before the word was counted, so the thread will see
 * the gate closed.
 */
static int enroll(rdv_domain *d, const char *name, struct rdv_member **member)
{
	int saved_errno = errno;
	struct rdv_member *m;
	uint32_t id;

	rdv_sync_lock_registry(d);
	id = free_id(d);
	m = id < d->max_threads ? slot(d, id) : NULL;
	errno = saved_errno;
	if (!m) {
		rdv_unlock(&d->registry);
		return id < d->max_threads ? -ENOMEM : -ENOSPC;
	}
	rdv_store_rlx(&d->members, d->members + 1); /* (e) */
	d->registered[m->word] |= m->bit;
	if (rdv_load_rlx(&d->words) <= m->word) /* (e) */
		rdv_store_sc(&d->words, m->word + 1);
	m->forks = 0; /* who had the slot may have left in on_stall, after a fork() */
	rdv_spin_joined(d);
	rdv_record_joined(m, name);
	rdv_sync_joined(d);
	rdv_unlock(&d->registry);
	*member = m;
	return 0;
}

/* Called by a thread that is parked and does not own the rendez-vous.  Returns what it has
 * to call, see rdv_retire(). */
static struct rdv_retired *strike_off(struct rdv_member *m)
{
	struct rdv_retired *left;
	rdv_domain *d = m->domain;

	rdv_lock(&d->registry);
	d->registered[m->word] &= ~m->bit;
	rdv_store_rlx(&d->members, d->members - 1); /* (e) */
	rdv_record_left(m);
	rdv_sync_left(m);
	rdv_keeper_left(m);
	left = rdv_retired_left(m);
	rdv_sync_unlock_registry(d);
	return left;
}

/*
 * The thread has left on_stall without returning from it, so the wait that called
 * on_stall will not go on.  This takes back what the wait has counted.  Afterwards the
 * thread is parked, does not own the rendez-vous and is not shielded.
 */
static void leave_wait(struct rdv_member *m)
{
	switch (m->wait_kind) {
	case RDV_WAIT_GATHER:
		rdv_leave_await(m);
		rdv_shield_on(m);
		rdv_park(m);
		rdv_pass(m, false);
		break;
	case RDV_WAIT_QUEUE:
		rdv_leave_queue(m);
		break;
	case RDV_WAIT_HELD:
		rdv_leave_hold(m);
		break;
	case RDV_WAIT_SYNC:
		rdv_sync_leave(m);
		break;
	case RDV_WAIT_GRACE:
		rdv_leave_grace(m);
		break;
	}
	rdv_record_wait_left(m);
	rdv_shield_off(m);
}

int rdv_thread_register(rdv_domain *domain, const char *name, rdv_thread **self)
{
	struct rdv_member *m;
	int ret, saved_errno = errno;

	if (domain->copy != &rdv_copy)
		return -EINVAL;
	if (rdv_self_member(domain))
		return -EEXIST;
	ret = enroll(domain, name, &m);
	if (ret)
		return ret;
	if (pthread_setspecific(exit_key, &exit_key)) {
		rdv_retired_call(strike_off(m));
		errno = saved_errno;
		return -ENOMEM;
	}
	rdv_self_add(m);
	rdv_leave(m);
	*self = &m->self;
	return 0;
}

/*
 * The bit in harmless[] stays set: an id without a thread counts as harmless.
 */
void rdv_thread_unregister(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);

	rdv_must_own(m);
	if (m->in_report)
		leave_wait(m);
	if (m->depth)
		rdv_record_released(m, rdv_clock_coarse_ns());
	m->depth = 0;
	rdv_shield_on(m);
	rdv_park(m);
	if (rdv_owns(m))
		rdv_pass(m, true);
	rdv_self_remove(m);
	/* shielded stays set: the next thread in the slot clears it */
	rdv_retired_call(strike_off(m));
}
