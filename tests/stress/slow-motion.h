/* SPDX-License-Identifier: MIT */
/*
 * The inline functions of <rdv/rdv.h> with a point before each of their accesses:
 * between what a thread writes and what it then reads, others must be able to come.
 */
#ifndef STRESS_SLOW_MOTION_H
#define STRESS_SLOW_MOTION_H

#include <rdv/rdv.h>

void slow_motion_now(rdv_thread *self);
void slow_motion_end(rdv_thread *self);
bool slow_motion_checkpoint(rdv_thread *self);

#endif
