/* SPDX-License-Identifier: MIT */
/*
 * A deadline made of a duration.
 */
#include "clock.h"

#include <rdv/rdv.h>

/* The largest time_t, which is signed and has 32 or 64 bits. */
#define LAST_S ((time_t)(((uint64_t)1 << (8 * sizeof(time_t) - 1)) - 1))

struct timespec rdv_deadline(uint64_t ns)
{
	struct timespec at;
	uint64_t s = ns / RDV_NSEC_PER_SEC;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_nsec += (long)(ns % RDV_NSEC_PER_SEC);
	if (at.tv_nsec >= RDV_NSEC_PER_SEC) {
		at.tv_nsec -= RDV_NSEC_PER_SEC;
		s++;
	}
	if (ns == UINT64_MAX || s > (uint64_t)(LAST_S - at.tv_sec)) {
		at.tv_sec = LAST_S;
		at.tv_nsec = RDV_NSEC_PER_SEC - 1;
	} else {
		at.tv_sec += (time_t)s;
	}
	return at;
}
