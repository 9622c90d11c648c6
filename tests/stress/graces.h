/* SPDX-License-Identifier: MIT */
/*
 * Objects that threads look at while they run, and that others replace.  Who replaces one waits
 * for a grace period, or retires it.  Then it is poisoned, and its memory is not used again for a
 * while.  So a reader sees an object that was freed too early.  The accesses are plain: so
 * ThreadSanitizer checks the ordering too.
 */
#ifndef STRESS_GRACES_H
#define STRESS_GRACES_H

#include "crew.h"

/* Before a domain is there, and after it has gone: all that was retired was called. */
void graces_open(void);
void graces_closed(void);

/* In the child of a fork(): what the other threads have retired is never called. */
void graces_fork(void);

#endif
