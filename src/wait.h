/* SPDX-License-Identifier: MIT */
/*
 * How a member waits: it notes what it waits for, and sleeps.
 */
#ifndef RDV_WAIT_H
#define RDV_WAIT_H

#include "domain.h"
#include "clock.h"
#include "futex.h"
#include "inside/record.h"

void rdv_stall_begin(struct rdv_member *m);
int rdv_wait_stalling(struct rdv_member *m, const rdv_word *word, uint32_t expected,
		      uint32_t bitset, const struct timespec *deadline);

/* From here on the thread waits for something of this kind, spinning or asleep. */
static inline void rdv_wait_begin_at(struct rdv_member *m, enum rdv_wait_kind kind,
				     uint64_t now)
{
	rdv_poke(&m->record.wait_since, now);
	rdv_poke(&m->wait_kind, (uint8_t)kind);
	if (!m->record.since)
		m->record.since = now;
	if (kind == RDV_WAIT_HELD)
		rdv_probe(held_begin, m);
	if (m->domain->stall_ns)
		rdv_stall_begin(m);
}

static inline void rdv_wait_begin(struct rdv_member *m, enum rdv_wait_kind kind)
{
	rdv_wait_begin_at(m, kind, rdv_clock_ns());
}

static inline void rdv_wait_end(struct rdv_member *m)
{
	rdv_poke(&m->wait_kind, (uint8_t)RDV_WAIT_NONE);
}

/* Whether a stall report may end a wait for isolation. */
static inline void rdv_wait_may_give_up(struct rdv_member *m, bool may)
{
	m->may_give_up = may;
}

/*
 * rdv_futex_wait() by a member that holds no lock: it may call on_stall.  After that it
 * returns -EINTR, or -ECANCELED if on_stall wants the wait to end.
 */
static inline int rdv_wait(struct rdv_member *m, const rdv_word *word, uint32_t expected,
			   uint32_t bitset, const struct timespec *deadline)
{
	rdv_bump(&m->record.waits, 1);
	if (m->domain->stall_ns)
		return rdv_wait_stalling(m, word, expected, bitset, deadline);
	return rdv_futex_wait(word, expected, bitset, deadline);
}

#endif
