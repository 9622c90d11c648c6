/* SPDX-License-Identifier: MIT */
/*
 * The canary: words that are written by plain stores, one after the other, by
 * whoever is alone, and read while running.  If exclusion fails somebody sees them
 * torn; if ordering fails ThreadSanitizer sees a race.
 */
#ifndef STRESS_CANARY_H
#define STRESS_CANARY_H

#include "crew.h"

void canary_read(struct worker *w);
void canary_write(struct worker *w);

/* The same, in as few instructions as possible. */
void canary_glance(const struct worker *w);

/* How often it was written; whoever is alone may set it right. */
uint64_t canary_generation(void);
void canary_reset(void);

/* Nobody but w is running. */
void canary_alone(const struct worker *w, const char *where);

/* By plain stores. */
void canary_running(struct worker *w, unsigned running);

#endif
