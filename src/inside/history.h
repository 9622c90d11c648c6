/* SPDX-License-Identifier: MIT */
/* The histograms of a domain. */
#ifndef RDV_HISTORY_H
#define RDV_HISTORY_H

#include <rdv/stats.h>
#include <string.h>

#include "count.h"

enum rdv_histogram_kind {
	RDV_TO_ISOLATION,
	RDV_ISOLATED,
	RDV_HELD,
	RDV_TO_RELEASE,
	RDV_HISTOGRAM_KINDS
};

/* The thread that an isolation waited for, with the name that it had then. */
struct rdv_blame {
	uint64_t ns __attribute__((aligned(8)));
	uint32_t id; /* + 1, 0 = nobody yet */
	int32_t tid;
	char name[16];
	char where[32];
};

struct rdv_history {
	struct rdv_blame last, worst, longest; /* written by the owner */
	struct rdv_histogram counts[RDV_HISTOGRAM_KINDS] __attribute__((aligned(8)));
};

/* The bucket of a time in ns: one for each time below 4, then 4 to each factor of two. */
static inline uint16_t rdv_bucket(uint64_t ns)
{
	unsigned octave, bucket;

	if (ns < 4)
		return (uint16_t)ns;
	octave = 63 - (unsigned)__builtin_clzll(ns);
	bucket = (octave - 1) * 4 + (unsigned)(ns >> (octave - 2) & 3);
	return (uint16_t)(bucket < RDV_HISTOGRAM_BUCKETS ? bucket
							 : RDV_HISTOGRAM_BUCKETS - 1);
}

/* An entry of a member's log is a bucket of the time held; with this bit, of the time that
 * a release took. */
#define RDV_LOG_RELEASE 0x8000u

/* Reads a histogram, with what members have noted and not yet moved to it. */
void rdv_read_histogram(const rdv_domain *d, enum rdv_histogram_kind kind,
			struct rdv_histogram *h);

/* Sums over all members, including those that have left. */
struct rdv_counters {
	uint64_t isolations, rounds, tries, timeouts, waits, wakes;
};

void rdv_read_counters(const rdv_domain *d, struct rdv_counters *c);

/*
 * Copies a struct to a caller that knows size bytes of it; we know known bytes.  See
 * rdv(7) about structures that grow.
 */
static inline void rdv_fill(void *to, size_t size, const void *from, size_t known)
{
	memcpy(to, from, size < known ? size : known);
	if (size > known)
		memset((char *)to + known, 0, size - known);
}

#endif
