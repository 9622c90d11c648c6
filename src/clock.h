/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLOCK_H
#define RDV_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define RDV_NSEC_PER_SEC 1000000000

/* CLOCK_MONOTONIC in ns.  clock_gettime() cannot fail for it. */
static inline uint64_t rdv_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * RDV_NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

/* A deadline is NULL (none) or a normalised timespec; tv_sec may be negative. */
static inline bool rdv_deadline_valid(const struct timespec *deadline)
{
	return !deadline ||
	       (deadline->tv_nsec >= 0 && deadline->tv_nsec < RDV_NSEC_PER_SEC);
}

static inline bool rdv_deadline_passed(const struct timespec *deadline)
{
	struct timespec now;

	if (!deadline)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != deadline->tv_sec)
		return now.tv_sec > deadline->tv_sec;
	return now.tv_nsec >= deadline->tv_nsec;
}

#endif
