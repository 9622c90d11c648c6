/* SPDX-License-Identifier: MIT */
/*
 * What a member does for a living: operations that begin and end running, and know
 * nothing of one another.
 */
#ifndef STRESS_OPS_H
#define STRESS_OPS_H

#include "crew.h"

/* One of the plan's operations, at random by their weights; and a sync-point, if
 * one is pending. */
void op_random(struct worker *w);

/* The sync-point, as one of those who meet. */
void op_meet(struct worker *w);

void op_compute(struct worker *w);
void op_pair(struct worker *w);
void op_pair_try(struct worker *w);
void op_pair_until(struct worker *w);
void op_till_end(struct worker *w);
void op_checkpoint(struct worker *w);
void op_poll(struct worker *w);
void op_block(struct worker *w);
void op_mutex(struct worker *w);
void op_sprint(struct worker *w);
void op_isolate_sprint(struct worker *w);
void op_isolate(struct worker *w);
void op_isolate_try(struct worker *w);
void op_isolate_until(struct worker *w);
void op_isolate_harmless(struct worker *w);
/* keeps.c */
void op_keep(struct worker *w);
void op_each(struct worker *w);
void op_own(struct worker *w);

void op_malformed(struct worker *w);
void op_look(struct worker *w);
void op_replace(struct worker *w);
void op_sync(struct worker *w);
void op_rejoin(struct worker *w);

/* The same with fewer of the rare ones. */
extern const struct op ops_mixed[];
extern const struct op ops_deadlines[];
extern const struct op ops_crowd[];
extern const struct op ops_duel[];
extern const struct op ops_sprint[];
extern const struct op ops_control[];

#endif
