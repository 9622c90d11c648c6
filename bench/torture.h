/* SPDX-License-Identifier: MIT */
/*
 * The exclusion torture that a contender passes before it is timed: more threads than
 * CPUs, several of them isolating, over data that nothing else protects.
 */
#ifndef BENCH_TORTURE_H
#define BENCH_TORTURE_H

#include "contender.h"

#include <stdint.h>

struct torture_result {
	unsigned threads;
	uint64_t isolations; /* sections that were meant to be alone */
	uint64_t sections;   /* of running threads */
	uint64_t violations;
};

double torture_ms(void); /* how long one takes */

/* Returns 0 or -errno. */
int torture(const struct contender *c, struct torture_result *result);

#endif
