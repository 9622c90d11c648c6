/* SPDX-License-Identifier: MIT */
/*
 * For the programs that are built with RDV_PERTURB: the library tells of each point
 * between two of its atomic accesses.
 *
 * A thread may have a function called at its points; not while it is in there, nor
 * outside of a CALL().
 */
#ifndef RDV_UNIT_POINTS_H
#define RDV_UNIT_POINTS_H

typedef void points_fn(void *arg);

void points_on(points_fn *fn, void *arg);
void points_off(void);

/* Called by the library. */
void rdv_point(const char *function, int line);

#endif
