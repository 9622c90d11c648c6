/* SPDX-License-Identifier: MIT */
/*
 * Which threads are in the way of a wait.  Reads the words of the protocol at any moment,
 * without a lock, so the answer may be out of date.
 */
#include "blockers.h"
#include "count.h"
#include "history.h"
#include "tsan.h"

struct list {
	const rdv_domain *domain;
	char *next;
	size_t n, size, found;
	uint64_t since; /* the asker's wait */
};

static const struct rdv_member *member_at(const rdv_domain *d, uint32_t id)
{
	return id < d->max_threads ? rdv_load_acq(&d->member[id]) : NULL; /* [SLOT] */
}

static void add(struct list *l, const struct rdv_member *m, uint32_t why, uint64_t since)
{
	int32_t tid = rdv_peek(&m->record.tid);
	struct rdv_blocker b = {
		.id = m->id, .why = why, .since = since, .kernel_tid = tid};

	if (!tid || l->found++ >= l->n)
		return;
	rdv_name_copy(b.name, m->name, sizeof(b.name));
	if (why == RDV_BLOCKER_ISOLATED)
		rdv_name_copy(b.where, rdv_peek(&m->record.where), sizeof(b.where));
	rdv_fill(l->next, l->size, &b, sizeof(b));
	l->next += l->size;
}

/* Those of awaited[] that the leader still waits for. */
static void add_awaited(struct list *l, const struct rdv_member *leader)
{
	const rdv_domain *d = l->domain;
	uint64_t since = rdv_peek(&leader->record.wait_since);
	uint32_t word, missing, id;

	for (word = 0; word < rdv_peek(&d->words); word++) {
		missing = rdv_peek(&d->awaited[word]) & ~rdv_peek(&d->harmless[word]);
		for (; missing; missing &= missing - 1) {
			id = word * RDV_WORD_BITS + (uint32_t)__builtin_ctz(missing);
			if (member_at(d, id))
				add(l, member_at(d, id), RDV_BLOCKER_RUNNING, since);
		}
	}
}

/* Those that have been asked and have not answered. */
static void add_owing(struct list *l)
{
	const rdv_domain *d = l->domain;
	uint32_t word, owing, id;

	for (word = 0; word < rdv_peek(&d->words); word++) {
		owing = rdv_peek(&d->owing[word]);
		for (; owing; owing &= owing - 1) {
			id = word * RDV_WORD_BITS + (uint32_t)__builtin_ctz(owing);
			if (member_at(d, id))
				add(l, member_at(d, id), RDV_BLOCKER_RUNNING, l->since);
		}
	}
}

/* But not the asker: its wait may just be over. */
static void add_all(struct list *l, const struct rdv_member *asker,
		    uint32_t (*why)(const struct rdv_member *m))
{
	const struct rdv_member *m;
	uint32_t id;

	for (id = 0; id < l->domain->max_threads; id++) {
		m = member_at(l->domain, id);
		if (m && m != asker && why(m))
			add(l, m, why(m),
			    l->since ? l->since : rdv_peek(&m->record.wait_since));
	}
}

static uint32_t if_held(const struct rdv_member *m)
{
	return rdv_peek(&m->wait_kind) == RDV_WAIT_HELD ? RDV_BLOCKER_HELD : 0;
}

/* What the sync-point waits for: that all come, that one has had its turn, that all go. */
static uint32_t if_not_in_sync(const struct rdv_member *m)
{
	bool waits = rdv_peek(&m->wait_kind) == RDV_WAIT_SYNC;

	if (!rdv_glance(&m->sync_in))
		return rdv_glance(&m->domain->sync.entered) ? RDV_BLOCKER_ABSENT : 0;
	if (rdv_sync_has_turn(m))
		return RDV_BLOCKER_SERVED;
	return waits ? 0 : RDV_BLOCKER_LEAVING;
}

