/* SPDX-License-Identifier: MIT */
/*
 * What is recorded beside the paths that have no time for it, see record.h.
 */
#include "record.h"
#include "history.h"
#include "wait.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ------------------------------------------------------------------- histograms */

static void add_to(const struct rdv_member *m, enum rdv_histogram_kind kind,
		   unsigned bucket, uint32_t n)
{
	rdv_tally(&m->domain->history->counts[kind].bucket[bucket], n);
}

/* ------------------------------------------------------------------- isolations */

/* Of t, in an isolation that was called there. */
static void blame(struct rdv_blame *b, const struct rdv_member *t, uint64_t ns,
		  const char *where)
{
	rdv_poke(&b->ns, ns);
	rdv_poke(&b->id, t->id + 1);
	rdv_poke(&b->tid, rdv_peek(&t->record.tid));
	rdv_name_copy(b->name, t->name, sizeof(b->name));
	rdv_name_copy(b->where, where, sizeof(b->where));
}

/* Those that were not timed were like the last one that was. */
static void add_untimed(struct rdv_member *m)
{
	struct rdv_record *r = &m->record;
	uint32_t n = r->untimed;

	if (!n)
		return;
	add_to(m, RDV_TO_ISOLATION, r->bucket[0], n);
	add_to(m, RDV_ISOLATED, r->bucket[1], n);
	rdv_poke(&r->untimed, 0);
}

void rdv_record_timed(struct rdv_member *m)
{
	struct rdv_record *r = &m->record;
	uint64_t now = rdv_clock_ns();

	add_untimed(m);
	rdv_poke(&r->bucket[0], rdv_bucket(now - r->since));
	add_to(m, RDV_TO_ISOLATION, r->bucket[0], 1);
	rdv_poke(&r->alone, now);
}

/*
 * When an untimed isolation began: in the tick that is over now, and after the last timed
 * isolation.  Returns the middle of that span.
 */
static uint64_t untimed_since(const struct rdv_member *m, uint64_t now)
{
	const struct rdv_record *r = &m->record;
	uint64_t first = r->tick > r->seen ? r->tick : r->seen;
	uint64_t last = r->tick + rdv_clock_tick_ns();

	if (last > now)
		last = now;
	if (last < first) /* the kernel's tick is late */
		last = first;
	return first + (last - first) / 2;
}

void rdv_record_failed(struct rdv_member *m, bool tried)
{
	if (tried)
		rdv_bump(&m->record.tries, 1);
	else
		rdv_tally(&m->domain->history->timeouts, 1);
	rdv_probe_1(isolate_failed, m, tried);
}

static void longest(const struct rdv_member *m, uint64_t ns)
{
	struct rdv_history *history = m->domain->history;

	if (ns > history->longest.ns)
		blame(&history->longest, m, ns, m->record.where);
}

void rdv_record_end(struct rdv_member *m)
{
	struct rdv_record *r = &m->record;
	uint64_t now = rdv_clock_ns(), ns;

	if (r->since) {
		ns = now - r->alone;
		rdv_poke(&r->bucket[1], rdv_bucket(ns));
		add_to(m, RDV_ISOLATED, r->bucket[1], 1);
		r->seen = now;
	} else {
		ns = now - untimed_since(m, now);
		add_untimed(m);
		add_to(m, RDV_TO_ISOLATION, r->bucket[0], 1);
		add_to(m, RDV_ISOLATED, rdv_bucket(ns), 1);
	}
	longest(m, ns);
}

/* ------------------------------------------------------------------------ waits */

static void note(struct rdv_member *m, uint64_t ns, enum rdv_histogram_kind kind)
{
	struct rdv_record *r = &m->record;
	unsigned i, n = r->logged;

	rdv_poke(&r->log[n], RDV_LOG(kind, rdv_bucket(ns)));
	if (++n < sizeof(r->log) / sizeof(r->log[0])) {
		rdv_poke(&r->logged, (uint8_t)n);
		return;
	}
	rdv_poke(&r->logged, 0);
	for (i = 0; i < n; i++)
		add_to(m, RDV_LOGGED_KIND(r->log[i]), RDV_LOGGED_BUCKET(r->log[i]), 1);
}

