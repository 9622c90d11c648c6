/* SPDX-License-Identifier: MIT */
/*
 * The rendez-vous as HAProxy has it today, after what src/thread.c does since version 2.7
 * (2022), in words of our own.  Threads are in groups of 64.  Each group has a mask of the
 * threads that are harmless.  One counter says how many threads want to isolate.  The word
 * `owner` says which one is isolated.
 *
 *	isolate   set the thread's harmless bit; count the thread as a request; when all
 *	          are harmless put the thread's name into `owner`; look at all again; clear
 *	          the bit
 *	release   take the name out, count the thread out, and go on without waiting
 *
 * An owner looks again because its predecessor went on running.  A thread that comes to a
 * checkpoint, or out of its sleep, waits by sched_yield() until there is no request.
 */
#include "contender-loops.h"
#include "contender.h"
#include "slots.h"

#include <sched.h>
#include <stdint.h>
#include <string.h>

#define MAX_GROUPS ((MAX_THREADS + 63) / 64)
#define NOBODY     UINT32_MAX

struct group {
	_Alignas(64) uint64_t harmless;
	uint64_t enabled;
};

static struct {
	uint32_t requests;
	uint32_t owner;
	unsigned n_groups;
	struct group groups[MAX_GROUPS];
} ha;

static struct ha_thread {
	struct group *group;
	uint64_t bit;
	uint32_t id;
} members[MAX_THREADS];

static struct slots slots = SLOTS_INIT;

static inline bool requested(void)
{
	return __atomic_load_n(&ha.requests, __ATOMIC_SEQ_CST);
}

static inline void say_harmless(const struct ha_thread *t)
{
	__atomic_fetch_or(&t->group->harmless, t->bit, __ATOMIC_SEQ_CST);
}

static inline void say_running(const struct ha_thread *t)
{
	__atomic_fetch_and(&t->group->harmless, ~t->bit, __ATOMIC_SEQ_CST);
}

static __attribute__((noinline)) void ha_hold(const struct ha_thread *t)
{
	do {
		say_harmless(t);
		while (requested())
			sched_yield();
		say_running(t);
	} while (requested());
}

static void await_harmless(struct group *g)
{
	uint64_t enabled;

	do {
		enabled = __atomic_load_n(&g->enabled, __ATOMIC_SEQ_CST);
		if (!(enabled & ~__atomic_load_n(&g->harmless, __ATOMIC_SEQ_CST)))
			return;
		sched_yield();
	} while (true);
}

static void await_all_harmless(void)
{
	for (unsigned i = 0; i < ha.n_groups; i++)
		await_harmless(&ha.groups[i]);
}

static bool own(uint32_t id)
{
	uint32_t nobody = NOBODY;

	return __atomic_compare_exchange_n(&ha.owner, &nobody, id, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline void ha_harmless_now(void *self)
{
	say_harmless(self);
}

static inline void ha_harmless_end(void *self)
{
	say_running(self);
	if (BENCH_UNLIKELY(requested()))
		ha_hold(self);
}

static inline void ha_checkpoint(void *self)
{
	if (BENCH_UNLIKELY(__atomic_load_n(&ha.requests, __ATOMIC_RELAXED)))
		ha_hold(self);
}

static __attribute__((noinline)) void ha_isolate(void *self)
{
	const struct ha_thread *t = self;

	say_harmless(t);
	__atomic_fetch_add(&ha.requests, 1, __ATOMIC_SEQ_CST);
	await_all_harmless();
	while (!own(t->id)) {
		sched_yield();
		await_all_harmless();
	}
	await_all_harmless();
	say_running(t);
}

static __attribute__((noinline)) void ha_release(void *self)
{
	(void)self;
	__atomic_store_n(&ha.owner, NOBODY, __ATOMIC_SEQ_CST);
	__atomic_fetch_sub(&ha.requests, 1, __ATOMIC_SEQ_CST);
}

static int ha_open(unsigned n)
{
	memset(&ha, 0, sizeof(ha));
	ha.owner = NOBODY;
	ha.n_groups = (n + 63) / 64;
	slots_reset(&slots);
	return 0;
}

static void ha_close(void)
{
}

/* Born harmless, so that an isolator never waits for a thread that is not there yet. */
static void *ha_join(void)
{
	unsigned id = slots_take(&slots, ha.n_groups * 64);
	struct ha_thread *t;

	if (id == NO_SLOT)
		return NULL;
	t = &members[id];
	*t = (struct ha_thread){
		.group = &ha.groups[id / 64],
		.bit = UINT64_C(1) << id % 64,
		.id = id,
	};
	say_harmless(t);
	__atomic_fetch_or(&t->group->enabled, t->bit, __ATOMIC_SEQ_CST);
	ha_harmless_end(t);
	return t;
}

static void ha_leave(void *self)
{
	struct ha_thread *t = self;

	__atomic_fetch_and(&t->group->enabled, ~t->bit, __ATOMIC_SEQ_CST);
	slots_give(&slots, t->id);
}

CONTENDER_LOOPS(ha);

const struct contender contender_haproxy = {
	.name = "haproxy",
	.family = "haproxy",
	.what = "the rendez-vous of HAProxy since 2.7: spinning; release does not wait",
	.max_threads = MAX_THREADS,
	.domain_bytes = sizeof(ha),
	.thread_bytes = sizeof(struct ha_thread),
	.open = ha_open,
	.close = ha_close,
	CONTENDER_CALLS(ha),
};
