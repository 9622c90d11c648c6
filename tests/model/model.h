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
 *	inside/probe.h     tells the checks of the model
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
#include <type_traits>
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

	/* For words that are wider in the library. */
	bool compare_exchange(uint64_t *expected, unsigned value, int success,
			      int failure, rdv_place place)
	{
		unsigned seen = (unsigned)*expected;
		bool done = compare_exchange(&seen, value, success, failure, place);

		*expected = seen;
		return done;
	}

	/* The newest value, which the kernel sees, and the checks. */
	unsigned newest() const;

	unsigned number; /* of the model's word, 0 = it has none yet */
};

/* What is no word is not modelled: statistics, and what a lock protects. */
inline unsigned model_load(const rdv_word *p, int order, rdv_place place)
{
	return p->load(order, place);
}

template <class T> T model_load(const T *p, int, rdv_place)
{
	return *p;
}

inline void model_store(rdv_word *p, unsigned value, int order, rdv_place place)
{
	p->store(value, order, place);
}

template <class T>
void model_store(T *p, typename std::common_type<T>::type value, int, rdv_place)
{
	*p = value;
}

inline unsigned model_fetch_add(rdv_word *p, unsigned value, int order, rdv_place place)
{
	return p->fetch_add(value, order, place);
}

template <class T>
T model_fetch_add(T *p, typename std::common_type<T>::type value, int, rdv_place)
{
	T old = *p;

	*p += value;
	return old;
}

#define __atomic_store_n(p, v, o)    model_store(p, v, o, RDV_HERE)
#define __atomic_exchange_n(p, v, o) (p)->exchange(v, o, RDV_HERE)
#define __atomic_fetch_add(p, v, o)  model_fetch_add(p, v, o, RDV_HERE)
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
#define __atomic_load_n(p, o) model_load(p, o, RDV_HERE)

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

/* Where the protocol looks at it, it goes on at times, by more than anybody's patience. */
#define RDV_CLOCK_H
#define RDV_NSEC_PER_SEC 1000000000

uint64_t rdv_clock_ns(void);
uint32_t rdv_now_us(void);
struct timespec rdv_deadline_at(uint64_t ns);
bool rdv_deadline_earlier(const struct timespec *a, const struct timespec *b);
bool rdv_deadline_passed(const struct timespec *deadline);

uint64_t rdv_clock_coarse_ns(void);

static inline uint64_t rdv_clock_tick_ns(void)
{
	return 1000000;
}

static inline bool rdv_deadline_valid(const struct timespec *)
{
	return true;
}

/* -------------------------------------------------------------------- spinning */

/* A value of ctl returns at the end of each round: nothing may depend on that it does not. */
#define RDV_ROUND_STEP 0

#define RDV_WIDE_WORD rdv_word

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
#define rdv_spin_woken(d)  RDV_SPIN_HELD
#define rdv_spin_joined(d) ((void)0)

/* ------------------------------------------------------------------- statistics
 *
 * They are compiled, too.  They draw no numbers and change no word, and nothing depends on
 * them; but some probes tell the checks what has happened.
 */

#define RDV_PROBE_H
void model_probe(const char *probe);
#define rdv_probe(probe, m)         ((void)(m), model_probe(#probe))
#define rdv_probe_1(probe, m, a)    ((void)(a), rdv_probe(probe, m))
#define rdv_probe_2(probe, m, a, b) ((void)(b), rdv_probe_1(probe, m, a))

#define RDV_TSAN_H
#define rdv_tsan_acquire(address) ((void)0)
#define rdv_tsan_release(address) ((void)0)
#define rdv_tsan_isolated(d)      ((void)0)

#endif
