/* SPDX-License-Identifier: MIT */
/*
 * <rdv/rdv.h> - be alone for a moment.
 *
 * A domain is a set of threads that can exclude each other.  A registered
 * thread is either running or harmless.  A running thread may touch the shared
 * data.  A harmless thread touches none; typically it is asleep in its poller.
 * rdv_isolate() returns when every other thread of the domain is harmless and
 * none can start to run.  rdv_release() lets them run again.  A thread that
 * stays harmless all the time is not even woken.
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
 * A function that can fail returns 0 or a negative errno; the possible values
 * are listed with it.  A function that cannot fail returns void.  No call changes
 * errno.  A deadline is an absolute CLOCK_MONOTONIC time: one in the past means
 * "do not wait", NULL means "wait for ever".  If tv_nsec is not in
 * [0, 999999999] the function returns -EINVAL and does nothing.  Only the thread
 * that registered may use its handle.
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

struct timespec; /* with -std=c99 <time.h> does not declare it: no deadlines there */

/* ------------------------------------------------------------------ version
 *
 * The version of the header. rdv_version() returns that of the library that the program
 * runs with, in the form of RDV_VERSION.  Everything is there since 0.1.0, unless its
 * page names another release.
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
 * If the program defines RDV_NO_INLINE, it calls the fast paths as functions.  Then it
 * contains nothing of the layout of a handle.
 *
 * If the program defines RDV_DEBUG, it calls them as well, so a library that was
 * configured with --enable-debug sees every call and can look for misuse.  The lock marks
 * of <rdv/debug.h> have an effect then, too.  See rdv_debug(3).
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

/*
 * On some 32-bit machines a program may choose the size of time_t, by _TIME_BITS.  There a
 * function that takes or returns a struct timespec has a symbol for each size, and the
 * library has the symbols of the size that it was built with.  So a program with the other
 * size does not link: it lacks rdv_deadline_time64, or rdv_deadline.
 */
#if defined(__TIMESIZE) && __TIMESIZE == 32 && defined(__USE_TIME_BITS64)
#define RDV_PRIV_TIMED(name) __asm__(#name "_time64")
#else
#define RDV_PRIV_TIMED(name)
#endif

typedef struct rdv_domain rdv_domain;

/* The membership of one thread in one domain.  A thread has one handle for each domain
 * that it is a member of.  Each call is about the domain of its handle. */
typedef struct rdv_thread rdv_thread;

/*
 * Returns the deadline that is ns nanoseconds from now, for the calls that end in _until:
 *
 *	struct timespec deadline = rdv_deadline(20 * 1000 * 1000);
 *
 *	if (rdv_isolate_until(self, &deadline))
 *		return "busy";
 *
 * For UINT64_MAX it returns the latest time that fits into a time_t: "never".
 * Async-signal-safe.
 */
RDV_API struct timespec rdv_deadline(uint64_t ns) RDV_PRIV_TIMED(rdv_deadline);

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
 * Attributes of a domain.  In every field but size 0 stands for the default, so this is
 * complete:
 *
 *	rdv_domain_attr attr = {.size = sizeof(attr), .name = "web"};
 *
 * A later release may add fields at the end, see rdv(7).  A field that the program's
 * header does not have is taken as 0.  A field that this library does not know must be 0.
 */
typedef struct rdv_domain_attr {
	size_t size;          /* sizeof(rdv_domain_attr) */
	const char *name;     /* for dumps; copied, cut to 31 characters; "rdv" */
	uint32_t max_threads; /* 1 to RDV_MAX_THREADS; 0 = 1024 */
	uint32_t fence;       /* RDV_FENCE_FULL (0) or RDV_FENCE_BIASED */
	uint32_t spin_ns;     /* the longest spin before each sleep; 0 = the library finds
	                         out what pays; RDV_SPIN_NEVER */
	uint64_t patience_ns; /* how long a thread may isolate back to back while another
	                         isolator waits, and the gate be closed while a thread is
	                         held; 0 = 1 ms, RDV_PATIENCE_NONE = strict order */
	uint64_t stall_ns;    /* report a wait that is longer; 0 = never */
	rdv_stall_fn *on_stall; /* what to call then; NULL = a line to stderr */
	void *stall_arg;        /* passed to on_stall */
} rdv_domain_attr;

/* The defaults.  C++ before C++20 has no names in braces. */
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
 * If the kernel has no membarrier(2), or RDV_NO_MEMBARRIER is set in the
 * environment, RDV_FENCE_BIASED silently becomes RDV_FENCE_FULL.
 *
 * Returns 0; -ENOMEM; -EINVAL: attr->size is smaller than the field size, or a field
 * that this library does not know is not 0, or max_threads or fence is out of range.
 * If it fails *domain is not changed.  Not for signal handlers.
 */
