/* SPDX-License-Identifier: MIT */
/*
 * Each id has a place with plain words, which the thread with that id changes while it runs.  A
 * thread that keeps it changes them too.  So both see if the other one runs at the same time, and
 * ThreadSanitizer checks the ordering.
 */
#ifndef STRESS_KEEPS_H
#define STRESS_KEEPS_H

#include "crew.h"

/* Whether w may touch what is shared; by w itself.  False: it said so already. */
bool keeps_running(const struct worker *w, unsigned running);

/* Before a domain is there; and in the child of a fork(). */
void keeps_open(void);
void keeps_fork(const struct worker *survivor);

#endif
