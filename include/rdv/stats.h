/* SPDX-License-Identifier: MIT */
/*
 * <rdv/stats.h> - what a domain has done, and how long it took.
 *
 * The statistics are always on.  They are read while threads go on counting, so two
 * numbers of one snapshot may be of slightly different moments.
 *
 *	struct rdv_stats stats;
 *
 *	rdv_domain_stats(domain, &stats, sizeof(stats));
 *	printf("%llu isolations, 99 %% of them within %llu ns\n",
 *	       (unsigned long long)stats.isolations,
 *	       (unsigned long long)rdv_histogram_percentile(&stats.to_isolation, 99));
 *
 * All times are in ns of CLOCK_MONOTONIC.  All functions here are async-signal-safe, take
 * no lock and never wait.  Any thread may call them while the domain exists, registered
 * or not.  After a fork() the statistics of the child begin anew.
 *
 * A later release may add fields at the end of a struct, see rdv(7).  The program passes
 * each function the size of its struct, or of one element of its array.  The function
 * fills in no more than that; fields that the library does not know become 0. struct
 * rdv_histogram and struct rdv_delay are parts of others, and do not grow.
 */
#ifndef RDV_STATS_H
#define RDV_STATS_H

#include <rdv/rdv.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------- histograms
 *
 * Each time below 4 ns has a bucket of its own.  Above that there are 4 buckets to each
 * factor of two.  What is reported is the middle of a bucket, so it is off by an eighth
 * at most.  The last bucket also has all times from 9 minutes (2^39 ns) on.
 */
#define RDV_HISTOGRAM_BUCKETS 152u

struct rdv_histogram {
	uint64_t bucket[RDV_HISTOGRAM_BUCKETS];
};

/* How many times were recorded. */
RDV_API uint64_t rdv_histogram_count(const struct rdv_histogram *histogram);

/*
 * The time that percent of those recorded did not exceed: 0 is for the shortest, 100 for
 * the longest.  A value outside of 0 to 100 is taken as the nearest.  Returns 0 if there
 * are none.
 */
RDV_API uint64_t rdv_histogram_percentile(const struct rdv_histogram *histogram,
					  double percent);

/* The mean, 0 if there are none. */
RDV_API uint64_t rdv_histogram_mean(const struct rdv_histogram *histogram);

/* The shortest time of a bucket; of RDV_HISTOGRAM_BUCKETS: the end of the last one. */
RDV_API uint64_t rdv_histogram_bucket_floor(unsigned bucket);

/* ------------------------------------------------------------------------ blame */

/* The thread that an isolation or a grace period waited for, the last to become harmless, and
 * how long that took.  In the field longest: the thread that was isolated, and how long. */
struct rdv_delay {
	uint64_t ns;
	int32_t id;         /* rdv_thread_id() */
	int32_t kernel_tid; /* the kernel's; 0 if the thread is gone */
	char name[16];      /* of the thread */
	char where
		[32]; /* where the isolation was called, see rdv_isolate_at(); else empty */
};

/*
 * The delay of the last isolation of the calling thread, by rdv_isolate(),
 * rdv_isolate_try() or rdv_isolate_until().
 * Returns 0; -ENOENT: it waited for no running thread, and *delay is not changed.
 */
RDV_API int rdv_thread_last_delay(const rdv_thread *self, struct rdv_delay *delay);

/* Why a thread is in the way of an isolation. */
#define RDV_BLOCKER_RUNNING  1u /* it has to become harmless */
#define RDV_BLOCKER_ISOLATED 2u /* it has to release */
#define RDV_BLOCKER_HELD     3u /* it was held for so long that it runs first (patience) */
#define RDV_BLOCKER_KEEPS    7u /* it has to let go; in stall reports only, as these: */
#define RDV_BLOCKER_ABSENT   4u /* it has to come */
#define RDV_BLOCKER_SERVED   5u /* it has its turn, and has to exit */
#define RDV_BLOCKER_LEAVING  6u /* it has to come to the exit */

