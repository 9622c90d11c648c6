/* SPDX-License-Identifier: MIT */
/*
 * Stands between the library and what it calls (-Wl,--wrap): counts, refuses, lies
 * as the kernel may, and stops a thread at a place where the test wants it.
 *
 * The orders to a thread are given while it is idle, asleep or stopped, or before it
 * has begun what they are for.
 */
#ifndef RDV_UNIT_SHIM_H
#define RDV_UNIT_SHIM_H

#include <rdv/rdv.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

/* Where a thread can be stopped, or a hook called. */
enum shim_place {
	SHIM_NOWHERE,
	SHIM_BEFORE_WAIT, /* about to call the kernel */
	SHIM_AFTER_WAIT,  /* back from it, the library does not know yet */
	SHIM_BEFORE_WAKE,
	SHIM_AFTER_LOCK,   /* rdv_lock() */
	SHIM_BEFORE_WRITE, /* to the eventfd */
	SHIM_AT_CLOCK, /* it has looked at a clock of our own, which the hook must not */
};

typedef void shim_hook(enum shim_place place, void *arg);

/* One for each thread.  Counts are kept for calls of the library only. */
struct shim_thread {
	unsigned waits, wakes; /* calls of rdv_futex_wait() and rdv_futex_wake() */
	unsigned woken;        /* sleepers woken by the latter */
	unsigned fences;       /* calls of rdv_fence_all() */
	unsigned allocs;       /* inside of shim_call_begin() .. shim_call_end() */

	const rdv_word *sleeping; /* the word of the wait that it is in */
	bool stopped;
	bool in_call;

	/* orders */
	enum shim_place stop_at; /* once */
	sem_t resume;
	int returns;     /* what the next waits return without sleeping ... */
	unsigned times;  /* ... and how many of them */
	int instead;     /* what a wait returns that was interrupted by actor_expire() */
	shim_hook *hook; /* called at each place */
	void *hook_arg;
};

/* All threads together, and orders to all of them. */
struct shim {
	unsigned waits, wakes, woken, fences, fence_registrations, allocs;
	unsigned futex_calls; /* system calls */
	unsigned eventfd_writes, eventfd_reads;
	unsigned eventfds; /* calls of eventfd() */

	int every_other;     /* if not 1: what each thread's 1st, 3rd, ... wait returns */
	int deny_membarrier; /* errno */
	int deny_futex;      /* errno, of SYS_futex */
	int deny_eventfd;    /* errno */
	int deny_pwait2;     /* errno of epoll_pwait2() */
	int deny_memory;     /* how many of the next posix_memalign() fail */
	int deny_specific;   /* how many of the next pthread_setspecific() fail */
	int deny_affinity;   /* errno of sched_getaffinity() */
	int cpus;            /* what sched_getaffinity() tells, 0 = the truth */

	/* a clock of our own, if clock_ns is not 0; each look at it costs clock_step, but
	   for the coarse one's */
	uint64_t clock_ns, clock_step;
	uint64_t coarse_late; /* the coarse one stood still for so long, a whole tick */

	/* the last futex call, for test_futex */
	long futex_op, futex_value, futex_bitset;
};

#define SHIM_TICK_NS 4000000 /* of our coarse clock */

extern struct shim shim;

#define SHIM_GET(what)        __atomic_load_n(&(what), __ATOMIC_SEQ_CST)
#define SHIM_SET(what, value) __atomic_store_n(&(what), (value), __ATOMIC_SEQ_CST)

/* A count of all threads together, while they are busy. */
#define SHIM(what) SHIM_GET(shim.what)

struct shim_thread *shim_self(void);

/* Forgets all counts and all orders to everybody; threads keep theirs. */
void shim_reset(void);

/* Forgets the counts of a thread and the totals. */
void shim_count_from_here(void);

/* Brackets what is a call of the library and nothing else. */
void shim_call_begin(void);
void shim_call_end(void);

/* The thread stops there, once; the test goes on when the thread is seen to have. */
void shim_stop_at(struct shim_thread *thread, enum shim_place place);
void shim_resume(struct shim_thread *thread);

/* The next waits return this at once. */
void shim_return(struct shim_thread *thread, int ret, unsigned times);

#endif
