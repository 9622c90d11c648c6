/* SPDX-License-Identifier: MIT */
/*
 * The only place that calls membarrier(2).  With RDV_FENCE_BIASED the isolator calls it,
 * so that the other threads need no fence.
 */
#ifndef RDV_FENCE_H
#define RDV_FENCE_H

#include <stdbool.h>

/* Registers the process for the private expedited command; false if the kernel refuses.
 * The child of a fork() has to register again. */
bool rdv_fence_register(void);

/* A full fence on every CPU that runs a thread of this process. */
void rdv_fence_all(void);

#endif