const struct rdv_member *rdv_owner(const rdv_domain *d)
{
	int32_t id = rdv_ctl_id(rdv_peek(&d->ctl));

	return id < 0 ? NULL : member_at(d, (uint32_t)id);
}

/* A thread that keeps others, by its id + 1, or none if that is 0. */
static void add_keeper(struct list *l, uint32_t keeper)
{
	const struct rdv_member *m = keeper ? member_at(l->domain, keeper - 1) : NULL;

	if (m)
		add(l, m, RDV_BLOCKER_KEEPS, l->since);
}

/*
 * The thread that a keeper waits for: one that it has claimed and that runs; or the keeper of
 * one that it wants; or one that it wants and that keeps another.
 */
static void add_wanted(struct list *l, const struct rdv_member *keeper)
{
	const rdv_domain *d = l->domain;
	uint32_t wanted = rdv_glance(&keeper->keeps), id, by;
	const struct rdv_member *m;

	for (id = 0; id < d->max_threads; id++) {
		m = member_at(d, id);
		if (!m || m == keeper ||
		    (wanted != RDV_KEEPS_ALL && (wanted & RDV_KEPT_BY) != id + 1))
			continue;
		by = rdv_peek(&d->kept[id]) & RDV_KEPT_BY;
		if (by == keeper->id + 1) {
			if (rdv_peek(&m->self.state) == RDV_STATE_RUNNING)
				add(l, m, RDV_BLOCKER_RUNNING, l->since);
		} else if (by && wanted != RDV_KEEPS_ALL) {
			add_keeper(l, by);
		} else if (rdv_glance(&m->claims)) {
			add_keeper(l, id + 1);
		}
	}
}

/* Whether anybody waits for the round to go on, or to end. */
static bool is_wanted(const rdv_domain *d)
{
	return rdv_peek(&d->held) || rdv_peek(&d->queued);
}

size_t rdv_blockers(const rdv_domain *d, const struct rdv_member *m,
		    struct rdv_blocker *blockers, size_t n, size_t size)
{
	const struct rdv_member *owner = rdv_owner(d);
	uint32_t kind = m ? m->wait_kind : RDV_WAIT_QUEUE;
	struct list l = {d, (char *)blockers,
			 n, size,
			 0, m && kind >= RDV_WAIT_SYNC ? m->record.wait_since : 0};

	if (kind == RDV_WAIT_SYNC)
		add_all(&l, m, if_not_in_sync);
	else if (kind == RDV_WAIT_GRACE)
		add_owing(&l);
	else if (kind == RDV_WAIT_KEEP)
		add_wanted(&l, m);
	else if (kind == RDV_WAIT_KEPT)
		add_keeper(&l, rdv_peek(&d->kept[m->id]) & RDV_KEPT_BY);
	else if (owner && rdv_peek(&owner->wait_kind) == RDV_WAIT_GATHER)
		add_awaited(&l, owner);
	else if (owner && rdv_glance(&owner->depth) && is_wanted(d))
		add(&l, owner, RDV_BLOCKER_ISOLATED, rdv_peek(&owner->record.alone));
	else if (!owner && rdv_peek(&d->queued) && rdv_peek(&d->held))
		add_all(&l, m, if_held);
	return l.found;
}

size_t rdv_domain_blockers(const rdv_domain *domain, struct rdv_blocker *blockers,
			   size_t n, size_t size)
{
	return rdv_blockers(domain, NULL, blockers, n, size);
}

int rdv_domain_isolated(const rdv_domain *domain)
{
	const struct rdv_member *owner = rdv_owner(domain);

	return owner && rdv_glance(&owner->depth) ? (int)owner->id : -1;
}

/* acquire: [PARK] what the thread did before */
bool rdv_thread_harmless(const rdv_domain *domain, unsigned id)
{
	const struct rdv_member *m = member_at(domain, id);

	if (m && !rdv_says_harmless(m))
		return false;
	if (m)
		rdv_tsan_acquire(&m->self.state);
	return true;
}