RDV_MUST_CHECK RDV_API int rdv_domain_create(rdv_domain **domain,
					     const rdv_domain_attr *attr);

/*
 * Destroys a domain, and closes the descriptor of its sync-point.
 * Returns 0; -EBUSY: a thread is registered, or an export is open; -EINVAL: another copy of
 * the library has made the domain.  After an error nothing has changed.
 */
RDV_API int rdv_domain_destroy(rdv_domain *domain);

/* ------------------------------------------------------------------ threads */

/*
 * Makes the calling thread a member of the domain, and stores its handle in
 * *self.  Returns with the thread running, so it waits first while a round is on,
 * or while threads have their turns in a sync-point.  A thread may be a member of
 * any number of domains, once in each.  name is copied, cut to 15 characters; it
 * may be NULL.  A thread that exits is unregistered; if it is isolated it releases.
 *
 * Returns 0; -EEXIST: already a member; -ENOSPC: max_threads members, counting those that
 * have left and are kept still; -ENOMEM; -EINVAL: another copy of the library in the process
 * has made the domain.
 */
RDV_MUST_CHECK RDV_API int rdv_thread_register(rdv_domain *domain, const char *name,
					       rdv_thread **self);

/*
 * Ends the membership.  The handle is invalid from then on.  Never waits.  The
 * thread may be running, harmless or isolated, or between rdv_sync_enter() and
 * rdv_sync_exit().  An isolated thread releases; a thread in a sync-point leaves it.
 */
RDV_API void rdv_thread_unregister(rdv_thread *self);

/* The handle of the calling thread, or NULL if it is not a member.  Async-signal-safe. */
RDV_API rdv_thread *rdv_thread_self(rdv_domain *domain);

/* A number below max_threads.  No other member has it.  It may be reused once the thread
 * has left. */
RDV_API unsigned rdv_thread_id(const rdv_thread *self);

/* ----------------------------------------------------------------- harmless */

/*
 * rdv_harmless_now(): the thread becomes harmless.  From here on it must not touch
 * anything that an isolated thread may change.  Never waits.
 *
 * rdv_harmless_end(): the thread runs again.  While a round is on it is held here; and while
 * another thread keeps it, see rdv_keep() in <rdv/handshake.h>.
 *
 * They do not nest: a second rdv_harmless_now() in a row changes nothing, and one
 * rdv_harmless_end() ends both.  In an isolated section both have no effect.
 *
 * Both, and the other calls of this section, are async-signal-safe if the handler
 * leaves the thread as it found it.  A handler may have interrupted a librdv call of
 * the same domain.  Such a handler must not touch shared data, even after its own
 * rdv_harmless_end(): that call never waits for the interrupted one, and may return
 * with the thread still harmless.
 */
RDV_API RDV_INLINE void rdv_harmless_now(rdv_thread *self);
RDV_API RDV_INLINE void rdv_harmless_end(rdv_thread *self);

/*
 * Makes the thread harmless, waits until no isolation is pending, and leaves it
 * harmless.  In an isolated section it has no effect.
 */
RDV_API void rdv_harmless_till_end(rdv_thread *self);

/*
 * rdv_harmless_end() that never waits, and one that waits until the deadline.
 * Return 0: the thread is running.  -EBUSY (try), -ETIMEDOUT (until): a round is on, or
 * another thread keeps this one.
 * -EINVAL (until): malformed deadline.  After an error the thread is still harmless.
 */
RDV_MUST_CHECK RDV_API int rdv_harmless_end_try(rdv_thread *self);
RDV_MUST_CHECK RDV_API int rdv_harmless_end_until(rdv_thread *self,
						  const struct timespec *deadline)
	RDV_PRIV_TIMED(rdv_harmless_end_until);

/*
 * For loops that compute.  If another thread wants to isolate, or to keep the calling thread,
 * the calling thread is held here until that thread has released, or has let it go; if none
 * does, the call is one load.
 * Returns true if the thread was harmless here, so another may have been alone.  Call it where
 * the thread's own invariants hold.  By a thread that is not running, or is isolated, it does
 * nothing.
 */
RDV_API RDV_INLINE bool rdv_checkpoint(rdv_thread *self);

/* ---------------------------------------------------------------- isolation */

