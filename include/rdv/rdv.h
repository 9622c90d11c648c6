/* SPDX-License-Identifier: MIT */
/*
 * <rdv/rdv.h> - be alone for a moment.
 *
 * A domain is a set of threads that can exclude each other.  A registered
 * thread is either running (it may touch shared data) or harmless (it touches
 * none: typically it is blocked in its poller).  rdv_isolate() returns when
 * every other thread of the domain is harmless and none can start to run;
 * rdv_release() lets them run again.  Threads that are harmless all the while
 * are not even woken.
 *
 *	rdv_domain *domain;
 *	rdv_thread *self;
 *
 *	rdv_domain_create(&domain, NULL);
 *
 *	// every thread of the server, on a list that needs no lock:
 *	rdv_thread_register(domain, "worker", &self);      // returns running
 *	while (!stopping) {
 *		rdv_harmless_now(self);
 *		n = epoll_wait(epfd, events, MAX, -1);     // asleep: harmless
 *		rdv_harmless_end(self);                    // running again
 *		serve(events, n);                          // may walk the list
 *	}
 *	rdv_thread_unregister(self);
 *
 *	// any of them, once in a while:
 *	rdv_isolate(self);
 *	list_del(server);                                  // nobody looks
 *	free(server);
 *	rdv_release(self);
 *
 * Memory ordering: everything a thread did before it became harmless
 * happens-before the isolated section, and everything done in the isolated
 * section happens-before the return of the call that held another thread, or
 * of the rdv_harmless_end() of a thread that slept through it.
 *
 * Functions return 0 or a negative errno out of the set listed with each; those
 * that cannot fail return void.  No call changes errno.  Deadlines are absolute
 * CLOCK_MONOTONIC times: one in the past is legal and means "do not wait",
 * NULL means "wait for ever", and one whose tv_nsec is not in [0, 999999999]
 * is answered by -EINVAL before anything is done.  A handle is used by the
 * thread that registered it and by no other.
 */
#ifndef RDV_RDV_H
#define RDV_RDV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

struct timespec; /* which <time.h> leaves out for -std=c99: no deadlines there */

/* ------------------------------------------------------------------ version
 *
 * Of the header; rdv_version() tells that of the library that the program runs with, in
 * the form of RDV_VERSION.  What a page does not date has been there since 0.1.0.
 */
#define RDV_VERSION_MAJOR 0
#define RDV_VERSION_MINOR 1
#define RDV_VERSION_PATCH 0
#define RDV_VERSION \
	(RDV_VERSION_MAJOR * 10000 + RDV_VERSION_MINOR * 100 + RDV_VERSION_PATCH)

#if defined(__GNUC__)
#define RDV_API         __attribute__((visibility("default")))
#define RDV_MUST_CHECK  __attribute__((warn_unused_result))
#define RDV_UNLIKELY(x) __builtin_expect(!!(x), 0)
#else
#error "librdv needs the __atomic builtins of GCC or Clang"
#endif

/*
 * RDV_NO_INLINE, defined by the program: the fast paths are called, not inlined, so the
 * program contains nothing of the layout of a handle.
 *
 * RDV_DEBUG, defined by the program: the same, so that a library that was configured with
 * --enable-debug sees every call and can look for misuse; and the lock marks of
 * <rdv/debug.h> count.  See rdv_debug(3).
 */
#if defined(RDV_DEBUG) && !defined(RDV_NO_INLINE)
#define RDV_NO_INLINE
#endif

#ifdef RDV_NO_INLINE
#define RDV_INLINE
#else
#define RDV_INLINE inline
#endif

RDV_API unsigned rdv_version(void);

typedef struct rdv_domain rdv_domain;

/* The membership of one thread in one domain.  A thread has as many handles as domains
 * that it is a member of; each call is about the domain of its handle. */
typedef struct rdv_thread rdv_thread;

/*
 * The deadline that is so many ns from now, for the calls that end in _until:
 *
 *	struct timespec deadline = rdv_deadline(20 * 1000 * 1000);
 *
 *	if (rdv_isolate_until(self, &deadline))
 *		return "busy";
 *
 * UINT64_MAX is as late as a time_t can tell, so "never".  Async-signal-safe.
 */
RDV_API struct timespec rdv_deadline(uint64_t ns);

/* ------------------------------------------------------------------ domains */

/* How a thread tells that it became harmless (rdv_domain_attr.fence). */
#define RDV_FENCE_FULL   0u /* by a locked exchange: the default */
#define RDV_FENCE_BIASED 1u /* by a plain store; the isolator pays a membarrier(2) */

