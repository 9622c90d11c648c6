/* SPDX-License-Identifier: MIT */
/* The loops of contender-rdv-called.c. */
#ifndef BENCH_CONTENDER_RDV_H
#define BENCH_CONTENDER_RDV_H

#include "contender-loops.h"
#include "contender.h"

void rdv_checkpoint_called_loop(void *self, unsigned long n);
void rdv_pair_called_loop(void *self, unsigned long n);

#endif
