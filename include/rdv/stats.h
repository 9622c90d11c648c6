/* SPDX-License-Identifier: MIT */
/*
 * <rdv/stats.h> - what a domain has done, and how long it took.
 *
 * The statistics are always on.  A snapshot is taken from the counters of each thread
 * while they go on, so it is exact for what has been over for a moment, and a sum that
 * is made of two numbers may be off by the events in between.
 *
 *	struct rdv_stats stats;
 *
 *	rdv_domain_stats(domain, &stats, sizeof(stats));
 *	printf("%llu isolations, 99 %% of them within %llu ns\n",
 *	       (unsigned long long)stats.isolations,
 *	       (unsigned long long)rdv_histogram_percentile(&stats.to_isolation, 99));
 *
 * All times are in ns of CLOCK_MONOTONIC.  All functions here are async-signal-safe,
 * take no lock, never wait, and may be called by any thread, registered or not, as long
 * as the domain lives.  After a fork() the statistics of the child begin anew.
 *
 * What is filled in may grow at its end, by the rule for all structs of librdv: each call
 * is told how large the caller's struct, or one element of its array, is.  It fills in no
 * more than that; what it does not know becomes 0.  struct rdv_histogram and struct
 * rdv_delay are parts of others, and do not grow.
 */
#ifndef RDV_STATS_H
#define RDV_STATS_H

#include <rdv/rdv.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------- histograms
 *
 * Log-linear: times below 4 ns have a bucket each, and then there are 4 to an octave,
 * so that what is reported, the middle of a bucket, is off by an eighth at most.  The
 * last one also has all beyond 9 minutes (2^39 ns).
 */
#define RDV_HISTOGRAM_BUCKETS 152u

struct rdv_histogram {
	uint64_t bucket[RDV_HISTOGRAM_BUCKETS];
};

/* How many times were recorded. */
RDV_API uint64_t rdv_histogram_count(const struct rdv_histogram *histogram);

/*
 * The time that percent (0 to 100; else the nearest) of those recorded did not exceed;
 * 0: the shortest, 100: the longest.  0 if there are none.
 */
RDV_API uint64_t rdv_histogram_percentile(const struct rdv_histogram *histogram,
					  double percent);

/* The mean, 0 if there are none. */
RDV_API uint64_t rdv_histogram_mean(const struct rdv_histogram *histogram);

/* The shortest time of a bucket; of RDV_HISTOGRAM_BUCKETS: the end of the last one. */
RDV_API uint64_t rdv_histogram_bucket_floor(unsigned bucket);

/* ------------------------------------------------------------------------ blame */

/* Whom an isolation waited for last, and how long: from when it began to wait for
 * running threads until that one was harmless.  Or, as the longest, who was isolated. */
struct rdv_delay {
	uint64_t ns;
	int32_t id;         /* rdv_thread_id() */
	int32_t kernel_tid; /* the kernel's; 0 if the thread is gone */
	char name[16];      /* of the thread */
	char where[32];     /* where the isolation was called, see rdv_isolate_at() */
};

/*
 * Of the last isolation of the calling thread: by rdv_isolate(), rdv_isolate_try() or
 * rdv_isolate_until().
 * Returns 0; -ENOENT: it had to wait for no running thread, and *delay is left alone.
 */
RDV_API int rdv_thread_last_delay(const rdv_thread *self, struct rdv_delay *delay);

/* Why a thread is in the way of an isolation. */
#define RDV_BLOCKER_RUNNING  1u /* it has to become harmless */
#define RDV_BLOCKER_ISOLATED 2u /* it has to release */
#define RDV_BLOCKER_HELD     3u /* it was held for so long that it runs first (patience) */
/* of a sync-point, in stall reports only */
#define RDV_BLOCKER_ABSENT  4u /* it has to come */
#define RDV_BLOCKER_SERVED  5u /* it has its turn, and has to exit */
#define RDV_BLOCKER_LEAVING 6u /* it has to come to the exit */

struct rdv_blocker {
	uint32_t id;
	uint32_t why;   /* RDV_BLOCKER_* */
	uint64_t since; /* since when it is awaited, isolated or held; ns */
	int32_t kernel_tid;
	char name[16];
	char where[32]; /* it isolated there, for RDV_BLOCKER_ISOLATED; else empty */
};

/*
 * Lists the threads that a pending isolation waits for: those that are running, while
 * somebody waits for them; or the one that is isolated, while others want to be; or
 * those that were held through too many rounds.  Fills in up to n elements of size bytes
 * each, in the order of ids, and returns how many there are; 0: nobody is waiting.
 * A thread may come or go while the list is made.
 */