#define RDV_SPIN_NEVER    UINT32_MAX /* rdv_domain_attr.spin_ns: sleep at once */
#define RDV_PATIENCE_NONE UINT64_MAX /* rdv_domain_attr.patience_ns: strict order */

#define RDV_MAX_THREADS 32767u

/* What a stalled wait reports, and to whom: see <rdv/stats.h>. */
struct rdv_stall;
typedef int rdv_stall_fn(const struct rdv_stall *stall, void *arg);

/*
 * Attributes of a domain.  0 is the default of every field but size, so this is complete:
 *
 *	rdv_domain_attr attr = {.size = sizeof(attr), .name = "web"};
 *
 * The struct may grow at its end, by the rule for all structs of librdv, see rdv(7): a
 * field that an older header did not have is taken as 0; a field that this library does
 * not know yet must be 0.
 */
typedef struct rdv_domain_attr {
	size_t size;          /* sizeof(rdv_domain_attr) */
	const char *name;     /* for dumps; copied, cut to 31 characters; "rdv" */
	uint32_t max_threads; /* 1 to RDV_MAX_THREADS; 0 = 1024 */
	uint32_t fence;       /* RDV_FENCE_FULL (0) or RDV_FENCE_BIASED */
	uint32_t spin_ns;     /* 0 = the library finds out what pays, RDV_SPIN_NEVER, or
	                         a cap for each sleep */
	uint64_t patience_ns; /* how long rounds may follow one another while a thread is
	                         held; 0 = 1 ms, RDV_PATIENCE_NONE = each held thread runs
	                         between two rounds */
	uint64_t stall_ns;    /* report a wait longer than this; 0 = never */
	rdv_stall_fn *on_stall; /* what to call then; NULL = a line to stderr */
	void *stall_arg;        /* passed to on_stall */
} rdv_domain_attr;

/* The defaults, for C++ too, which has names in braces from C++20 on only. */
#ifdef __cplusplus
#define RDV_DOMAIN_ATTR_INIT                                                      \
	{                                                                         \
		sizeof(rdv_domain_attr), nullptr, 0, 0, 0, 0, 0, nullptr, nullptr \
	}
#else
#define RDV_DOMAIN_ATTR_INIT                    \
	{                                       \
		.size = sizeof(rdv_domain_attr) \
	}
#endif

/*
 * Creates a domain without threads.  attr == NULL takes the defaults.
 * RDV_FENCE_BIASED becomes RDV_FENCE_FULL without a word where the kernel does
 * not offer membarrier(2) or the environment holds RDV_NO_MEMBARRIER.
 *
 * Returns 0; -EINVAL: attr->size is smaller than its own field or promises
 * fields that this library does not know and that are not 0, max_threads or fence
 * is out of range;
 * -ENOMEM.
 * On failure *domain is left alone.  Callable from anywhere but a signal handler.
 */
RDV_MUST_CHECK RDV_API int rdv_domain_create(rdv_domain **domain,
					     const rdv_domain_attr *attr);

/*
 * Destroys a domain, and closes its sync-point's descriptor.
 * Returns 0, or -EBUSY if a thread is registered: nothing has happened then.
 */
RDV_API int rdv_domain_destroy(rdv_domain *domain);

/* ------------------------------------------------------------------ threads */

/*
 * Makes the calling thread a member of the domain, and stores its handle in
 * *self.  Returns with the thread running, so it may have been held first: by
 * a round, or by the protected area of a sync-point.  A thread may be a member
 * of any number of domains, once in each.  name is copied, cut to 15 characters;
 * it may be NULL.  At thread exit an unregister is done for the thread, and a
 * release if it is isolated.
 *
 * Returns 0; -EEXIST: already a member; -ENOSPC: max_threads members; -ENOMEM.
 */
RDV_MUST_CHECK RDV_API int rdv_thread_register(rdv_domain *domain, const char *name,
					       rdv_thread **self);

/*
 * Ends the membership; the handle is invalid from then on.  Never waits.  Legal
 * while running, harmless, isolated (releases) or between rdv_sync_enter() and
 * rdv_sync_exit() (leaves the sync-point).
 */
RDV_API void rdv_thread_unregister(rdv_thread *self);

/* The calling thread's handle, NULL if it is not a member.  Async-signal-safe. */
RDV_API rdv_thread *rdv_thread_self(rdv_domain *domain);

