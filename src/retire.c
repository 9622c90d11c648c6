/* SPDX-License-Identifier: MIT */
/*
 * Free later: functions that are called once everybody has been harmless since.
 *
 * Each thread keeps what it has retired in a list of its own, in the order in which it came.
 * A new item has no grace period.  When such an item gets to the head of the list, all items
 * get the same one.  So half of the items wait for a grace period, while the other half
 * gathers, and one round of asking serves as many as there are.
 *
 * A thread that leaves puts its list into orphans, which the next thread adopts that looks at
 * its own.  The last one to leave calls all.
 *
 * A list is a ring; the pointer to it points to the last item, and the next of that is the
 * first.
 */
#include "domain.h"
#include "inside/record.h"

#include <pthread.h>
#include <rdv/handshake.h>

enum {
	LOOK_EVERY = 64, /* how many items are retired for one look at the list */
	CHECK_MOST = 1000,
};

/* Puts the items of another list at the end. */
static void join(struct rdv_retired **list, struct rdv_retired *other)
{
	struct rdv_retired *first;

	if (!other)
		return;
	if (*list) {
		first = (*list)->next;
		(*list)->next = other->next;
		other->next = first;
	}
	*list = other;
}

static struct rdv_retired *take_first(struct rdv_retired **list)
{
	struct rdv_retired *first = (*list)->next;

	if (first == *list)
		*list = NULL;
	else
		(*list)->next = first->next;
	return first;
}

/* The items from the first of a list to this one: those that are due later, or have no grace
 * period, are due then. */
static void set_due(struct rdv_retired *list, const struct rdv_retired *last,
		    uint64_t grace)
{
	struct rdv_retired *item = list;

	do {
		item = item->next;
		if (!item->due || item->due > grace)
			item->due = grace;
	} while (item != last);
}

/* The caller has waited for a grace period.  It covers what the caller had retired when that
 * began, last at last; but not what it has retired in on_stall meanwhile. */
void rdv_retired_covered(struct rdv_member *m, const struct rdv_retired *last,
			 uint64_t grace)
{
	if (last)
		set_due(m->retired, last, grace);
}

static void take_grace(struct rdv_retired *list, uint64_t grace)
{
	struct rdv_retired *item = list;

	if (!list)
		return;
	do {
		if (item->due > grace)
			item->due = 0;
		item = item->next;
	} while (item != list);
}

/*
 * In the child nobody answers any more in a round of asking that was on, and it counts as
 * over.  But the survivor may have owed an answer itself: what waited for that round, or a later
 * one, gets another grace period.
 */
void rdv_retired_fork(rdv_domain *d, struct rdv_member *survivor, uint64_t grace)
{
	take_grace(d->orphans, grace);
	if (survivor)
		take_grace(survivor->retired, grace);
}

static void adopt(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	struct rdv_shield shield;

	if (!rdv_load_rlx(&d->orphans)) /* (d) */
		return;
	rdv_shield(m, &shield);
	rdv_lock(&d->registry);
	join(&m->retired, d->orphans);
	rdv_store_rlx(&d->orphans, NULL); /* (e) */
	rdv_record_adopted(m);
	rdv_unlock(&d->registry);
	rdv_unshield(m, &shield);
}

/*
 * Whether the first item is due.  If not, threads are asked.  The caller runs, so it owes an
 * answer itself, and nothing is due before it has been harmless.
 */
static bool is_due(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	struct rdv_retired *first = m->retired->next;
	struct rdv_shield shield;

	if (!first->due)
		set_due(m->retired, m->retired, rdv_grace_next(d));
	if (rdv_grace_reached(d, first->due))
		return true;
	rdv_shield(m, &shield);
	rdv_ask(m);
	rdv_unshield(m, &shield);
	return false;
}

/* Each item is taken from the list before its function is called: that may retire others,
 * and may end the thread.  In on_stall none is called: a function may wait. */
unsigned rdv_retire_run(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);
	struct rdv_retired *item;
	unsigned n = 0;

	rdv_must_own(m);
	if (m->retiring || m->in_report || !rdv_runs(m))
		return 0;
	adopt(m);
	m->retiring = true;
	while (m->retired && is_due(m)) {
		item = take_first(&m->retired);
		rdv_record_called(m);
		item->fn(item);
		rdv_must_own(m);
		n++;
	}
	m->retiring = false;
	if (n)
		rdv_record_items(m);
	return n;
}

/* For the checks. */
static inline bool is_listed(const struct rdv_member *m, const struct rdv_retired *item)
{
	const struct rdv_retired *i = m->retired;
	unsigned n = 0;

	while (i && i != item && ++n < CHECK_MOST)
		i = i->next == m->retired ? NULL : i->next;
	return i == item;
}

void rdv_retire(rdv_thread *self, struct rdv_retired *item,
		void (*fn)(struct rdv_retired *))
{
	struct rdv_member *m = rdv_member_of(self);

	rdv_must_own(m);
	rdv_must_be(!is_listed(m, item), m, RDV_RETIRED_TWICE);
	item->fn = fn;
	item->due = 0;
	item->next = item;
	join(&m->retired, item);
	rdv_record_retired(m);
	if (++m->fresh % LOOK_EVERY == 0)
		rdv_retire_run(self);
}

/* The thread has left, with the registry locked: what it has to call.  If others are there
 * these will call it. */
struct rdv_retired *rdv_retired_left(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	struct rdv_retired *orphans = d->orphans;

	join(&orphans, m->retired);
	m->retired = NULL;
	m->retiring = false;
	rdv_store_rlx(&d->orphans, d->members ? orphans : NULL); /* (e) */
	return d->members ? NULL : orphans;
}

static void call_all(void *rest)
{
	struct rdv_retired **list = (struct rdv_retired **)rest;
	struct rdv_retired *item;

	pthread_cleanup_push(call_all, list);
	while (*list) {
		item = take_first(list);
		item->fn(item);
	}
	pthread_cleanup_pop(0);
}

/*
 * Nobody is in the domain, nor was since the items were retired.  No other thread knows of them.
 * So the thread is not cancelled before it has called all, and if a function ends it, it calls
 * the others on its way.
 */
void rdv_retired_call(struct rdv_retired *list)
{
	int cancel;

	if (!list)
		return;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	call_all(&list);
	pthread_setcancelstate(cancel, NULL);
}
