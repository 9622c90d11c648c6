/* SPDX-License-Identifier: MIT */
/*
 * Spinning before sleeping, for as long as it has lately paid off.
 *
 *	rdv_spin_begin(&spin, d, kind, deadline);
 *	while (!what_we_wait_for && rdv_spin_once(&spin))
 *		;
 *	... sleep, if need be ...
 *	rdv_spin_end(&spin);
 */
#ifndef RDV_SPIN_H
#define RDV_SPIN_H

#include "domain.h"

/*
 * What a sleep and a wake-up cost at worst.  A user who wants longer spinning sets
 * spin_ns.
 */
enum { RDV_SPIN_CAP_NS = 50000 };

struct rdv_spin {
	rdv_domain *domain;
	enum rdv_spin_kind kind;
	bool on, slot; /* spinning now; is or was one of the domain's spinners */
	uint32_t turns;
	uint64_t start, last; /* ns */
	uint64_t limit;       /* ns after start */
	uint64_t left;        /* ns from start to the deadline */
};

/* Returns false if the thread is not going to spin. */
bool rdv_spin_begin(struct rdv_spin *spin, rdv_domain *d, enum rdv_spin_kind kind,
		    const struct timespec *deadline);
bool rdv_spin_once(struct rdv_spin *spin); /* false, now and from then on: sleep */
void rdv_spin_end(struct rdv_spin *spin);

/*
 * The kind of spinning of a leader that waits for so many threads.  RDV_SPIN_FREE if
 * there is a CPU for each of them, for the leader, and for each thread that spins too.
 */
enum rdv_spin_kind rdv_spin_for(const rdv_domain *d, uint32_t awaited);

/*
 * The calling thread becomes a member.  Adds the CPUs on which it may run.  The caller
 * holds the registry lock.
 */
void rdv_spin_joined(rdv_domain *d);

/* RDV_SPIN_ROUNDS: a round has ended, so the thread waits for another.  Other kinds: nothing. */
void rdv_spin_prolong(struct rdv_spin *spin);

/*
 * The kind of spinning of a held thread that was woken and finds the gate closed.
 * RDV_SPIN_ROUNDS if the last round was short.
 */
enum rdv_spin_kind rdv_spin_woken(const rdv_domain *d);

#endif