/* A number below max_threads, unique among the members, reused after them. */
RDV_API unsigned rdv_thread_id(const rdv_thread *self);

/* ----------------------------------------------------------------- harmless */

/*
 * rdv_harmless_now(): from here on the thread touches nothing that an isolated
 * thread may change.  Never waits.
 *
 * rdv_harmless_end(): the thread wants to run again.  Held while a round is on.
 *
 * They do not nest: the second rdv_harmless_now() in a row changes nothing, and
 * one rdv_harmless_end() ends both.  In an isolated section both are no-ops.
 *
 * Both, and the other calls of this section, are async-signal-safe for a handler
 * that leaves the thread as it found it.  A handler that may have interrupted a
 * librdv call of the same domain must take the thread for harmless, also after its
 * own rdv_harmless_end(): that never waits for the call that it interrupted, and
 * may return with the thread still harmless instead.
 */
RDV_API RDV_INLINE void rdv_harmless_now(rdv_thread *self);
RDV_API RDV_INLINE void rdv_harmless_end(rdv_thread *self);

/*
 * Becomes harmless if it is not, waits until nobody wants the rendez-vous, and
 * returns still harmless: rdv_harmless_end() is left to the caller.  In an
 * isolated section a no-op.
 */
RDV_API void rdv_harmless_till_end(rdv_thread *self);

/*
 * rdv_harmless_end() that does not wait, or not beyond the deadline.
 * Return 0: running; -EBUSY (try), -ETIMEDOUT (until): a round is on and the
 * thread is still harmless; -EINVAL (until): malformed deadline, still harmless.
 */
RDV_MUST_CHECK RDV_API int rdv_harmless_end_try(rdv_thread *self);
RDV_MUST_CHECK RDV_API int rdv_harmless_end_until(rdv_thread *self,
						  const struct timespec *deadline);

/*
 * For loops that compute: lets a rendez-vous happen here if somebody wants one.
 * Costs one load when nobody does.  Returns true if the thread was held.
 * To be called while running; elsewhere it does nothing.
 */
RDV_API RDV_INLINE bool rdv_checkpoint(rdv_thread *self);

/* ---------------------------------------------------------------- isolation */

/*
 * rdv_isolate(): returns when the calling thread is alone: every other member
 * is harmless, and stays so until rdv_release().  A second rdv_isolate() inside
 * nests.  The thread waits harmless for the isolators before it, at most one
 * turn of each other member, and running for the last thread to become
 * harmless.  A call by a harmless thread ends its harmlessness.  Not for signal
 * handlers.  Never call it with a lock held that a running thread may wait for.
 *
 * rdv_isolate_try(): never waits and never leaves the running state.
 * Returns 0: isolated; -EBUSY: a round is on, a held thread is due first, the
 * caller is harmless, or another member is running.
 *
 * rdv_isolate_until(): returns 0: isolated; -ETIMEDOUT: not isolated, running;
 * if another thread was isolated at the deadline, it returns once that round has
 * ended; -EINVAL: malformed deadline.
 *
 * A failed call leaves no trace: nobody stays held for it.
 *
 * Each notes where it was called: stall reports, rdv_domain_blockers(), the dump and the
 * statistics of the longest tell that.  These three are macros which pass the name of the
 * calling function to the _at functions; the functions of their own names note nothing.
 * where is kept by its address while the thread waits or is isolated; NULL: nothing.
 */
RDV_API void rdv_isolate(rdv_thread *self);
RDV_MUST_CHECK RDV_API int rdv_isolate_try(rdv_thread *self);
RDV_MUST_CHECK RDV_API int rdv_isolate_until(rdv_thread *self,
					     const struct timespec *deadline);

RDV_API void rdv_isolate_at(rdv_thread *self, const char *where);
RDV_MUST_CHECK RDV_API int rdv_isolate_try_at(rdv_thread *self, const char *where);
RDV_MUST_CHECK RDV_API int rdv_isolate_until_at(rdv_thread *self,
						const struct timespec *deadline,
						const char *where);

#define rdv_isolate(self)                 rdv_isolate_at(self, __func__)
#define rdv_isolate_try(self)             rdv_isolate_try_at(self, __func__)
#define rdv_isolate_until(self, deadline) rdv_isolate_until_at(self, deadline, __func__)

/*
 * Ends the innermost rdv_isolate().  The outermost one hands the rendez-vous to
 * the next isolator of the round and then returns when the last of them has
 * released; if nobody else asked it returns at once.  By a thread that is not
 * isolated it does nothing (a build with --enable-debug aborts).
 */
