/* SPDX-License-Identifier: MIT */
/* The words of a domain: at rest, and for the post-mortem. */
#ifndef STRESS_STATE_H
#define STRESS_STATE_H

#include <rdv/rdv.h>

/*
 * Nobody is in a call: so many threads are members, so many of these running.
 * Fails with what is left of the calls that there were.
 */
void state_check_rest(rdv_domain *domain, unsigned members, unsigned running);

/* Every word, and the state of each member and of each thread of the crew. */
void state_dump(void);

#endif
