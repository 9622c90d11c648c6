/* SPDX-License-Identifier: MIT */
/*
 * What the protocol sources see instead of the machine when they are compiled for
 * the model.  It comes before everything else (protocol.cc), and then each source
 * of src/ is compiled as it stands, as C++.
 *
 *	rdv_word           a word whose loads may be stale, as its orders permit
 *	__atomic_...       its operations; src/atomic.h and <rdv/rdv.h> use nothing else
 *	futex.h, fence.h   system calls of the model's kernel: see engine.cc
 *	lock.h, clock.h
 *	spin.h             spinning is one more look at most
 *	wait.h, inside/    no statistics, no checks for misuse
 *
 * Nothing here needs the headers of Relacy; engine.cc does.
 */
#ifndef RDV_MODEL
#define RDV_MODEL

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* --------------------------------------------------------------------- words */

/* A place in the sources, for the history of an execution that failed. */
struct rdv_place {
	const char *function, *file;
	unsigned line;
};

#define RDV_HERE (rdv_place{__func__, __FILE__, __LINE__})

/*
 * All zero is a word that was 0 before anybody looked.  An assignment is the plain
 * store that initialises a word before it is shared.
 */
class rdv_word
{
public:
	void operator=(unsigned value);
	unsigned load(int order, rdv_place) const;
	void store(unsigned value, int order, rdv_place);
	unsigned exchange(unsigned value, int order, rdv_place);
	unsigned fetch_add(unsigned value, int order, rdv_place);
	unsigned fetch_sub(unsigned value, int order, rdv_place);
	unsigned fetch_and(unsigned value, int order, rdv_place);
	unsigned fetch_or(unsigned value, int order, rdv_place);
	bool compare_exchange(unsigned *expected, unsigned value, int success,
			      int failure, rdv_place);

	/* The newest value, which the kernel sees, and the checks. */
	unsigned newest() const;

	unsigned number; /* of the model's word, 0 = it has none yet */
};

#define __atomic_store_n(p, v, o)    (p)->store(v, o, RDV_HERE)
#define __atomic_exchange_n(p, v, o) (p)->exchange(v, o, RDV_HERE)
#define __atomic_fetch_add(p, v, o)  (p)->fetch_add(v, o, RDV_HERE)
#define __atomic_fetch_sub(p, v, o)  (p)->fetch_sub(v, o, RDV_HERE)
#define __atomic_fetch_and(p, v, o)  (p)->fetch_and(v, o, RDV_HERE)
#define __atomic_fetch_or(p, v, o)   (p)->fetch_or(v, o, RDV_HERE)
#define __atomic_compare_exchange_n(p, e, v, weak, s, f) \
	(p)->compare_exchange(e, v, s, f, RDV_HERE)
#define __atomic_signal_fence(o) ((void)0)

/*
 * The fast paths.  On some machines a seq_cst load is stronger than the biased
 * ones may count on: there, it is but a load that the compiler leaves in its place.
 */
#define __atomic_load_n(p, o)                                                       \
	(p)->load(self->biased && (o) == __ATOMIC_SEQ_CST ? __ATOMIC_ACQUIRE : (o), \
		  RDV_HERE)
#include <rdv/rdv.h>
#undef __atomic_load_n
#define __atomic_load_n(p, o) (p)->load(o, RDV_HERE)

/* ------------------------------------------------------------------ the kernel */

#define RDV_FUTEX_H
#define RDV_FUTEX_ANY 0xffffffffu

int rdv_futex_wait(const rdv_word *word, uint32_t expected, uint32_t bitset,
		   const struct timespec *deadline);
int rdv_futex_wake(const rdv_word *word, int n, uint32_t bitset);

#define RDV_FENCE_H

void rdv_fence_all(void);

#define RDV_LOCK_H

struct rdv_mutex {
	unsigned number;
};

