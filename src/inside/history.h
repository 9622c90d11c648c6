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
	RDV_TO_GRACE,
	RDV_HISTOGRAM_KINDS
};

/* The thread that an isolation or a grace period waited for, with the name that it had then. */
struct rdv_blame {
	uint64_t ns __attribute__((aligned(8)));
	uint32_t id; /* + 1, 0 = nobody yet */
	int32_t tid;
	char name[16];
	char where[32];
};

struct rdv_history {
	struct rdv_blame last, worst, longest; /* written by the owner */
	/* written by the thread that ends a round of asking, and asking_since by the one that
	 * begins it: when it had asked, in ns; 0 = nobody else was running */
	struct rdv_blame last_grace, worst_grace;
	rdv_count graces, asking_since;
	rdv_count timeouts, graces_failed; /* timed calls that failed */
	rdv_count called;                  /* items, by rdv_retire_run() and the like */
	rdv_count orphans;                 /* items that nobody has inherited */
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

/* An entry of a member's log: which histogram, and the bucket. */
#define RDV_LOG(kind, bucket)    ((uint16_t)((kind) << 8 | (bucket)))
#define RDV_LOGGED_KIND(entry)   ((enum rdv_histogram_kind)((entry) >> 8))
#define RDV_LOGGED_BUCKET(entry) ((entry)&0xff)

/* Reads a histogram, with what members have noted and not yet moved to it. */
void rdv_read_histogram(const rdv_domain *d, enum rdv_histogram_kind kind,
			struct rdv_histogram *h);

/* Sums over all members, including those that have left. */
struct rdv_counters {
	uint64_t isolations, rounds, tries, waits, wakes;
	uint64_t items, called; /* by rdv_retire(): what waits; what has been called */
};

void rdv_read_counters(const rdv_domain *d, struct rdv_counters *c);

/* Items that the thread has retired or inherited, and not called. */
uint32_t rdv_read_items(const struct rdv_member *m);

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