/*
 * rdv_isolate(): returns when the calling thread is alone.  Every other member is
 * harmless then, and stays harmless until rdv_release().  While other isolators are
 * ahead of it the caller counts as harmless; while it waits for running threads it
 * counts as running.  Once it is queued, at most one turn of each other member comes
 * before its own, but for what rdv(7) adds for timed isolations that fail.  A caller
 * that was harmless is running afterwards.  Calls nest.  Not for signal handlers.  Never
 * call it with a lock held that a running thread may wait for.
 *
 * rdv_isolate_try(): never waits and never leaves the running state.
 * Returns 0: isolated; -EBUSY: a round is on, a held thread is due first, the
 * caller is harmless, or another member is running.
 *
 * rdv_isolate_until(): returns 0: isolated; -ETIMEDOUT: not isolated, but running;
 * -EINVAL: malformed deadline.  If another thread is isolated at the deadline, or keeps
 * this one, it returns when that has ended.
 *
 * A call that fails leaves no trace: no thread stays held for it.
 *
 * These three are macros.  They pass the name of the calling function to the _at
 * functions, which note it for stall reports, rdv_domain_blockers(), the dump and the
 * statistics.  The library keeps the address of where while the thread waits or is
 * isolated; NULL notes nothing.  The functions with the names of the macros note nothing.
 */
RDV_API void rdv_isolate(rdv_thread *self);
RDV_MUST_CHECK RDV_API int rdv_isolate_try(rdv_thread *self);
RDV_MUST_CHECK RDV_API int rdv_isolate_until(rdv_thread *self,
					     const struct timespec *deadline)
	RDV_PRIV_TIMED(rdv_isolate_until);

RDV_API void rdv_isolate_at(rdv_thread *self, const char *where);
RDV_MUST_CHECK RDV_API int rdv_isolate_try_at(rdv_thread *self, const char *where);
RDV_MUST_CHECK RDV_API int
rdv_isolate_until_at(rdv_thread *self, const struct timespec *deadline, const char *where)
	RDV_PRIV_TIMED(rdv_isolate_until_at);

#define rdv_isolate(self)                 rdv_isolate_at(self, __func__)
#define rdv_isolate_try(self)             rdv_isolate_try_at(self, __func__)
#define rdv_isolate_until(self, deadline) rdv_isolate_until_at(self, deadline, __func__)

/*
 * Ends the innermost rdv_isolate().  If that was the outermost one too, it ends the
 * round and returns at once.  But if the turn of the thread is over, and others wait to
 * be isolated, it hands the rendez-vous to the one that has waited longest, and the call
 * returns when the last isolator of the round has released.
 * By a thread that is not isolated the call does nothing; a build with
 * --enable-debug aborts.
 */
RDV_API void rdv_release(rdv_thread *self);

/* Whether the calling thread is isolated.  Async-signal-safe. */
RDV_API bool rdv_isolated(const rdv_thread *self);

/*
 * The id of the member that is isolated now, or -1 if none is.  Any thread and any signal
 * handler may call it.  The answer may be out of date at once, unless the caller itself
 * is isolated.
 */
RDV_API int rdv_domain_isolated(const rdv_domain *domain);

/*
 * Whether the member with that id is harmless now, for watchdogs and thread dumps.  An id
 * without a member counts as harmless.  Any thread and any signal handler may call it.
 *
 * true:  The thread was harmless at one moment of the call, and the caller sees what it
 * did
 *        before that moment.  The thread may be running again now, unless the caller is
 *        isolated.
 * false: At one moment of the call the thread was running, or about to run, or about to
 *        become harmless.
 */
RDV_API bool rdv_thread_harmless(const rdv_domain *domain, unsigned id);

/* ------------------------------------------------------------ inline fast paths
 *
 * The part of a handle that the fast paths touch, alone on its cache line.  Programs
 * must not use it, nor anything below.
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
#define RDV_GATE_CLOSED     1u /* of *gate: an isolation is on */
#define RDV_GATE_ASKED      2u /* of *gate: threads are asked, see <rdv/handshake.h> */
#define RDV_GATE_KEPT       4u /* of *gate: somebody keeps a thread harmless */
#define RDV_GATE_SLOW       7u /* any of these; no program knows the rest of *gate */

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

	if (RDV_UNLIKELY((gate & RDV_GATE_SLOW) | published))
		rdv_priv_harmless_now_slow(self);
}

inline void rdv_harmless_end(rdv_thread *self)
{
	uint32_t published = rdv_priv_state_set(self, RDV_STATE_RUNNING);
	uint32_t gate = __atomic_load_n(self->gate, __ATOMIC_SEQ_CST);

	if (RDV_UNLIKELY((gate & RDV_GATE_SLOW) | published))
		rdv_priv_harmless_end_slow(self);
}

inline bool rdv_checkpoint(rdv_thread *self)
{
	/* relaxed: a missed request is seen by the next call, the slow path fences */
	uint32_t gate = __atomic_load_n(self->gate, __ATOMIC_RELAXED);

	return RDV_UNLIKELY(gate & RDV_GATE_SLOW) && rdv_priv_checkpoint_slow(self);
}

#endif /* RDV_NO_INLINE */

#ifdef __cplusplus
}
#endif

#endif /* RDV_RDV_H */
