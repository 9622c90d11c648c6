/* SPDX-License-Identifier: MIT */
/*
 * The histograms of a domain.  A bucket counts to 2^32 and then goes on in one of a
 * few carries, of which each histogram has enough for its most frequent values: a
 * bucket that finds none begins again at 0.  The first to be full after four billion
 * events, each takes at least as many more.
 */
#ifndef RDV_HISTORY_H
#define RDV_HISTORY_H

#include <rdv/stats.h>

#include "count.h"

enum rdv_histogram_kind {
	RDV_TO_ISOLATION,
	RDV_ISOLATED,
	RDV_HELD,
	RDV_TO_RELEASE,
	RDV_HISTOGRAM_KINDS
};

enum { RDV_CARRIES = 8 };

struct rdv_counts {
	uint32_t bucket[RDV_HISTOGRAM_BUCKETS];
	struct {
		uint32_t bucket; /* + 1, 0 = free */
		uint32_t times;  /* 2^32 */
	} carry[RDV_CARRIES];
};

/* Of whom an isolation waited for, with the name that it had. */
struct rdv_blame {
	uint64_t ns __attribute__((aligned(8)));
	uint32_t id; /* + 1, 0 = nobody yet */
	int32_t tid;
	char name[16];
};

struct rdv_history {
	struct rdv_blame last, worst; /* written by the owner */
	struct rdv_counts counts[RDV_HISTOGRAM_KINDS];
};

/* Of a time in ns.  Below 8 each has its own, then there are 8 to an octave. */
static inline uint16_t rdv_bucket(uint64_t ns)
{
	unsigned octave, bucket;

	if (ns < 8)
		return (uint16_t)ns;
	octave = 63 - (unsigned)__builtin_clzll(ns);
	bucket = (octave - 2) * 8 + (unsigned)(ns >> (octave - 3) & 7);
	return (uint16_t)(bucket < RDV_HISTOGRAM_BUCKETS ? bucket
							 : RDV_HISTOGRAM_BUCKETS - 1);
}

/* An entry of a member's log is a bucket of the time held, or with this of the other. */
#define RDV_LOG_RELEASE 0x8000u

/* A bucket is read with all that members still have of it. */
void rdv_read_histogram(const rdv_domain *d, enum rdv_histogram_kind kind,
			struct rdv_histogram *h);

/* The sums over all members, former ones too. */
struct rdv_counters {
	uint64_t isolations, rounds, tries, timeouts, waits, wakes;
};

void rdv_read_counters(const rdv_domain *d, struct rdv_counters *c);

void rdv_history_add(struct rdv_counts *counts, unsigned bucket, uint32_t n);

#endif