struct rdv_blocker {
	uint32_t id;
	uint32_t why;   /* RDV_BLOCKER_* */
	uint64_t since; /* since when it is awaited, isolated or held; ns */
	int32_t kernel_tid;
	char name[16];
	char where[32]; /* it isolated there, for RDV_BLOCKER_ISOLATED; else empty */
};

/*
 * Lists the threads that a pending isolation waits for: the running threads; or the
 * thread that is isolated; or the threads that were held for longer than the domain's
 * patience.  Fills in up to n elements of size bytes each, in the order of ids.  Returns
 * how many threads there are; 0: no isolation is pending.  Threads may come and go while
 * the list is made.
 */
RDV_API size_t rdv_domain_blockers(const rdv_domain *domain, struct rdv_blocker *blockers,
				   size_t n, size_t size);

/* What rdv_domain_thread_stats() tells about each member. */
struct rdv_thread_stats {
	uint32_t id;
	int32_t kernel_tid;
	char name[16];
	uint64_t isolations;      /* those of former threads with this id included */
	uint64_t worst_delay_ns;  /* the longest that an isolation waited for it */
	uint64_t retired_waiting; /* items that it has retired and not called yet */
};

/*
 * Fills in up to n elements of size bytes each, in the order of ids, and returns how many
 * members there are.
 */
RDV_API size_t rdv_domain_thread_stats(const rdv_domain *domain,
				       struct rdv_thread_stats *threads, size_t n,
				       size_t size);

/* ------------------------------------------------------------------- statistics */

/*
 * In each tick of the kernel's coarse clock (1 to 10 ms) a thread times its first 16
 * isolations, and each one that has to wait.  An untimed isolation that spans the end of
 * a tick is recorded to within half a tick.  Any other untimed isolation is counted with
 * the value of the last timed one.  So every isolation is counted in to_isolation and in
 * isolated, and every one that is longer than a tick at its time.
 *
 * A release that handed the rendez-vous to another thread, or woke a thread, is counted
 * in to_release at its time.  Any other release is one compare-and-swap, and counts as 0.
 */
struct rdv_stats {
	uint32_t size;        /* how many bytes the library knows of what it filled in */
	uint32_t fence;       /* RDV_FENCE_FULL or RDV_FENCE_BIASED: what is in force */
	char name[32];        /* of the domain */
	uint32_t max_threads; /* the attribute */
	uint32_t threads;     /* now */
	uint32_t threads_max; /* at most, so far */
	uint64_t isolations;
	uint64_t rounds;
	uint64_t tries_failed;    /* rdv_isolate_try() returned -EBUSY */
	uint64_t timeouts_failed; /* rdv_isolate_until() did not isolate */
	uint64_t held_waits;      /* threads that waited for the end of a round */
	uint64_t futex_waits;     /* system calls, without those of a libc mutex */
	uint64_t futex_wakes;
	uint64_t membarriers;
	struct rdv_delay last_delay; /* the most recent one; id is -1 if there was none */
	struct rdv_delay worst_delay;      /* the longest one so far */
	struct rdv_delay longest;          /* the longest isolation that was timed */
	struct rdv_histogram to_isolation; /* from rdv_isolate() until alone */
	struct rdv_histogram isolated;     /* alone, until rdv_release() */
	struct rdv_histogram held;         /* from wanting to run until running */
	struct rdv_histogram to_release;   /* from rdv_release() until it returns */
	/* what <rdv/handshake.h> has done */
	uint64_t grace_periods;   /* that threads were asked for; many calls share one */
	uint64_t graces_failed;   /* rdv_synchronize_until() gave up */
	uint64_t retired;         /* items, by rdv_retire() */
	uint64_t retired_waiting; /* of those, not called yet */
	struct rdv_delay last_grace;  /* of the last grace period that had to wait ... */
	struct rdv_delay worst_grace; /* ... and the longest wait so far; id -1: none */
	struct rdv_histogram
		to_grace; /* how long rdv_synchronize() waited; 0: nobody ran */
};

/*
 * Fills in size bytes; pass sizeof(*stats).  Returns 0; -EINVAL: size is smaller than the
 * field size.
 */
