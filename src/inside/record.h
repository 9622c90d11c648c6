/* SPDX-License-Identifier: MIT */
/*
 * The statistics: the functions that the sources of the protocol call.  They change no
 * word of the protocol.
 *
 * A thread counts in its own slot, on cache lines that nobody else writes.
 * rdv_domain_stats() adds the slots up.  The histograms belong to the domain.  The owner
 * of the token writes two of them: the time to isolation, and the time isolated.  Other
 * times are noted in the slot of the thread, and moved to the histograms some at a
 * time.
 *
 * Reading the clock twice takes longer than an isolation that waits for nobody.  So in
 * each tick of the coarse clock (mostly 4 ms) a thread times its first RDV_TIMED
 * isolations, and each one that has to wait.  At the begin and the end of any other
 * isolation it reads the coarse clock.  If a tick has passed in between, the isolation is
 * recorded with an error of half a tick.  If not, it is counted with the value of the
 * last timed one.
 */
#ifndef RDV_RECORD_H
#define RDV_RECORD_H

#include "clock.h"
#include "count.h"
#include "domain.h"
#include "misuse.h"
#include "probe.h"
#include "tsan.h"

enum { RDV_TIMED = 16 };

/* ------------------------------------------------------------------- isolations */

void rdv_record_timed(struct rdv_member *m);
void rdv_record_end(struct rdv_member *m);

/* The thread asks for isolation. */
static inline void rdv_record_asked(struct rdv_member *m, const char *where)
{
	struct rdv_record *r = &m->record;
	uint64_t tick = rdv_clock_coarse_ns();

	rdv_probe(isolate_begin, m);
	if (tick != r->tick) {
		rdv_poke(&r->tick, tick);
		r->timed = RDV_TIMED;
	}
	r->since = 0;
	rdv_poke(&r->where, where);
	rdv_poke(&r->blamed, 0);
	if (r->timed) {
		r->timed--;
		r->since = rdv_clock_ns();
	}
}

/* The thread is isolated. */
static inline void rdv_record_isolated(struct rdv_member *m)
{
	struct rdv_record *r = &m->record;

	rdv_tsan_isolated(m->domain);
	rdv_bump(&r->isolations, 1);
	rdv_probe_1(isolate_gathered, m, (int)rdv_peek(&r->blamed) - 1);
	if (r->since)
		rdv_record_timed(m);
	else
		rdv_poke(&r->alone, r->tick);
}

/* The thread is about to release.  It is still the owner.  tick: the coarse clock. */
static inline void rdv_record_released(struct rdv_member *m, uint64_t tick)
{
	struct rdv_record *r = &m->record;

	rdv_tsan_release(&m->domain->ctl);
	rdv_probe(isolate_released, m);
	if (r->since || tick != r->tick)
		rdv_record_end(m);
	else
		rdv_bump(&r->untimed, 1);
}

/* After a release that woke somebody or passed the token on.  An uncontended release is one
 * addition, and is not timed. */
void rdv_record_release(struct rdv_member *m, uint64_t begin);

static inline void rdv_record_round(struct rdv_member *m)
{
	rdv_bump(&m->record.rounds, 1);
	rdv_probe(round_begin, m);
}

void rdv_record_failed(struct rdv_member *m, bool tried);

static inline void rdv_record_fence(rdv_domain *d)
{
	rdv_tally(&d->fences, 1);
}

/* The thread has opened the gate. */
static inline void rdv_record_round_end(const struct rdv_member *m)
{
	rdv_probe(round_end, m);
}

/* The thread has entered a sync-point; and has left it. */
static inline void rdv_record_sync_enter(const struct rdv_member *m)
{
	rdv_probe(sync_enter, m);
}

static inline void rdv_record_sync_exit(const struct rdv_member *m)
{
	rdv_probe(sync_exit, m);
}

/* ------------------------------------------------------------------------ waits */

/* The thread is not held any more: its wait is over. */
void rdv_record_held(struct rdv_member *m);

/* A wait will not go on, because the thread has left on_stall without returning. */
static inline void rdv_record_wait_left(struct rdv_member *m)
{
	rdv_poke(&m->wait_kind, (uint8_t)RDV_WAIT_NONE);
	m->may_give_up = false;
	m->in_report = false;
}

static inline void rdv_record_wake(struct rdv_member *m)
{
	rdv_bump(&m->record.wakes, 1);
}

/*
 * The thread has swapped gathering, so it was the last one that the leader waited for.
 * It notes that before it wakes the leader.  The value that it swapped out tells which
 * leader is meant.
 */
static inline void rdv_record_last(struct rdv_member *m, uint32_t gathering)
{
	rdv_record_wake(m);
	rdv_poke(&m->domain->laggard, (uint64_t)gathering << 32 | (m->id + 1));
}

/*
 * All threads are harmless for the leader: notes which one was the last. gathering is
 * what the leader slept on, or 0. last is 1 + the lowest id among the threads that were
 * missing when it last looked.
 */
void rdv_record_delay(struct rdv_member *m, uint32_t gathering, uint32_t last);

static inline void rdv_record_held_wake(rdv_domain *d)
{
	rdv_tally(&d->held_wakes, 1);
}

/* ---------------------------------------------------------------- grace periods */

/* The thread has begun a round of asking, and is about to count out itself, and those that it
 * has found harmless: so many. */
void rdv_record_grace_begin(struct rdv_member *m, uint32_t answered);

/* That round is about to be over.  answers: the thread was the last one that was asked;
 * otherwise all were harmless when the thread that has begun it had looked at them. */
void rdv_record_grace_end(struct rdv_member *m, bool answers);

/* The thread has waited for a grace period, which is over; or it has given up.  Or it need not
 * wait, as nobody was running: that counts as 0, and the clock is not read. */
void rdv_record_synchronized(struct rdv_member *m, bool over);
void rdv_record_over_at_once(struct rdv_member *m);

/* The thread has one item more; has called one more; will call no more now. */
static inline void rdv_record_retired(struct rdv_member *m)
{
	rdv_bump(&m->record.items, 1);
}

static inline void rdv_record_called(struct rdv_member *m)
{
	rdv_bump(&m->record.called, 1);
}

void rdv_record_items(struct rdv_member *m);

/* It has inherited what there was.  With the registry locked. */
void rdv_record_adopted(struct rdv_member *m);

/* ---------------------------------------------------------- domains and members */

size_t rdv_record_size(void); /* the size of d->history in bytes; it starts zeroed */

void rdv_record_joined(struct rdv_member *m, const char *name);
void rdv_record_left(struct rdv_member *m);
void rdv_record_fork(rdv_domain *d, struct rdv_member *survivor);
void rdv_record_in_child(void); /* before rdv_record_fork(): the thread has a new tid */

#endif