void rdv_record_held(struct rdv_member *m)
{
	uint64_t ns;

	rdv_wait_end(m);
	ns = rdv_clock_ns() - m->record.wait_since;
	note(m, ns, RDV_HELD);
	rdv_probe_1(held_end, m, ns);
}

void rdv_record_release(struct rdv_member *m, uint64_t begin)
{
	note(m, rdv_clock_ns() - begin, RDV_TO_RELEASE);
}

/* ------------------------------------------------------------------------ blame */

/*
 * How often the leader reads laggard before it gives up.  The thread that swaps gathering
 * writes laggard a few instructions later, and the leader may be awake before that.  The
 * limit is for the case that this thread loses its CPU in between.
 */
enum { LOOKS = 100 };

/*
 * The id + 1 of the thread that the leader waited for last, or 0.  gathering is not 0 if the
 * leader has slept.  Then that thread is the one that swapped gathering, and laggard names
 * it.  If the leader has not slept, or gives up, it takes what it saw itself when it last
 * looked.  A leader that spins looks often.
 */
static uint32_t the_last(const rdv_domain *d, uint32_t gathering, uint32_t last)
{
	uint64_t laggard;
	int i;

	for (i = 0; gathering && i < LOOKS; i++) {
		laggard = rdv_peek(&d->laggard);
		if (laggard >> 32 == gathering)
			return (uint32_t)laggard;
		if (rdv_peek(&d->gathering))
			break;
	}
	return last;
}

void rdv_record_delay(struct rdv_member *m, uint32_t gathering, uint32_t last)
{
	rdv_domain *d = m->domain;
	uint64_t ns = rdv_clock_ns() - m->record.wait_since;
	struct rdv_member *t;

	last = the_last(d, gathering, last);
	if (!last)
		return;
	t = d->member[last - 1];
	if (ns > rdv_peek(&t->record.worst))
		rdv_poke(&t->record.worst, ns);
	blame(&d->history->last, t, ns, m->record.where);
	if (ns > d->history->worst.ns)
		blame(&d->history->worst, t, ns, m->record.where);
	rdv_probe_2(delay, m, last - 1, ns);
	rdv_poke(&m->record.delay, ns);
	rdv_poke(&m->record.blamed, last);
}

/* ---------------------------------------------------------------- grace periods */

/*
 * They still count in owed.  If nobody else does, but for the thread's own answer, nobody is
 * awaited, and the clock is not read.  The last thread to answer does so after this.
 */
void rdv_record_grace_begin(struct rdv_member *m, uint32_t answered)
{
	rdv_domain *d = m->domain;
	bool own = rdv_peek(&d->owing[m->word]) & m->bit;

	rdv_probe(grace_begin, m);
	rdv_poke(&d->history->asking_since,
		 rdv_peek(&d->owed) > answered + own ? rdv_clock_ns() : 0);
}

void rdv_record_grace_end(struct rdv_member *m, bool answers)
{
	struct rdv_history *h = m->domain->history;
	uint64_t since = rdv_peek(&h->asking_since), ns = 0;
	bool awaited = answers && since;

	rdv_bump(&h->graces, 1);
	if (awaited) {
		ns = rdv_clock_ns() - since;
		blame(&h->last_grace, m, ns, NULL);
		if (ns > rdv_peek(&h->worst_grace.ns))
			blame(&h->worst_grace, m, ns, NULL);
	}
	rdv_probe_2(grace_end, m, awaited ? (int)m->id : -1, ns);
}

void rdv_record_synchronized(struct rdv_member *m, bool over)
{
	if (over)
		note(m, rdv_clock_ns() - m->record.wait_since, RDV_TO_GRACE);
	else
		rdv_tally(&m->domain->history->graces_failed, 1);
}