RDV_API int rdv_domain_stats(const rdv_domain *domain, struct rdv_stats *stats,
			     size_t size);

/* ------------------------------------------------------------------------- dump */

/*
 * Writes the state of the domain to a descriptor: its words, each member, the blockers,
 * the statistics.  It takes no lock, so it works while the domain is stuck.  If the
 * domain is not stuck, the lines are of slightly different moments.  The text is for
 * people and programs, see rdv_stats(3).
 *
 * Takes 6 KiB of stack.  Returns 0 or an error of write(2): -EBADF, -EPIPE, -ENOSPC,
 * -EAGAIN, -EIO, ...
 */
RDV_API int rdv_domain_dump(const rdv_domain *domain, int fd);

/* --------------------------------------------------------------- stall reports
 *
 * If stall_ns of rdv_domain_attr is not 0, a thread that has waited that long calls
 * on_stall, and again when it has waited twice, four times, ... as long.  The library
 * uses no thread, no timer and no signal for that.  Reported are waits for isolation, for
 * the end of a round, in the sync-point, for a grace period, to keep a thread, and to be let
 * go.
 *
 * If on_stall is NULL, the report is one line on stderr, by one write().
 *
 * The thread that waits calls on_stall, with no lock of the library held.  Until on_stall
 * returns the thread does not go on, and others may be waiting for it.
 *
 * For that domain on_stall may call what does not wait: the functions of this header, the
 * predicates, harmless calls in pairs, rdv_sync_want(), rdv_let_go(), rdv_retire_run(), which
 * calls no function and returns 0, and rdv_isolate_try() and rdv_keep_try(), which return
 * -EBUSY.  rdv_isolate(), rdv_isolate_until(), rdv_synchronize(), rdv_synchronize_until(),
 * rdv_keep(), rdv_keep_until(), rdv_for_each(), rdv_sync_enter() and rdv_sync_exit() end the
 * program with a message.  For other domains it may call everything.
 *
 * The thread is not cancelled in on_stall.  It may end there by pthread_exit(): it is
 * harmless until then, and leaves the domain as any thread that exits.  It may fork: in
 * the child the wait ends, because there is no thread to wait for.  It may unregister
 * only if on_stall does not return after that, for example on the way to exit(). on_stall
 * must not be left by longjmp() or by an exception.
 *
 * If on_stall returns anything but 0 and may_give_up is not 0, rdv_isolate_until(),
 * rdv_synchronize_until() or rdv_keep_until() gives up and returns -ETIMEDOUT.
 */
#define RDV_STALL_GATHER 1u /* for running threads, to be isolated */
#define RDV_STALL_QUEUE  2u /* for other isolators, to be isolated */
#define RDV_STALL_HELD   3u /* for the round to end, to run */
#define RDV_STALL_SYNC   4u /* for others in the sync-point */
#define RDV_STALL_GRACE  5u /* for running threads, in rdv_synchronize() */
#define RDV_STALL_KEEP   6u /* for a thread that is to be kept */
#define RDV_STALL_KEPT   7u /* to be let go, to run */

struct rdv_stall {
	uint32_t size;        /* of this struct: it grows at the end */
	uint32_t kind;        /* RDV_STALL_* */
	uint32_t count;       /* 1 for the first report of a wait */
	uint32_t may_give_up; /* the call is one with a deadline, see above */
	const rdv_domain *domain;
	const char *domain_name;
	const rdv_thread *self; /* the thread that waits: the caller */
	const char *name;
	uint32_t id;
	int32_t kernel_tid;
	uint64_t since;                     /* when the wait began, ns */
	uint64_t waited_ns;                 /* how long it has lasted */
	const struct rdv_blocker *blockers; /* some of those it waits for */
	size_t n_listed;                    /* how many these are */
	size_t n_blockers;                  /* how many there are */
	const char
		*where; /* it isolates there; "" if that is not known, or it does not */
};

#ifdef __cplusplus
}
#endif

#endif /* RDV_STATS_H */