RDV_API void rdv_release(rdv_thread *self);

/* Whether the calling thread is isolated.  Async-signal-safe. */
RDV_API bool rdv_isolated(const rdv_thread *self);

/*
 * The id of the member that is isolated now, or -1: nobody is.  By any thread and in any
 * signal handler.  Unless it is the caller that is isolated, or the caller is held, the
 * answer may be over when it arrives.
 */
RDV_API int rdv_domain_isolated(const rdv_domain *domain);

/*
 * Whether the member with that id is harmless now, for watchdogs and thread dumps; an id
 * without a member is harmless.  By any thread and in any signal handler.
 *
 * true:  the thread was harmless at a moment of the call; what it did before that moment
 *        has happened.  It may run again when the answer arrives, unless the caller is
 *        isolated.
 * false: the thread was running, or on its way to or from it, at a moment of the call.
 */
RDV_API bool rdv_thread_harmless(const rdv_domain *domain, unsigned id);

/* ------------------------------------------------------------ inline fast paths
 *
 * The part of a handle that the fast paths touch, alone on its cache line.  It
 * is not for users, and what follows it is not public.
 */
typedef uint32_t rdv_word;

struct rdv_thread {
	rdv_word state;  /* one of RDV_STATE_*; doc/design.md has the edges */
	rdv_word parked; /* RDV_STATE_PUBLISHED from rdv_park() until it runs, or 0 */
	const rdv_word *gate; /* the domain's ctl */
	uint32_t biased;      /* RDV_FENCE_BIASED is in force */
};

#define RDV_STATE_RUNNING   0u
#define RDV_STATE_HARMLESS  1u /* by the fast path: only the owner of the handle knows */
#define RDV_STATE_PARKED    3u /* harmless, and the mask says so or is about to */
#define RDV_STATE_PUBLISHED (RDV_STATE_PARKED & ~RDV_STATE_HARMLESS)
#define RDV_GATE_CLOSED     1u /* of *gate; no program knows the rest of it */

RDV_API void rdv_priv_harmless_now_slow(rdv_thread *self);
RDV_API void rdv_priv_harmless_end_slow(rdv_thread *self);
RDV_API bool rdv_priv_checkpoint_slow(rdv_thread *self);

/*
 * [GATE] Dekker: we write our state, then read the gate; the isolator closes the
 * gate, then reads our state.  All four accesses are seq_cst, so one of us sees
 * the other.  Biased, the compiler barrier stands for our half of the fence and
 * the isolator's membarrier for both.  [OPEN] a gate seen open shows what was done
 * while it was closed.
 *
 * Returns whether we had been published, by ourselves or, with full fences, by a
 * leader.  Biased it is read after the store, for the sake of a handler in between.
 */
RDV_API inline uint32_t rdv_priv_state_set(rdv_thread *self, uint32_t state)
{
	if (!self->biased)
		return __atomic_exchange_n(&self->state, state, __ATOMIC_SEQ_CST) &
		       RDV_STATE_PUBLISHED;
	__atomic_store_n(&self->state, state, __ATOMIC_RELEASE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&self->parked, __ATOMIC_RELAXED);
}

#ifndef RDV_NO_INLINE

inline void rdv_harmless_now(rdv_thread *self)
{
	uint32_t published = rdv_priv_state_set(self, RDV_STATE_HARMLESS);
	uint32_t gate = __atomic_load_n(self->gate, __ATOMIC_SEQ_CST);

	if (RDV_UNLIKELY((gate & RDV_GATE_CLOSED) | published))
		rdv_priv_harmless_now_slow(self);
}

inline void rdv_harmless_end(rdv_thread *self)
{
	uint32_t published = rdv_priv_state_set(self, RDV_STATE_RUNNING);
	uint32_t gate = __atomic_load_n(self->gate, __ATOMIC_SEQ_CST);

	if (RDV_UNLIKELY((gate & RDV_GATE_CLOSED) | published))
		rdv_priv_harmless_end_slow(self);
}

inline bool rdv_checkpoint(rdv_thread *self)
{
	/* relaxed: a missed request is seen by the next call, the slow path fences */
	uint32_t gate = __atomic_load_n(self->gate, __ATOMIC_RELAXED);

	return RDV_UNLIKELY(gate & RDV_GATE_CLOSED) && rdv_priv_checkpoint_slow(self);
}

#endif /* RDV_NO_INLINE */

#ifdef __cplusplus
}
#endif

#endif /* RDV_RDV_H */
