/* SPDX-License-Identifier: MIT */
/* Threads that are members for a moment and die in one state or another. */
#ifndef STRESS_BIRTH_H
#define STRESS_BIRTH_H

#include "crew.h"

/* In that slot of the crew; it does some of the plan's operations. */
void guest_birth(struct worker *guest, unsigned index);

/* Waits for its death, as a member. */
void guest_death(struct worker *w, struct worker *guest);

/* Both, by a thread of the crew that is not a guest. */
void op_guest(struct worker *w);

#endif