RDV_API size_t rdv_domain_blockers(const rdv_domain *domain, struct rdv_blocker *blockers,
				   size_t n, size_t size);

/* What rdv_domain_thread_stats() tells of each member. */
struct rdv_thread_stats {
	uint32_t id;
	int32_t kernel_tid;
	char name[16];
	uint64_t isolations;     /* those of former threads with this id included */
	uint64_t worst_delay_ns; /* the longest that an isolation waited for it at last */
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
 * Each thread times, in each tick of the kernel's coarse clock (1 to 10 ms), its first
 * 16 isolations and all those that had to wait.  Of its others, one that ends in a later
 * tick than it began in is recorded with an error of half a tick at most; and one that
 * does not is counted in the buckets of the last one that was timed.  So each isolation
 * is in to_isolation and in isolated, and one that is longer than a tick at its time.
 *
 * A release is in to_release at its time if it had to pass the rendez-vous on (then it
 * lasts until the round is over) or to wake somebody, else at 0: it is one
 * compare-and-swap.
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
	struct rdv_delay last_delay;  /* by whom an isolation was delayed last, id -1: */
	struct rdv_delay worst_delay; /* ... none was; and most */
	struct rdv_delay longest; /* who was isolated longest, as far as it was timed */
	struct rdv_histogram to_isolation; /* from rdv_isolate() until alone */
	struct rdv_histogram isolated;     /* alone, until rdv_release() */
	struct rdv_histogram held;         /* from wanting to run until running */
	struct rdv_histogram to_release;   /* from rdv_release() until it returns */
};

/*
 * Fills in size bytes; pass sizeof(*stats).  Returns 0; -EINVAL: size has no room for the
 * field size.
 */
RDV_API int rdv_domain_stats(const rdv_domain *domain, struct rdv_stats *stats,
			     size_t size);

/* ------------------------------------------------------------------------- dump */

/*
 * Writes the state of the domain to a descriptor: its words, each member, the
 * statistics, the blockers.  It takes no lock and reads while others write, so it works
 * while the domain is stuck, and while it is not tells of slightly different moments.
 * The text is for people and programs: a line begins with a word that says what it is,
 * then come names and values; see rdv_stats(3).
 *
 * Takes 6 KiB of stack.  Returns 0 or what write(2) had to say: -EBADF, -EPIPE, -ENOSPC,
 * -EAGAIN, -EIO, ...
 */
RDV_API int rdv_domain_dump(const rdv_domain *domain, int fd);

/* --------------------------------------------------------------- stall reports
 *
 * If stall_ns of rdv_domain_attr is not 0, a thread whose wait has lasted that long calls
 * on_stall itself, and again when it has lasted twice, four times, ... as long.  Nobody
 * else does anything: there is no thread, timer or signal for it.  Waits that are
 * reported: for isolation, for the end of a round, in the sync-point.
 *
 * NULL for on_stall is a function that writes one line to stderr, with one write().
 *
 * on_stall is called with no lock held, by a thread that waits; it waits on when that
 * returns.  The thread neither runs nor is isolated meanwhile, so it delays the rendez-vous
 * if it is slow.  Of that domain it may call what does not wait: the functions of this
 * header, the predicates, harmless calls in pairs, rdv_isolate_try(), which is -EBUSY, and
 * rdv_sync_want().  rdv_isolate(), rdv_isolate_until(), rdv_sync_enter() and
 * rdv_sync_exit() end the program with a message.  Other domains are as ever.
 *
 * The thread is not cancelled in on_stall.  It may end there, by pthread_exit(); then it
 * leaves the domain like any thread that exits, and until then it is harmless.  It may fork:
 * in the child the wait goes on, and ends, as there is nobody to wait for.  It may call
 * exit(), and then unregister; otherwise a function that has unregistered must not return.
 * It must not be left by longjmp() or by an exception.
 *
 * It returns 0; or anything else to make rdv_isolate_until() give up, which then returns
 * -ETIMEDOUT.  Where may_give_up is 0 what it returns is ignored.
 */
#define RDV_STALL_GATHER 1u /* for running threads, to be isolated */
#define RDV_STALL_QUEUE  2u /* for other isolators, to be isolated */
#define RDV_STALL_HELD   3u /* for the round to end, to run */
#define RDV_STALL_SYNC   4u /* for others in the sync-point */

struct rdv_stall {
	uint32_t size;        /* of this struct: it grows at the end */
	uint32_t kind;        /* RDV_STALL_* */
	uint32_t count;       /* 1 for the first report of a wait */
	uint32_t may_give_up; /* the call is rdv_isolate_until() */
	const rdv_domain *domain;
	const char *domain_name;
	const rdv_thread *self; /* who waits, which is who calls */
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
