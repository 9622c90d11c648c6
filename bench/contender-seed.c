/* SPDX-License-Identifier: MIT */
/*
 * The rendez-vous point of 2018 in its own terms.  Each thread has one bit in two shared
 * masks, and every wait is a loop of pause and sched_yield().  The isolator takes the
 * rendez-vous by one compare-and-swap, which clears its own bit while all others are set.
 * The missing bit keeps the other isolators looping.
 *
 * One thing is mended.  The original could leave release with the thread's bit in
 * `harmless` still set, if it had to wait there, and the next isolator ran beside that
 * thread.  Here the thread clears the bit and reads want_rdv again, as in harmless_end.
 */
#include "contender-seed.h"
#include "slots.h"

/* On one cache line, like the globals of the original, which stand side by side. */
static struct {
	_Alignas(128) uint64_t want_rdv;
	uint64_t harmless;
	uint64_t all_threads;
} seed;

static struct seed_thread threads[64];
static struct slots slots = SLOTS_INIT;

static inline uint64_t load(const uint64_t *mask)
{
	return __atomic_load_n(mask, __ATOMIC_SEQ_CST);
}

static inline void set(uint64_t *mask, uint64_t bit)
{
	__atomic_fetch_or(mask, bit, __ATOMIC_SEQ_CST);
}

static inline void clear(uint64_t *mask, uint64_t bit)
{
	__atomic_fetch_and(mask, ~bit, __ATOMIC_SEQ_CST);
}

static inline void seed_harmless_now(void *self)
{
	set(&seed.harmless, ((struct seed_thread *)self)->bit);
}

/* Stays harmless until nobody wants the rendez-vous. */
static __attribute__((noinline)) void seed_wait(struct seed_thread *t)
{
	do {
		set(&seed.harmless, t->bit);
		while (load(&seed.want_rdv))
			seed_relax();
		clear(&seed.harmless, t->bit);
	} while (load(&seed.want_rdv));
}

static inline void seed_harmless_end(void *self)
{
	struct seed_thread *t = self;

	clear(&seed.harmless, t->bit);
	if (BENCH_UNLIKELY(load(&seed.want_rdv)))
		seed_wait(t);
}

static inline void seed_checkpoint(void *self)
{
	if (BENCH_UNLIKELY(__atomic_load_n(&seed.want_rdv, __ATOMIC_RELAXED)))
		seed_wait(self);
}

static inline bool seed_take(uint64_t bit)
{
	uint64_t all = load(&seed.all_threads), harmless = load(&seed.harmless);

	if ((harmless & all) != all)
		return false;
	return __atomic_compare_exchange_n(&seed.harmless, &harmless, harmless & ~bit,
					   false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static __attribute__((noinline)) void seed_isolate(void *self)
{
	const uint64_t bit = ((struct seed_thread *)self)->bit;

	set(&seed.harmless, bit);
	set(&seed.want_rdv, bit);
	while (!seed_take(bit))
		seed_relax();
}

static __attribute__((noinline)) void seed_release(void *self)
{
	struct seed_thread *t = self;

	clear(&seed.want_rdv, t->bit);
	if (load(&seed.want_rdv))
		seed_wait(t);
}

static int open_seed(bool sync_yields)
{
	seed.harmless = 0;
	seed.want_rdv = 0;
	seed.all_threads = 0;
	slots_reset(&slots);
	return seed_sync_open(sync_yields);
}

static int seed_open(unsigned n)
{
	(void)n;
	return open_seed(false);
}

static int seed_yield_open(unsigned n)
{
	(void)n;
	return open_seed(true);
}

uint64_t seed_all_threads(void)
{
	return load(&seed.all_threads);
}

/* Born harmless, so that an isolator never waits for a thread that is not there yet. */
static void *seed_join(void)
{
	unsigned id = slots_take(&slots, 64);
	struct seed_thread *t;

	if (id == NO_SLOT)
		return NULL;
	t = &threads[id];
	t->bit = UINT64_C(1) << id;
	set(&seed.harmless, t->bit);
	set(&seed.all_threads, t->bit);
	seed_harmless_end(t);
	return t;
}

static void seed_leave(void *self)
{
	struct seed_thread *t = self;

	clear(&seed.all_threads, t->bit);
	slots_give(&slots, (unsigned)(t - threads));
}

CONTENDER_LOOPS(seed);

#define CONTENDER_SEED                                                             \
	CONTENDER_CALLS(seed), .family = "seed", .max_threads = 64,                \
			       .close = seed_sync_close, .sync = &seed_sync_calls, \
			       .domain_bytes = sizeof(seed),                       \
			       .thread_bytes = sizeof(struct seed_thread)

const struct contender contender_seed = {
	.name = "seed",
	.what = "the rendez-vous of 2018, spinning on two shared masks; release fixed",
	.wider = &contender_seed_wide,
	.open = seed_open,
	CONTENDER_SEED,
};

const struct contender contender_seed_yield = {
	.name = "seed-yield",
	.what = "the same, for P11 only: its sync-point yields in its loops",
	.only = "P11",
	.open = seed_yield_open,
	CONTENDER_SEED,
};
