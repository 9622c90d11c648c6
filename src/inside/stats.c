/* SPDX-License-Identifier: MIT */
/*
 * Reads the statistics that record.h writes.
 */
#include "domain.h"
#include "count.h"
#include "history.h"

#include <errno.h>
#include <string.h>

/* ------------------------------------------------------------------- histograms */

uint64_t rdv_histogram_bucket_floor(unsigned bucket)
{
	if (bucket < 4)
		return bucket;
	return (uint64_t)(4 + bucket % 4) << (bucket / 4 - 1);
}

static uint64_t middle(unsigned bucket)
{
	return (rdv_histogram_bucket_floor(bucket) +
		rdv_histogram_bucket_floor(bucket + 1)) /
	       2;
}

uint64_t rdv_histogram_count(const struct rdv_histogram *histogram)
{
	uint64_t count = 0;
	unsigned i;

	for (i = 0; i < RDV_HISTOGRAM_BUCKETS; i++)
		count += histogram->bucket[i];
	return count;
}

uint64_t rdv_histogram_mean(const struct rdv_histogram *histogram)
{
	uint64_t count = rdv_histogram_count(histogram);
	double sum = 0;
	unsigned i;

	for (i = 0; i < RDV_HISTOGRAM_BUCKETS; i++)
		sum += (double)histogram->bucket[i] * (double)middle(i);
	return count ? (uint64_t)(sum / (double)count) : 0;
}

uint64_t rdv_histogram_percentile(const struct rdv_histogram *histogram, double percent)
{
	uint64_t count = rdv_histogram_count(histogram);
	uint64_t rank, seen = 0;
	unsigned i;

	if (!count)
		return 0;
	if (percent >= 100)
		rank = count;
	else
		rank = percent > 0 ? (uint64_t)((double)count * percent / 100) : 0;
	if (!rank || (double)rank < (double)count * percent / 100)
		rank++;
	if (rank > count)
		rank = count;
	for (i = 0; (seen += histogram->bucket[i]) < rank; i++)
		;
	return middle(i);
}

/* --------------------------------------------------------------------- the reader */

/* By the array that is aligned: compilers see that no lock is needed for 64 bits. */
static uint64_t bucket_of(const rdv_domain *d, enum rdv_histogram_kind kind, unsigned i)
{
	return rdv_peek(&d->history->counts[kind].bucket[i]);
}

static void add_counts(struct rdv_histogram *to, const rdv_domain *d,
		       enum rdv_histogram_kind kind)
{
	unsigned i;

	for (i = 0; i < RDV_HISTOGRAM_BUCKETS; i++)
		to->bucket[i] += bucket_of(d, kind, i);
}

static void add_log(struct rdv_histogram *to, const struct rdv_member *m,
		    enum rdv_histogram_kind kind)
{
	unsigned i, entry, n = rdv_peek(&m->record.logged);

	for (i = 0; i < n; i++) {
		entry = rdv_peek(&m->record.log[i]);
		if (RDV_LOGGED_KIND(entry) == kind)
			to->bucket[RDV_LOGGED_BUCKET(entry)]++;
	}
}

static void add_member(struct rdv_histogram *to, const struct rdv_member *m,
		       enum rdv_histogram_kind kind)
{
	uint32_t untimed = rdv_peek(&m->record.untimed);

	if (kind == RDV_TO_ISOLATION)
		to->bucket[rdv_peek(&m->record.bucket[0])] += untimed;
	else if (kind == RDV_ISOLATED)
		to->bucket[rdv_peek(&m->record.bucket[1])] += untimed;
	else
		add_log(to, m, kind);
}

/* How many isolations are over. */
static uint64_t count_isolated(const rdv_domain *d)
{
	const struct rdv_member *m;
	uint64_t count = 0;
	uint32_t i;

	for (i = 0; i < RDV_HISTOGRAM_BUCKETS; i++)
		count += bucket_of(d, RDV_ISOLATED, i);
	for (i = 0; i < d->max_threads; i++) {
		m = rdv_load_acq(&d->member[i]); /* [SLOT] */
		if (m)
			count += rdv_peek(&m->record.untimed);
	}
	return count;
}

/* Adds the releases that were not timed: they count as 0. */
static void add_quick_releases(struct rdv_histogram *h, const rdv_domain *d)
{
	uint64_t over = count_isolated(d), timed = rdv_histogram_count(h);

	if (over > timed)
		h->bucket[0] += over - timed;
}

void rdv_read_histogram(const rdv_domain *d, enum rdv_histogram_kind kind,
			struct rdv_histogram *h)
{
	const struct rdv_member *m;
	uint32_t id;

	memset(h, 0, sizeof(*h));
	add_counts(h, d, kind);
	for (id = 0; id < d->max_threads; id++) {
		m = rdv_load_acq(&d->member[id]); /* [SLOT] */
		if (m)
			add_member(h, m, kind);
	}
	if (kind == RDV_TO_RELEASE)
		add_quick_releases(h, d);
}

static void read_blame(struct rdv_delay *delay, const struct rdv_blame *blame)
{
	delay->ns = rdv_peek(&blame->ns);
	delay->id = (int32_t)rdv_peek(&blame->id) - 1;
	delay->kernel_tid = rdv_peek(&blame->tid);
	rdv_name_copy(delay->name, blame->name, sizeof(delay->name));
	rdv_name_copy(delay->where, blame->where, sizeof(delay->where));
}

/* The thread subtracts called from items, and then begins again. */
uint32_t rdv_read_items(const struct rdv_member *m)
{
	uint32_t called = rdv_peek(&m->record.called), items = rdv_peek(&m->record.items);

	return items > called ? items - called : 0;
}

