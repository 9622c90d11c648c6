/* SPDX-License-Identifier: MIT */
/*
 * One thread isolates at a given pace while others work.  It does so for half of the
 * time: slices of rest and of isolations take turns, because the load of the machine
 * changes, too.
 */
#ifndef BENCH_PACE_H
#define BENCH_PACE_H

#include "crew.h"

enum pace_phase { PACE_REST, PACE_ISOLATING, PACE_OVER };

struct pace {
	uint64_t interval_ns; /* between two isolations; 0: there are none */
	uint64_t rest_ns, isolating_ns;
	unsigned slices; /* of each */
	double *took_us; /* how long each isolate() took; NULL: not wanted */
	unsigned max;    /* of those */
	uint64_t
		*worked; /* steps of each worker in the slices with isolations, or NULL */

	int phase;
	uint64_t isolations;
	double rest_rate, rate; /* steps of all workers per second */
	double achieved;        /* isolations per second */
};

/* The role of the last member of the crew; its argument is the struct pace. */
void role_paced(struct member *m);

/* Directs the crew.  All members except the last make progress. */
void pace_measure(struct crew *crew, struct pace *p);

#endif
