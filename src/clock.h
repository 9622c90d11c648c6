/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLOCK_H
#define RDV_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define RDV_NSEC_PER_SEC 1000000000

/* Nanoseconds.  Only for clocks that always exist. */
static inline uint64_t rdv_clock_read(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * RDV_NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

static inline uint64_t rdv_clock_ns(void)
{
	return rdv_clock_read(CLOCK_MONOTONIC);
}

/* In us, wrapping after 71 minutes: for differences. */
static inline uint32_t rdv_now_us(void)
{
	return (uint32_t)(rdv_clock_ns() / 1000);
}

/* CLOCK_MONOTONIC as it was at the last tick of the kernel's timer.  Cheap, but some
 * milliseconds late. */
static inline uint64_t rdv_clock_coarse_ns(void)
{
	return rdv_clock_read(CLOCK_MONOTONIC_COARSE);
}

/* The time between two ticks. */
static inline uint64_t rdv_clock_tick_ns(void)
{
	struct timespec tick;

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	return (uint64_t)tick.tv_nsec;
}

/* A deadline is NULL (none) or a normalised timespec; tv_sec may be negative. */
static inline bool rdv_deadline_valid(const struct timespec *deadline)
{
	return !deadline ||
	       (deadline->tv_nsec >= 0 && deadline->tv_nsec < RDV_NSEC_PER_SEC);
}

/* What the kernel takes, whatever time_t is: 68 years at least. */
static inline struct timespec rdv_deadline_at(uint64_t ns)
{
	uint64_t s = ns / RDV_NSEC_PER_SEC;
	struct timespec ts = {
		.tv_sec = (time_t)(s < INT32_MAX ? s : INT32_MAX),
		.tv_nsec = (long)(ns % RDV_NSEC_PER_SEC),
	};

	return ts;
}

static inline bool rdv_deadline_earlier(const struct timespec *a,
					const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
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
