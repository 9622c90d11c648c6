/* SPDX-License-Identifier: MIT */
/*
 * The only place that touches membarrier(2).  It is the isolator's half, and the
 * whole cost, of RDV_FENCE_BIASED.
 */
#ifndef RDV_FENCE_H
#define RDV_FENCE_H

#include <stdbool.h>

/* Registers the process for the private expedited command; false if it cannot be
 * had.  Again in the child of a fork(). */
bool rdv_fence_register(void);

/* A full fence on every CPU that runs a thread of this process. */
void rdv_fence_all(void);

#endif
