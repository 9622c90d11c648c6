/* SPDX-License-Identifier: MIT */
/*
 * ring - what the threads of the loop-*.c examples do, each in the event loop of
 * another library.
 *
 * They sit in a ring and pass tokens on, each by a pipe to the next one.  A thread that has
 * a token reads the configuration, which is in plain memory.  Every so often it changes it
 * (isolated), and every so often it has all threads meet (at the sync-point).  When the
 * last token has gone all the way, the meeting ends the program.
 */
#ifndef RING_H
#define RING_H

#include <rdv/sync.h>

struct seat {
	int in, out;      /* readable when a token comes; where to pass it on */
	rdv_thread *self; /* of the thread in this seat, which sets it */
	unsigned visits;
};

extern rdv_domain *ring_domain;

/* The tokens are 4 bytes each, passed as a whole. */
void seat_read(struct seat *seat);                /* in is readable */
void seat_take(struct seat *seat, unsigned hops); /* that was read elsewhere */

/* A sync-point is wanted.  True: it was the last one, leave the loop. */
bool seat_meet(struct seat *seat);

/* Runs a thread for each seat; what is wrong is printed.  Returns an exit status. */
int ring_run(void (*thread)(struct seat *seat));

#endif /* RING_H */
