/* SPDX-License-Identifier: MIT */
/*
 * The rendez-vous of 2018 for more threads than a mask has bits.  `harmless` becomes an
 * array of words.  No compare-and-swap sees all of them, so an isolator takes the
 * rendez-vous by putting its name into `owner`. `want_rdv` becomes a count, which one
 * load can read.  The waits are the same loops of pause and sched_yield().
 *
 * An owner looks at all words again after it has taken the rendez-vous.  Its predecessor
 * gives `owner` up while it is still running, with its bit clear.
 */
#include "contender-seed.h"
#include "slots.h"

#include <errno.h>
#include <string.h>

#define MAX_WORDS ((MAX_THREADS + 63) / 64)
#define NOBODY    0u

static struct {
	_Alignas(128) uint32_t wanted;
	uint32_t owner; /* 1 + id, NOBODY */
	_Alignas(128) uint64_t harmless[MAX_WORDS];
	_Alignas(128) uint64_t all_threads[MAX_WORDS];
	unsigned words;
} wide;

struct wide_thread {
	uint64_t bit;
	unsigned word;
	unsigned id;
};

static struct wide_thread threads[MAX_WORDS * 64];
static struct slots slots = SLOTS_INIT;

static inline void set(uint64_t *mask, const struct wide_thread *t)
{
	__atomic_fetch_or(&mask[t->word], t->bit, __ATOMIC_SEQ_CST);
}

static inline void clear(uint64_t *mask, const struct wide_thread *t)
{
	__atomic_fetch_and(&mask[t->word], ~t->bit, __ATOMIC_SEQ_CST);
}

static inline uint32_t wanted(void)
{
	return __atomic_load_n(&wide.wanted, __ATOMIC_SEQ_CST);
}

static bool all_harmless(void)
{
	for (unsigned i = 0; i < wide.words; i++) {
		uint64_t all = __atomic_load_n(&wide.all_threads[i], __ATOMIC_SEQ_CST);

		if ((__atomic_load_n(&wide.harmless[i], __ATOMIC_SEQ_CST) & all) != all)
			return false;
	}
	return true;
}

static __attribute__((noinline)) void wide_wait(struct wide_thread *t)
{
	do {
		set(wide.harmless, t);
		while (wanted())
			seed_relax();
		clear(wide.harmless, t);
	} while (wanted());
}

static inline void wide_harmless_now(void *self)
{
	set(wide.harmless, self);
}

static inline void wide_harmless_end(void *self)
{
	clear(wide.harmless, self);
	if (BENCH_UNLIKELY(wanted()))
		wide_wait(self);
}

static inline void wide_checkpoint(void *self)
{
	if (BENCH_UNLIKELY(__atomic_load_n(&wide.wanted, __ATOMIC_RELAXED)))
		wide_wait(self);
}

static bool wide_take(const struct wide_thread *t)
{
	uint32_t nobody = NOBODY;

	return all_harmless() &&
	       __atomic_compare_exchange_n(&wide.owner, &nobody, t->id + 1, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static __attribute__((noinline)) void wide_isolate(void *self)
{
	const struct wide_thread *t = self;

	set(wide.harmless, t);
	__atomic_fetch_add(&wide.wanted, 1, __ATOMIC_SEQ_CST);
	while (!wide_take(t))
		seed_relax();
	while (!all_harmless())
		seed_relax();
	clear(wide.harmless, t);
}

static __attribute__((noinline)) void wide_release(void *self)
{
	__atomic_store_n(&wide.owner, NOBODY, __ATOMIC_SEQ_CST);
	if (__atomic_sub_fetch(&wide.wanted, 1, __ATOMIC_SEQ_CST))
		wide_wait(self);
}

static int wide_open(unsigned n)
{
	if (n > MAX_THREADS)
		return -ENOSPC;
	memset(&wide, 0, sizeof(wide));
	slots_reset(&slots);
	wide.words = n > 64 ? (n + 63) / 64 : 2;
	return 0;
}

static void wide_close(void)
{
}

/*
 * Threads that join one after the other get bits in different words, so a few threads use
 * all words too.
 */
static void *wide_join(void)
{
	unsigned id = slots_take(&slots, wide.words * 64);
	struct wide_thread *t = &threads[id];

	if (id == NO_SLOT)
		return NULL;
	t->id = id;
	t->word = id % wide.words;
	t->bit = UINT64_C(1) << (id / wide.words);
	set(wide.harmless, t);
	set(wide.all_threads, t);
	wide_harmless_end(t);
	return t;
}

static void wide_leave(void *self)
{
	clear(wide.all_threads, self);
	slots_give(&slots, ((struct wide_thread *)self)->id);
}

CONTENDER_LOOPS(wide);

const struct contender contender_seed_wide = {
	.name = "seed",
	.family = "seed",
	.what = "the rendez-vous of 2018 for more than 64 threads",
	.max_threads = MAX_THREADS,
	.domain_bytes = sizeof(wide),
	.thread_bytes = sizeof(struct wide_thread),
	.open = wide_open,
	.close = wide_close,
	CONTENDER_CALLS(wide),
};
