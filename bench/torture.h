/* SPDX-License-Identifier: MIT */
/*
 * The exclusion torture.  A contender has to pass it before it is timed.  There are more
 * threads than CPUs, several of them isolate, and nothing else protects the data.
 */
#ifndef BENCH_TORTURE_H
#define BENCH_TORTURE_H

#include "contender.h"

#include <stdint.h>

struct torture_result {
	unsigned threads;
	uint64_t isolations; /* isolated sections */
	uint64_t sections;   /* sections of running threads */
	uint64_t violations;
};

double torture_ms(void); /* how long one takes */

/* Returns 0 or -errno. */
int torture(const struct contender *c, struct torture_result *result);

#endif