static void count_member(struct rdv_counters *c, const struct rdv_member *m)
{
	c->isolations += rdv_peek(&m->record.isolations);
	c->rounds += rdv_peek(&m->record.rounds);
	c->tries += rdv_peek(&m->record.tries);
	c->waits += rdv_peek(&m->record.waits);
	c->wakes += rdv_peek(&m->record.wakes);
	c->items += rdv_read_items(m);
	c->called += rdv_peek(&m->record.called);
}

void rdv_read_counters(const rdv_domain *d, struct rdv_counters *c)
{
	const struct rdv_member *m;
	uint32_t id;

	memset(c, 0, sizeof(*c));
	c->wakes = rdv_peek(&d->sync.wakes) + rdv_peek(&d->held_wakes);
	c->items = rdv_peek(&d->history->orphans);
	c->called = rdv_peek(&d->history->called);
	for (id = 0; id < d->max_threads; id++) {
		m = rdv_load_acq(&d->member[id]); /* [SLOT] */
		if (m)
			count_member(c, m);
	}
}

static void read_graces(const rdv_domain *d, const struct rdv_counters *c,
			struct rdv_stats *s)
{
	const struct rdv_history *h = d->history;

	s->grace_periods = rdv_peek(&h->graces);
	s->graces_failed = rdv_peek(&h->graces_failed);
	s->retired = c->called + c->items;
	s->retired_waiting = c->items;
	read_blame(&s->last_grace, &h->last_grace);
	read_blame(&s->worst_grace, &h->worst_grace);
	rdv_read_histogram(d, RDV_TO_GRACE, &s->to_grace);
}

static void read_all(const rdv_domain *d, struct rdv_stats *s)
{
	struct rdv_counters c;

	rdv_read_counters(d, &c);
	s->size = sizeof(*s);
	memcpy(s->name, d->name, sizeof(s->name));
	s->fence = d->biased ? RDV_FENCE_BIASED : RDV_FENCE_FULL;
	s->max_threads = d->max_threads;
	s->threads = rdv_peek(&d->members);
	s->threads_max = rdv_peek(&d->members_max);
	s->isolations = c.isolations;
	s->rounds = c.rounds;
	s->tries_failed = c.tries;
	s->timeouts_failed = rdv_peek(&d->history->timeouts);
	s->futex_waits = c.waits;
	s->futex_wakes = c.wakes;
	s->membarriers = rdv_peek(&d->fences);
	read_blame(&s->last_delay, &d->history->last);
	read_blame(&s->worst_delay, &d->history->worst);
	read_blame(&s->longest, &d->history->longest);
	rdv_read_histogram(d, RDV_TO_ISOLATION, &s->to_isolation);
	rdv_read_histogram(d, RDV_ISOLATED, &s->isolated);
	rdv_read_histogram(d, RDV_HELD, &s->held);
	rdv_read_histogram(d, RDV_TO_RELEASE, &s->to_release);
	s->held_waits = rdv_histogram_count(&s->held);
	read_graces(d, &c, s);
}

/* A function of its own, because it needs much stack and is rarely called. */
static __attribute__((noinline)) void read_some(const rdv_domain *d, struct rdv_stats *s,
						size_t size)
{
	struct rdv_stats all;

	read_all(d, &all);
	all.size = (uint32_t)size;
	rdv_fill(s, size, &all, sizeof(all));
}

int rdv_domain_stats(const rdv_domain *domain, struct rdv_stats *stats, size_t size)
{
	if (size < sizeof(stats->size))
		return -EINVAL;
	if (size < sizeof(*stats)) {
		read_some(domain, stats, size);
	} else {
		read_all(domain, stats);
		memset(stats + 1, 0, size - sizeof(*stats));
	}
	return 0;
}

int rdv_thread_last_delay(const rdv_thread *self, struct rdv_delay *delay)
{
	const struct rdv_member *m = rdv_member_of(self);
	const struct rdv_member *t;
	uint32_t blamed = rdv_peek(&m->record.blamed);

	if (!blamed)
		return -ENOENT;
	t = rdv_load_acq(&m->domain->member[blamed - 1]); /* [SLOT] */
	delay->ns = rdv_peek(&m->record.delay);
	delay->id = (int32_t)blamed - 1;
	delay->kernel_tid = rdv_peek(&t->record.tid);
	rdv_name_copy(delay->name, t->name, sizeof(delay->name));
	rdv_name_copy(delay->where, rdv_peek(&m->record.where), sizeof(delay->where));
	return 0;
}

size_t rdv_domain_thread_stats(const rdv_domain *domain, struct rdv_thread_stats *threads,
			       size_t n, size_t size)
{
	const struct rdv_member *m;
	char *to = (char *)threads;
	uint32_t id;
	size_t found = 0;
	int32_t tid;

	for (id = 0; id < domain->max_threads; id++) {
		m = rdv_load_acq(&domain->member[id]); /* [SLOT] */
		tid = m ? rdv_peek(&m->record.tid) : 0;
		if (!tid || found++ >= n)
			continue;
		struct rdv_thread_stats one = {
			.id = id,
			.kernel_tid = tid,
			.isolations = rdv_peek(&m->record.isolations),
			.worst_delay_ns = rdv_peek(&m->record.worst),
			.retired_waiting = rdv_read_items(m),
		};
		rdv_name_copy(one.name, m->name, sizeof(one.name));
		rdv_fill(to, size, &one, sizeof(one));
		to += size;
	}
	return found;
}
