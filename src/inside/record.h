/* SPDX-License-Identifier: MIT */
/*
 * What the protocol tells about itself: the calls that stand in its sources.  They
 * change no word of it.
 *
 * A thread counts in its own slot, on lines that nobody else writes, and rdv_domain_stats()
 * adds up.  The histograms belong to the domain.  Two of them, the time to isolation
 * and the time isolated, are written by the owner of the token; what others have to
 * add is noted in the slot, and brought there a dozen at a time.
 *
 * Two looks at the clock cost more than an isolation for which nobody has to be waited
 * for.  So each thread times, in each tick of the coarse clock (4 ms, mostly), the first
 * RDV_TIMED isolations and all those that have to wait.  Of the others it asks the
 * coarse clock, when they begin and end, whether they went beyond the tick; if so that
 * is recorded, with an error of half a tick.  If not they are like the last that was
 * timed, and counted as such.
 */
#ifndef RDV_RECORD_H
#define RDV_RECORD_H

#include "clock.h"
#include "count.h"
#include "domain.h"
#include "misuse.h"
#include "probe.h"

enum { RDV_TIMED = 16 };

/* ------------------------------------------------------------------- isolations */

void rdv_record_timed(struct rdv_member *m);
void rdv_record_end(struct rdv_member *m);

/* The isolation is asked for. */
static inline void rdv_record_asked(struct rdv_member *m, const char *where)
{
	uint64_t tick = rdv_clock_coarse_ns();

	rdv_probe(isolate_begin, m);
	if (tick != m->tick) {
		rdv_poke(&m->tick, tick);
		m->timed = RDV_TIMED;
	}
	m->since = 0;
	rdv_poke(&m->where, where);
	rdv_poke(&m->blamed, 0);
	if (m->timed) {
		m->timed--;
		m->since = rdv_clock_ns();
	}
}

/* The thread is isolated. */
static inline void rdv_record_isolated(struct rdv_member *m)
{
	rdv_bump(&m->isolations, 1);
	rdv_probe_1(isolate_gathered, m, (int)rdv_peek(&m->blamed) - 1);
	if (m->since)
		rdv_record_timed(m);
	else
		rdv_poke(&m->alone, m->tick);
}

/* It is about to release; it is still the owner. */
static inline void rdv_record_released(struct rdv_member *m)
{
	rdv_probe(isolate_released, m);
	if (m->since || rdv_clock_coarse_ns() != m->tick)
		rdv_record_end(m);
	else
		rdv_bump(&m->untimed, 1);
}

/* After a release that woke somebody or passed the token on.  An uncontended release is one
 * compare-and-swap, and is not timed. */
void rdv_record_release(struct rdv_member *m, uint64_t begin);

static inline uint64_t rdv_record_now(const rdv_domain *d)
{
	(void)d; /* the model has no clock but for patience */
	return rdv_clock_ns();
}

static inline void rdv_record_round(struct rdv_member *m)
{
	rdv_bump(&m->rounds, 1);
	rdv_probe(round_begin, m);
}

static inline void rdv_record_failed(struct rdv_member *m, bool tried)
{
	rdv_bump(tried ? &m->tries : &m->timeouts, 1);
	rdv_probe_1(isolate_failed, m, tried);
}

static inline void rdv_record_fence(rdv_domain *d)
{
	rdv_bump(&d->fences, 1);
}

/* It has opened the gate. */
static inline void rdv_record_round_end(const struct rdv_member *m)
{
	rdv_probe(round_end, m);
}

/* A sync-point: it has come, and it leaves with the others. */
static inline void rdv_record_sync_enter(const struct rdv_member *m)
{
	rdv_probe(sync_enter, m);
}

static inline void rdv_record_sync_exit(const struct rdv_member *m)
{
	rdv_probe(sync_exit, m);
}

/* ------------------------------------------------------------------------ waits */

/* Held: what has begun ends here. */
void rdv_record_held(struct rdv_member *m);

/* A wait will not go on: its thread has left on_stall without returning. */
static inline void rdv_record_wait_left(struct rdv_member *m)
{
	rdv_poke(&m->wait_kind, (uint8_t)RDV_WAIT_NONE);
	m->may_give_up = false;
	m->in_report = false;
}

static inline void rdv_record_wake(struct rdv_member *m)
{
	rdv_bump(&m->wakes, 1);
}

/*
 * The thread has swapped gathering, so it was the last that the leader waited for; it
 * says so before it wakes it.  What it swapped tells one leader from another.
 */
static inline void rdv_record_last(struct rdv_member *m, uint32_t gathering)
{
	rdv_record_wake(m);
	rdv_poke(&m->domain->laggard, (uint64_t)gathering << 32 | (m->id + 1));
}

/*
 * The leader has everybody: whom did it wait for last?  gathering: what it slept on, or
 * 0; last: 1 + the lowest id of those that were missing when it last looked in vain.
 */
void rdv_record_delay(struct rdv_member *m, uint32_t gathering, uint32_t last);

static inline void rdv_record_held_wake(rdv_domain *d)
{
	rdv_tally(&d->held_wakes, 1);
}

/* ---------------------------------------------------------- domains and members */

size_t rdv_record_size(void); /* of d->history, in bytes; it begins as 0 */

void rdv_record_joined(struct rdv_member *m, const char *name);
void rdv_record_left(struct rdv_member *m);
void rdv_record_fork(rdv_domain *d, struct rdv_member *survivor);
void rdv_record_in_child(void); /* before that: the thread has another tid now */

#endif
