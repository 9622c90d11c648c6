/* SPDX-License-Identifier: MIT */
#ifndef STRESS_SCENARIOS_H
#define STRESS_SCENARIOS_H

#include "stress.h"

/* Ended by one without a name. */
extern const struct scenario scenarios[];

/* mixed.c */
void scenario_mixed(void);
void scenario_deadlines(void);
void scenario_duel(void);
void scenario_sprint(void);
void scenario_crowd(void);

/* machine.c */
void scenario_one_cpu(void);
void scenario_idle(void);
void scenario_fifo(void);

/* quota.c */
void scenario_quota(void);

/* signals.c */
void scenario_signals(void);

/* stop.c */
void scenario_stop(void);
void scenario_freeze(void);

/* birth.c, fork.c */
void scenario_birth(void);
void scenario_fork(void);

/* membarrier.c */
void scenario_enosys(void);
void scenario_eperm(void);
void scenario_sigsys(void);
void scenario_revoked(void);

#endif
