/* SPDX-License-Identifier: MIT */
/*
 * A pthread_rwlock with biased readers, after D. Dice and A. Kogan, "BRAVO: Biased Locking
 * for Reader-Writer Locks", USENIX ATC 2019: running = read-held, isolated = write-held.
 *
 * While the lock is biased a reader does not take it.  The reader's number hashes to a slot
 * of a table.  The reader puts the lock's address into that slot, and looks at the bias
 * again.  If the bias is gone, or the slot was taken, the reader takes the lock.  A writer
 * takes the lock, takes the bias away, and waits until no slot has the lock's address.  The
 * lock then stays without its bias for nine times as long as that took.  After that a reader
 * that has the lock gives the bias back.
 *
 * A writer that waits for a slot yields, because the reader of that slot may have no CPU.
 */
#include "contender-rwlock.h"
#include "measure.h"
#include "slots.h"

#include <sched.h>
#include <stdint.h>
#include <string.h>

#define TABLE_BITS 12 /* the size of the table in the paper */
#define TABLE_SIZE (1u << TABLE_BITS)
#define SLOWDOWN   9 /* so that revoking takes a tenth of the time at most */

static const void *table[TABLE_SIZE];

static struct {
	pthread_rwlock_t lock;
	_Alignas(128) bool biased;
	uint64_t unbiased_until; /* written by the holder of the lock */
} bravo;

static struct reader {
	_Alignas(64) const void **slot; /* where it is a reader, or NULL: of the lock */
	uint32_t hash;
	unsigned id;
} readers[MAX_THREADS];

static struct slots slots = SLOTS_INIT;

static inline bool is_biased(void)
{
	return __atomic_load_n(&bravo.biased, __ATOMIC_SEQ_CST);
}

static inline void set_biased(bool biased)
{
	__atomic_store_n(&bravo.biased, biased, __ATOMIC_SEQ_CST);
}

static inline void empty(const void **slot)
{
	__atomic_store_n(slot, NULL, __ATOMIC_RELEASE);
}

static __attribute__((noinline)) void enter_slow(struct reader *r)
{
	r->slot = NULL;
	pthread_rwlock_rdlock(&bravo.lock);
	if (!is_biased() && now_ns() >= bravo.unbiased_until)
		set_biased(true);
}

/* seq_cst: a reader fills its slot and looks at the bias, a writer does it in turn */
static inline void side_enter(void *self)
{
	struct reader *r = self;
	const void **slot = &table[r->hash], *nobody = NULL;

	if (!is_biased() ||
	    !__atomic_compare_exchange_n(slot, &nobody, &bravo, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_RELAXED)) {
		enter_slow(r);
		return;
	}
	r->slot = slot;
	if (is_biased())
		return;
	empty(slot);
	enter_slow(r);
}

static inline void side_leave(void *self)
{
	struct reader *r = self;

	if (r->slot)
		empty(r->slot);
	else
		pthread_rwlock_unlock(&bravo.lock);
}

static void revoke_bias(void)
{
	uint64_t start = now_ns(), end;

	set_biased(false);
	for (unsigned i = 0; i < TABLE_SIZE; i++)
		while (__atomic_load_n(&table[i], __ATOMIC_SEQ_CST) == &bravo)
			sched_yield();
	end = now_ns();
	bravo.unbiased_until = end + SLOWDOWN * (end - start);
}

static inline void side_take(void)
{
	pthread_rwlock_wrlock(&bravo.lock);
	if (is_biased())
		revoke_bias();
}

static inline void side_give(void)
{
	pthread_rwlock_unlock(&bravo.lock);
}

static inline int side_open(unsigned threads)
{
	(void)threads;
	bravo.biased = true;
	bravo.unbiased_until = 0;
	slots_reset(&slots);
	return writers_first_init(&bravo.lock);
}

static inline void side_close(void)
{
	pthread_rwlock_destroy(&bravo.lock);
}

static inline void *side_join(void)
{
	unsigned id = slots_take(&slots, MAX_THREADS);

	if (id == NO_SLOT)
		return NULL;
	readers[id].id = id;
	/* Fibonacci hashing: threads with neighbouring numbers get distant slots. */
	readers[id].hash = id * UINT32_C(2654435769) >> (32 - TABLE_BITS);
	return &readers[id];
}

static inline void side_quit(void *self)
{
	slots_give(&slots, ((struct reader *)self)->id);
}

#include "contender-gate.h"

const struct contender contender_bravo = {
	.name = "bravo",
	.family = "bravo",
	.what = "a rwlock with biased readers (BRAVO): read-held, write-held",
	.thread_bytes = sizeof(struct reader),
	CONTENDER_GATE,
};
