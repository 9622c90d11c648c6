/* SPDX-License-Identifier: MIT */
/*
 * Reading what record.h has written.
 */
#include "internal.h"
#include "count.h"
#include "history.h"

#include <errno.h>
#include <string.h>

/* ------------------------------------------------------------------- histograms */

uint64_t rdv_histogram_from(unsigned bucket)
{
	if (bucket < 8)
		return bucket;
	return (uint64_t)(8 + bucket % 8) << (bucket / 8 - 1);
}

static uint64_t middle(unsigned bucket)
{
	return (rdv_histogram_from(bucket) + rdv_histogram_from(bucket + 1)) / 2;
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

static void add_counts(struct rdv_histogram *to, const struct rdv_counts *counts)
{
	uint32_t bucket;
	unsigned i;

	for (i = 0; i < RDV_HISTOGRAM_BUCKETS; i++)
		to->bucket[i] += rdv_peek(&counts->bucket[i]);
	for (i = 0; i < RDV_CARRIES; i++) {
		bucket = rdv_peek(&counts->carry[i].bucket);
		if (bucket)
			to->bucket[bucket - 1] +=
				(uint64_t)rdv_peek(&counts->carry[i].times) << 32;
	}
}

static void add_history(struct rdv_stats *s, const struct rdv_history *history)
{
	add_counts(&s->to_isolation, &history->counts[RDV_TO_ISOLATION]);
	add_counts(&s->isolated, &history->counts[RDV_ISOLATED]);
	add_counts(&s->held, &history->counts[RDV_HELD]);
	add_counts(&s->to_release, &history->counts[RDV_TO_RELEASE]);
}

static void add_log(struct rdv_stats *s, const struct rdv_member *m)
{
	unsigned i, entry, n = rdv_peek(&m->logged);

	for (i = 0; i < n; i++) {
		entry = rdv_peek(&m->log[i]);
		if (entry & RDV_LOG_RELEASE)
			s->to_release.bucket[entry & ~RDV_LOG_RELEASE]++;
		else
			s->held.bucket[entry]++;
	}
}

static void add_member(struct rdv_stats *s, const struct rdv_member *m)
{
	uint32_t untimed = rdv_peek(&m->untimed);

	s->isolations += rdv_peek(&m->isolations);
	s->rounds += rdv_peek(&m->rounds);
	s->tries_failed += rdv_peek(&m->tries);
	s->timeouts_failed += rdv_peek(&m->timeouts);
	s->futex_waits += rdv_peek(&m->waits);
	s->futex_wakes += rdv_peek(&m->wakes);
	s->to_isolation.bucket[rdv_peek(&m->bucket[0])] += untimed;
	s->isolated.bucket[rdv_peek(&m->bucket[1])] += untimed;
	add_log(s, m);
}

/* The isolations that are over, but for those whose release was timed. */
static void add_quick_releases(struct rdv_stats *s)
{
	uint64_t over = rdv_histogram_count(&s->isolated);
	uint64_t timed = rdv_histogram_count(&s->to_release);

	if (over > timed)
		s->to_release.bucket[0] += over - timed;
}

static void read_blame(struct rdv_delay *delay, const struct rdv_blame *blame)
{
	delay->ns = rdv_peek(&blame->ns);
	delay->id = (int32_t)rdv_peek(&blame->id) - 1;
	delay->kernel_tid = rdv_peek(&blame->tid);
	rdv_name_copy(delay->name, blame->name, sizeof(delay->name));
}

static void read_domain(struct rdv_stats *s, const rdv_domain *d)
{
	s->version = RDV_STATS_VERSION;
	memcpy(s->name, d->name, sizeof(s->name));
	s->fence = d->biased ? RDV_FENCE_BIASED : RDV_FENCE_FULL;
	s->max_threads = d->max_threads;
	s->threads = rdv_peek(&d->members);
	s->threads_max = rdv_peek(&d->members_max);
	s->membarriers = rdv_peek(&d->fences);
	s->futex_wakes = rdv_peek(&d->sync.wakes) + rdv_peek(&d->held_wakes);
	read_blame(&s->last_delay, &d->history->last);
	read_blame(&s->worst_delay, &d->history->worst);
	add_history(s, d->history);
}

int rdv_domain_stats(const rdv_domain *domain, struct rdv_stats *stats, size_t size)
{
	const struct rdv_member *m;
	struct rdv_stats mine;
	uint32_t id;

	if (size < offsetof(struct rdv_stats, name))
		return -EINVAL;
	memset(&mine, 0, sizeof(mine));
	read_domain(&mine, domain);
	for (id = 0; id < domain->max_threads; id++) {
		m = rdv_published(&domain->member[id]);
		if (m)
			add_member(&mine, m);
	}
	mine.held_waits = rdv_histogram_count(&mine.held);
	add_quick_releases(&mine);
	mine.size = (uint32_t)(size < sizeof(mine) ? size : sizeof(mine));
	memcpy(stats, &mine, mine.size);
	return 0;
}

int rdv_isolation_delay(const rdv_thread *self, struct rdv_delay *delay)
{
	const struct rdv_member *m = rdv_member_of(self);
	const struct rdv_member *t;
	uint32_t blamed = rdv_peek(&m->blamed);

	if (!blamed)
		return -ENOENT;
	t = rdv_published(&m->domain->member[blamed - 1]);
	delay->ns = rdv_peek(&m->delay);
	delay->id = (int32_t)blamed - 1;
	delay->kernel_tid = rdv_peek(&t->tid);
	rdv_name_copy(delay->name, t->name, sizeof(delay->name));
	return 0;
}

size_t rdv_domain_threads(const rdv_domain *domain, struct rdv_thread_stats *threads,
			  size_t n)
{
	const struct rdv_member *m;
	uint32_t id;
	size_t found = 0;
	int32_t tid;

	for (id = 0; id < domain->max_threads; id++) {
		m = rdv_published(&domain->member[id]);
		tid = m ? rdv_peek(&m->tid) : 0;
		if (!tid || found++ >= n)
			continue;
		memset(threads, 0, sizeof(*threads));
		threads->id = id;
		threads->kernel_tid = tid;
		rdv_name_copy(threads->name, m->name, sizeof(threads->name));
		threads->isolations = rdv_peek(&m->isolations);
		threads->worst_delay_ns = rdv_peek(&m->worst);
		threads++;
	}
	return found;
}