void rdv_record_over_at_once(struct rdv_member *m)
{
	note(m, 0, RDV_TO_GRACE);
}

void rdv_record_items(struct rdv_member *m)
{
	struct rdv_record *r = &m->record;

	rdv_tally(&m->domain->history->called, r->called);
	rdv_poke(&r->items, r->items - r->called);
	rdv_poke(&r->called, 0);
}

void rdv_record_adopted(struct rdv_member *m)
{
	struct rdv_history *h = m->domain->history;

	rdv_bump(&m->record.items, (uint32_t)h->orphans);
	rdv_poke(&h->orphans, 0);
}

/* With the registry locked.  The last thread to leave calls all, but when the domain may be
 * gone already. */
static void bequeath(struct rdv_member *m)
{
	struct rdv_history *h = m->domain->history;

	rdv_record_items(m);
	rdv_bump(&h->orphans, m->record.items);
	rdv_poke(&m->record.items, 0);
	if (m->domain->members)
		return;
	rdv_tally(&h->called, h->orphans);
	rdv_poke(&h->orphans, 0);
}

/* ---------------------------------------------------------- domains and members */

size_t rdv_record_size(void)
{
	return sizeof(struct rdv_history);
}

/* 0: not asked for yet.  Asking is a system call, and most of the cost of registering. */
static __thread int32_t own_tid __attribute__((tls_model("initial-exec")));

static int32_t kernel_tid(void)
{
	if (!own_tid)
		own_tid = (int32_t)syscall(SYS_gettid);
	return own_tid;
}

void rdv_record_in_child(void)
{
	own_tid = 0;
}

/* With the registry locked. */
void rdv_record_joined(struct rdv_member *m, const char *name)
{
	rdv_domain *d = m->domain;

	rdv_name_copy(m->name, name, sizeof(m->name));
	rdv_poke(&m->record.worst, 0);
	rdv_poke(&m->record.tid, kernel_tid());
	if (d->members > d->members_max)
		rdv_poke(&d->members_max, d->members);
}

/* With the registry locked, and the thread not counted in members any more. */
void rdv_record_left(struct rdv_member *m)
{
	rdv_poke(&m->record.tid, 0);
	bequeath(m);
}

/* What the survivor of fork() is doing goes on, with its times. */
static void forget(struct rdv_record *r, bool survives)
{
	struct rdv_record now = {
		.tick = r->tick,
		.since = r->since,
		.timed = r->timed,
		.stalls = r->stalls,
		.alone = r->alone,
		.seen = r->seen,
		.wait_since = r->wait_since,
		.stall_next = r->stall_next,
		.items = r->items - r->called,
		.where = r->where,
	};

	memcpy(now.bucket, r->bucket, sizeof(now.bucket));
	if (!survives)
		memset(&now, 0, sizeof(now));
	*r = now;
}

/* The statistics of the child begin here.  If the thread is isolated, that is the first
 * isolation.  The items that are left are retired. */
void rdv_record_fork(rdv_domain *d, struct rdv_member *survivor)
{
	uint64_t orphans = d->history->orphans;
	uint32_t id;

	for (id = 0; id < d->max_threads; id++)
		if (d->member[id])
			forget(&d->member[id]->record, d->member[id] == survivor);
	memset(d->history, 0, sizeof(*d->history));
	d->history->orphans = orphans;
	d->fences = d->held_wakes = d->sync.wakes = 0;
	d->members_max = d->members;
	if (!survivor)
		return;
	survivor->record.tid = kernel_tid();
	if (!survivor->depth)
		return;
	survivor->record.isolations = survivor->record.rounds = 1;
	if (!survivor->record.since)
		survivor->record.since = survivor->record.tick;
	add_to(survivor, RDV_TO_ISOLATION, survivor->record.bucket[0], 1);
}
