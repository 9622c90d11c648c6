/* SPDX-License-Identifier: MIT */
/*
 * fork(): the child has one thread, the one that forked.  Each domain keeps that thread
 * as a member, in the state it had, and forgets all other members.
 */
#include "domain.h"
#include "fence.h"
#include "inside/record.h"

#include <errno.h>
#include <pthread.h>

static rdv_mutex domains_lock;
static rdv_domain *domains;

/* Of setup() in domain.c.  The child frees it, because the thread may be gone that had it.
 * What that thread did is done again, if need be. */
rdv_mutex rdv_setup_lock;

void rdv_fork_watch(rdv_domain *d)
{
	rdv_lock(&domains_lock);
	d->next = domains;
	domains = d;
	rdv_unlock(&domains_lock);
}

void rdv_fork_unwatch(rdv_domain *d)
{
	rdv_domain **link = &domains;

	rdv_lock(&domains_lock);
	while (*link != d)
		link = &(*link)->next;
	*link = d->next;
	rdv_unlock(&domains_lock);
}

/* ---------------------------------------------------------------------- shields
 *
 * A signal may come while the thread has the locks, and copying a large process takes long.  If
 * its handler were held, an isolated thread that needs a lock would wait for it, and it for that
 * thread.
 */

enum {
	FORKS = 1, /* the thread is in fork() */
	RAN = 2,   /* ... and ran when it came */
	WAS_SHIELDED = 4,
	HAS_TO_RUN = 8, /* after it: a handler may have parked it meanwhile */
};

static void shield_all(void)
{
	struct rdv_shield shield;
	struct rdv_member *m;

	for (m = rdv_self_any(); m; m = m->next) {
		if (m->forks & FORKS)
			continue; /* a handler forks in unshield_all(): that goes for both */
		rdv_shield(m, &shield);
		m->forks = (uint8_t)((m->forks & HAS_TO_RUN) | FORKS |
				     (shield.shielded ? WAS_SHIELDED : 0) |
				     (shield.state == RDV_STATE_RUNNING ? RAN : 0));
	}
}

/*
 * The oldest membership in which it has to run: the program began with that one, too.  Not one
 * whose own wait has called on_stall, where the thread forks: that wait is not over.
 */
static struct rdv_member *has_to_run(void)
{
	struct rdv_member *m, *oldest = NULL;

	for (m = rdv_self_any(); m; m = m->next)
		if ((m->forks & HAS_TO_RUN) && !rdv_shielded(m))
			oldest = m;
	return oldest;
}

/*
 * The thread may wait for one domain after the other.  Meanwhile it may call on_stall, which
 * may fork, use the other domains, or leave them.  So all shields are gone before it waits,
 * and it looks for what is left to do after each wait.
 */
static void unshield_all(void)
{
	struct rdv_member *m;

	for (m = rdv_self_any(); m; m = m->next) {
		bool shielded = m->forks & WAS_SHIELDED;

		if (!(m->forks & FORKS))
			continue;
		if ((m->forks & RAN) && !shielded)
			m->forks |= HAS_TO_RUN;
		m->forks &= HAS_TO_RUN;
		if (!shielded)
			rdv_shield_off(m);
	}
	while ((m = has_to_run())) {
		m->forks = 0;
		if (!rdv_runs(m))
			rdv_leave(m);
	}
}

static bool forks(void)
{
	const struct rdv_member *m = rdv_self_any();

	return m && (m->forks & FORKS);
}

/* ------------------------------------------------------------------------- locks */

/*
 * Takes all locks but that of the set-up, always in this order.  No other place holds two of
 * them.
 *
 * A signal handler that forks while its own thread has a lock would wait for ever.
 */
static void before(void)
{
	rdv_domain *d;

	if (rdv_lock_held() || forks())
		rdv_misuse("fork", NULL, RDV_FORKS_IN_CALL);
	shield_all();
	rdv_lock(&domains_lock);
	for (d = domains; d; d = d->next)
		rdv_lock(&d->registry);
}

static void unlock_all(void)
{
	rdv_domain *d;

	for (d = domains; d; d = d->next)
		rdv_unlock(&d->registry);
	rdv_unlock(&domains_lock);
}

static void after_in_parent(void)
{
	unlock_all();
	unshield_all();
}

