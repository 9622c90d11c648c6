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
	rdv_poke(&b->tid, rdv_peek(&t->tid));
	rdv_name_copy(b->name, t->name, sizeof(b->name));
	rdv_name_copy(b->where, where, sizeof(b->where));
}

/* Those that were not timed were like the last one that was. */
static void add_untimed(struct rdv_member *m)
{
	uint32_t n = m->untimed;

	if (!n)
		return;
	add_to(m, RDV_TO_ISOLATION, m->bucket[0], n);
	add_to(m, RDV_ISOLATED, m->bucket[1], n);
	rdv_poke(&m->untimed, 0);
}

void rdv_record_timed(struct rdv_member *m)
{
	uint64_t now = rdv_clock_ns();

	add_untimed(m);
	rdv_poke(&m->bucket[0], rdv_bucket(now - m->since));
	add_to(m, RDV_TO_ISOLATION, m->bucket[0], 1);
	rdv_poke(&m->alone, now);
}

/*
 * When an untimed isolation began: in the tick that is over now, and after the last timed
 * isolation.  Returns the middle of that span.
 */
static uint64_t untimed_since(const struct rdv_member *m, uint64_t now)
{
	uint64_t first = m->tick > m->seen ? m->tick : m->seen;
	uint64_t last = m->tick + rdv_clock_tick_ns();

	if (last > now)
		last = now;
	return first < last ? first + (last - first) / 2 : last;
}

static void longest(const struct rdv_member *m, uint64_t ns)
{
	struct rdv_history *history = m->domain->history;

	if (ns > history->longest.ns)
		blame(&history->longest, m, ns, m->where);
}

void rdv_record_end(struct rdv_member *m)
{
	uint64_t now = rdv_clock_ns(), ns;

	if (m->since) {
		ns = now - m->alone;
		rdv_poke(&m->bucket[1], rdv_bucket(ns));
		add_to(m, RDV_ISOLATED, m->bucket[1], 1);
		m->seen = now;
	} else {
		ns = now - untimed_since(m, now);
		add_untimed(m);
		add_to(m, RDV_TO_ISOLATION, m->bucket[0], 1);
		add_to(m, RDV_ISOLATED, rdv_bucket(ns), 1);
	}
	longest(m, ns);
}

/* ------------------------------------------------------------------------ waits */

static void note(struct rdv_member *m, uint64_t ns, unsigned kind)
{
	unsigned i, n = m->logged;

	rdv_poke(&m->log[n], (uint16_t)(rdv_bucket(ns) | kind));
	if (++n < sizeof(m->log) / sizeof(m->log[0])) {
		rdv_poke(&m->logged, (uint8_t)n);
		return;
	}
	rdv_poke(&m->logged, 0);
	for (i = 0; i < n; i++)
		add_to(m, m->log[i] & RDV_LOG_RELEASE ? RDV_TO_RELEASE : RDV_HELD,
		       m->log[i] & ~RDV_LOG_RELEASE, 1);
}

void rdv_record_held(struct rdv_member *m)
{
	uint64_t ns;

	rdv_wait_end(m);
	ns = rdv_clock_ns() - m->wait_since;
	note(m, ns, 0);
	rdv_probe_1(held_end, m, ns);
}

void rdv_record_release(struct rdv_member *m, uint64_t begin)
{
	note(m, rdv_clock_ns() - begin, RDV_LOG_RELEASE);
}

/* ------------------------------------------------------------------------ blame */

enum { LOOKS = 100 };

/*
 * If the leader slept, the thread that swapped gathering was the last one.  It has noted
 * that, or is about to.  If the leader did not sleep, the answer is what it saw itself
 * when it last looked; a leader that spins looks often.
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
	uint64_t ns = rdv_clock_ns() - m->wait_since;
	struct rdv_member *t;

	last = the_last(d, gathering, last);
	if (!last)
		return;
	t = d->member[last - 1];
	if (ns > rdv_peek(&t->worst))
		rdv_poke(&t->worst, ns);
	blame(&d->history->last, t, ns, m->where);
	if (ns > d->history->worst.ns)
		blame(&d->history->worst, t, ns, m->where);
	rdv_probe_2(delay, m, last - 1, ns);
	rdv_poke(&m->delay, ns);
	rdv_poke(&m->blamed, last);
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
	rdv_poke(&m->worst, 0);
	rdv_poke(&m->tid, kernel_tid());
	if (d->members > d->members_max)
		rdv_poke(&d->members_max, d->members);
}

void rdv_record_left(struct rdv_member *m)
{
	rdv_poke(&m->tid, 0);
}

static void forget(struct rdv_member *m)
{
	m->isolations = m->rounds = m->tries = m->timeouts = m->waits = m->wakes = 0;
	m->untimed = m->blamed = 0;
	m->worst = 0;
	m->logged = 0;
	m->tid = 0;
}

/* The statistics of the child begin here.  If the thread is isolated, that is the first
 * isolation. */
void rdv_record_fork(rdv_domain *d, struct rdv_member *survivor)
{
	uint32_t id;

	for (id = 0; id < d->max_threads; id++)
		if (d->member[id])
			forget(d->member[id]);
	memset(d->history, 0, sizeof(*d->history));
	d->fences = d->held_wakes = d->sync.wakes = 0;
	d->members_max = d->members;
	if (!survivor)
		return;
	survivor->tid = kernel_tid();
	if (!survivor->depth)
		return;
	survivor->isolations = survivor->rounds = 1;
	if (!survivor->since)
		survivor->since = survivor->tick;
	add_to(survivor, RDV_TO_ISOLATION, survivor->bucket[0], 1);
}
