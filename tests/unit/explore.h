/* SPDX-License-Identifier: MIT */
/*
 * Runs a few threads one at a time, and tries the orders in which they can do so.
 *
 * A thread can be preempted at each point between two atomic accesses of the library,
 * and where the program says explore_point().  Sleeping and waking is played: who
 * sleeps runs again when woken, or when its deadline is let pass.  All orders with up
 * to a number of preemptions are tried, each from the start; few are enough to find
 * most mistakes.  If nobody can run and somebody has not finished, a wake-up was lost.
 *
 * What is seen is what a machine with sequentially consistent memory does.
 */
#ifndef RDV_UNIT_EXPLORE_H
#define RDV_UNIT_EXPLORE_H

#include <stdbool.h>

#define EXPLORE_MAX 4

struct explore {
	int threads;
	void (*before)(void *arg);          /* each time, by the caller's thread */
	void (*run)(void *arg, int thread); /* by each thread */
	bool (*after)(void *arg);           /* false: something is wrong */
	void *arg;
	int preemptions;
	bool spurious; /* may sleepers return for no reason?  That counts as one */
};

/* How many orders were tried; or 0 if one of them failed: it is then printed. */
unsigned long explore(const struct explore *e);

/* By the threads. */
void explore_point(void);
void explore_fail(const char *what);

#endif
