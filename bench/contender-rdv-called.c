/* SPDX-License-Identifier: MIT */
/*
 * librdv's fast paths for a caller that does not have the inline functions.  This source
 * does not include the header: a compiler that knows the inline functions would inline
 * them here too.
 */
#include "contender-rdv.h"

struct rdv_thread;

void rdv_harmless_now(struct rdv_thread *self);
void rdv_harmless_end(struct rdv_thread *self);
bool rdv_checkpoint(struct rdv_thread *self);

BENCH_LOOP(checkpoint_loop, rdv_checkpoint(self));
BENCH_LOOP(pair_loop, rdv_harmless_now(self); rdv_harmless_end(self));

void rdv_checkpoint_called_loop(void *self, unsigned long n)
{
	checkpoint_loop(self, n);
}

void rdv_pair_called_loop(void *self, unsigned long n)
{
	pair_loop(self, n);
}