void rdv_lock_at(rdv_mutex *mutex, rdv_place);
void rdv_unlock_at(rdv_mutex *mutex, rdv_place);
#define rdv_lock(mutex)   rdv_lock_at(mutex, RDV_HERE)
#define rdv_unlock(mutex) rdv_unlock_at(mutex, RDV_HERE)

/* It goes on by itself, at times by more than anybody's patience. */
#define RDV_CLOCK_H

uint64_t rdv_clock_ns(void);
struct timespec rdv_deadline_at(uint64_t ns);
bool rdv_deadline_earlier(const struct timespec *a, const struct timespec *b);
bool rdv_deadline_passed(const struct timespec *deadline);

static inline uint32_t rdv_now_us(void)
{
	return (uint32_t)(rdv_clock_ns() / 1000);
}

static inline bool rdv_deadline_valid(const struct timespec *)
{
	return true;
}

/* -------------------------------------------------------------------- spinning */

/* A value of ctl returns at the end of each round: nothing may depend on that it does not. */
#define RDV_ROUND_STEP 0

#define RDV_SPIN_H
#define _Alignas alignas
#define _Static_assert static_assert
#include "domain.h"

struct rdv_spin {
	bool once;
};

bool rdv_spin_begin(struct rdv_spin *spin, rdv_domain *d, enum rdv_spin_kind kind,
		    const struct timespec *deadline);
bool rdv_spin_once(struct rdv_spin *spin);
void rdv_spin_prolong(struct rdv_spin *spin);
void rdv_spin_end(struct rdv_spin *spin);
#define rdv_spin_for(d, n) ((void)(n), RDV_SPIN_GATHER)
#define rdv_spin_joined(d) ((void)0)

/* ------------------------------------------------------------------- statistics
 *
 * They are no part of the protocol: the model has none, nor stall reports.
 */

#define RDV_MISUSE_H
#define rdv_must_not_wait(m)            ((void)0)
#define rdv_must_be(condition, m, what) ((void)0)
#define rdv_must_own(m)                 ((void)0)
#define rdv_must_be_unlocked(m)         ((void)0)

#define RDV_COUNT_H
#define rdv_peek(p)       (*(p))
#define rdv_poke(p, v)    (void)(*(p) = (v))
#define rdv_bump(p, n)    (void)(*(p) += (n))
#define rdv_publish(p, v) (void)(*(p) = (v))

#define RDV_RECORD_H
void model_round_begins(void);
void model_round_ends(void);
#define rdv_record_asked(m, where) ((void)(where))
#define rdv_record_isolated(m)     ((void)0)
#define rdv_record_released(m)     ((void)0)
#define rdv_record_release(m, at)  ((void)(at))
#define rdv_record_round(m)        model_round_begins()
#define rdv_record_failed(m, try)  ((void)0)
#define rdv_record_fence(d)        ((void)0)
#define rdv_record_held(m)         ((void)0)
#define rdv_record_round_end(m)    model_round_ends()
#define rdv_record_sync_enter(m)   ((void)0)
#define rdv_record_sync_exit(m)    ((void)0)
#define rdv_record_wait_left(m)    ((void)0)
#define rdv_record_wake(m)         ((void)(m))
#define rdv_record_last(m, g)      ((void)(m))
#define rdv_record_delay(m, g, l)  ((void)(g), (void)(l))
#define rdv_record_held_wake(d)    ((void)0)
#define rdv_record_joined(m, n)    ((void)0)
#define rdv_record_left(m)         ((void)0)

#define rdv_record_now(d) ((uint64_t)0)

#define RDV_WAIT_H
#define rdv_wait_begin(m, kind)        ((void)0)
#define rdv_wait_begin_at(m, kind, at) ((void)(at))
#define rdv_wait_end(m)                ((void)0)
#define rdv_wait_may_give_up(m, may)   ((void)0)
#define rdv_wait(m, word, expected, bitset, deadline) \
	rdv_futex_wait(word, expected, bitset, deadline)

#endif
