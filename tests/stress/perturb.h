/* SPDX-License-Identifier: MIT */
/*
 * Perturbation: between two atomic accesses of the library, and at points of the
 * program's own, a thread may yield, spin, sleep or be interrupted by a signal.
 *
 * Each thread decides by a stream of random numbers of its own, so that a seed
 * gives each thread the same decisions again; what the scheduler makes of them is
 * another matter.  In each epoch a few labels are hot: there it loses its time often,
 * as if the machine had it in for that window.
 */
#ifndef STRESS_PERTURB_H
#define STRESS_PERTURB_H

#include "point.h"

#include <stdbool.h>
#include <stdint.h>

struct perturbation {
	unsigned cold, hot;  /* permille of the points where something happens */
	unsigned hot_one_in; /* one in so many labels is hot */
	unsigned signals;    /* permille of what happens that is SIGUSR1 */
};

#define PERTURBATION_NORMAL ((struct perturbation){15, 250, 12, 0})
#define PERTURBATION_NONE   ((struct perturbation){0, 0, 1, 0})
#define PERTURBATION_HEAVY  ((struct perturbation){20, 250, 6, 0})
#define PERTURBATION_LIGHT  ((struct perturbation){2, 30, 12, 0})

/* For all threads of the process, while none of them runs. */
void perturb_set(struct perturbation perturbation);

/* The same: another set of hot labels. */
void perturb_epoch(uint64_t key);

/* Starts the calling thread's stream; until then nothing happens to it. */
void perturb_thread(uint64_t seed);
void perturb_off(void);

/*
 * The calling thread begins or ends a handler.  Within it no signal is raised: each of these would
 * be the next handler, and what they interrupted would not go on for seconds.
 */
void perturb_handler(bool begins);

/* A point of the program's own, not between the accesses of the protocol. */
void perturb_here(void);

/* A number of turns that no compiler removes. */
void perturb_spin(unsigned turns);

#endif