/* --------------------------------------------------------------------- the child */

/* Nobody uses the slot any more: leaves it as thread.c does. */
static void clear_slot(struct rdv_member *m)
{
	m->self.state = RDV_STATE_PARKED;
	m->self.parked = RDV_STATE_PUBLISHED;
	m->depth = m->shielded = m->asleep = 0;
	m->sync_want = m->sync_in = m->sync_out = m->sync_pair = false;
	m->wait_kind = RDV_WAIT_NONE;
	m->in_report = m->retiring = false;
	m->may_give_up = false;
	m->forks = 0;
	m->keeps = 0;
	m->retired = NULL; /* its thread may have been in the middle of a change */
}

/*
 * The survivor has forked in on_stall, in the middle of a wait.  The wait goes on in the
 * child, and what it has counted stays.  As there is no other thread, the wait ends when
 * it looks again.  A wait to keep a thread, or to be let go, has counted nothing.
 */
static void keep_wait(rdv_domain *d, struct rdv_member *survivor)
{
	switch (survivor->wait_kind) {
	case RDV_WAIT_GATHER:
		d->ctl = rdv_ctl_owned(d->ctl, survivor);
		break;
	case RDV_WAIT_QUEUE: /* the token may have been passed to it: it takes another */
		d->want_rdv[survivor->word] = survivor->bit;
		d->queued = 1;
		survivor->asleep = RDV_ASLEEP; /* nobody has woken it to compete */
		break;
	case RDV_WAIT_HELD:
		d->held = 1u << survivor->hold;
		d->asleep = 1;
		break;
	case RDV_WAIT_GRACE:
		d->graces_asleep = 1;
		break;
	}
}

/* Forgets what the other threads were doing, word by word. */
static void forget_others(rdv_domain *d, struct rdv_member *survivor)
{
	uint32_t word, id, own;

	d->biased = d->biased && rdv_fence_register();
	for (id = 0; id < d->max_threads; id++) {
		struct rdv_member *m = d->member[id];

		if (!m)
			continue;
		m->self.biased = d->biased;
		m->competes = false;
		m->claims = 0; /* a thread that the survivor keeps has gone */
		d->kept[id] = d->told[id] = 0;
		if (m != survivor)
			clear_slot(m);
	}
	for (word = 0; word < RDV_MASK_WORDS(d->max_threads); word++) {
		own = survivor && survivor->word == word ? survivor->bit : 0;
		d->harmless[word] |= ~own;
		d->registered[word] = own;
		d->want_rdv[word] = d->owing[word] = d->refused[word] = 0;
	}
	d->claims = 0;
	d->members = survivor != NULL;
	d->ctl = d->ctl / RDV_CTL_ROUND * RDV_CTL_ROUND + RDV_CTL_ROUND;
	if (survivor && survivor->depth)
		d->ctl = rdv_ctl_owned(d->ctl, survivor);
#define CLEAR(word) d->word = 0;
	RDV_WORDS_AT_REST(CLEAR)
	d->waking = d->competing = d->barred_until = 0;
	d->window.counting = false;
	rdv_retired_fork(d, survivor, d->grace - d->grace % 2);
	d->grace += d->grace & 1; /* the asked threads have gone */
	if (survivor && survivor->in_report)
		keep_wait(d, survivor);
	rdv_sync_fork(d, survivor);
	rdv_record_fork(d, survivor);
	rdv_export_fork(d);
}

static void after_in_child(void)
{
	rdv_domain *d;

	rdv_record_in_child();
	rdv_setup_lock = 0;
	for (d = domains; d; d = d->next)
		forget_others(d, rdv_self_member(d));
	unlock_all();
	unshield_all();
}

int rdv_fork_setup(void)
{
	static bool have_handlers;

	have_handlers =
		have_handlers || !pthread_atfork(before, after_in_parent, after_in_child);
	return have_handlers ? 0 : -ENOMEM;
}

/*
 * Handlers are called before a fork() in the opposite order of their registration, and
 * after it in that order.  Ours are registered before those of the program, which may call
 * the library, or wait for threads that do: we have no lock then.  If it fails here, the
 * first domain tries again.
 */
__attribute__((constructor(101))) static void register_early(void)
{
	rdv_fork_setup();
}
