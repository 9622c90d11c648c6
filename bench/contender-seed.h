/* SPDX-License-Identifier: MIT */
/* What the seed's rendez-vous and its sync-point share. */
#ifndef BENCH_CONTENDER_SEED_H
#define BENCH_CONTENDER_SEED_H

#include "contender-loops.h"
#include "contender.h"

#include <sched.h>
#include <stdint.h>

struct seed_thread {
	uint64_t bit;
};

uint64_t seed_all_threads(void);

extern const struct sync_calls seed_sync_calls;

int seed_sync_open(bool yields); /* 0 or -errno */
void seed_sync_close(void);

/* Called between two looks at the word that is waited for. */
static inline void seed_relax(void)
{
	bench_pause();
	sched_yield();
}

#endif
