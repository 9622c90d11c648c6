/* SPDX-License-Identifier: MIT */
/*
 * The crew: threads that work on one domain in bursts.
 *
 *	crew_open(&plan);          // a domain, and its threads
 *	crew_burst(quota);         // each does so many operations, then all rest
 *	crew_close();              // they leave, each in its way; so does the domain
 *
 * A lost wake-up is soon made good while there is traffic.  So bursts are short, and
 * when all threads have come to rest the words of the domain must have done so too.
 */
#ifndef STRESS_CREW_H
#define STRESS_CREW_H

#include "rng.h"
#include "stress.h"

#include <pthread.h>
#include <rdv/rdv.h>
#include <rdv/sync.h>
#include <signal.h>
#include <sys/types.h>

#define CREW_MAX 1000

/* What a signal handler may do to the thread, see signals.c. */
enum mode {
	MODE_OUT,      /* it is no member, or about to be none */
	MODE_RUNNING,  /* in no call, or in one that was made while running */
	MODE_HARMLESS, /* it has said so, and relies on it */
	MODE_ENDING,   /* in rdv_harmless_end() */
};

struct worker {
	/*
	 * Written by plain stores, as is the canary: 1 while the thread may touch what
	 * is shared.  An isolated thread reads those of all others.
	 */
	_Alignas(128) volatile unsigned running;

	volatile sig_atomic_t mode; /* for its signal handler */
	volatile sig_atomic_t busy; /* in the middle of the canary: must stay running */
	unsigned index;
	rdv_thread *self; /* NULL: not a member */
	struct rng rng;
	int epfd; /* -1: it uses poll(2) */
	pthread_t thread;
	bool finished; /* with the burst: asks for no sync-point */
	bool gone;     /* a guest, that has nothing more to do; see birth.c */

	/* for the watchdog */
	uint64_t progress;
	const char *doing;
	pid_t tid;
};

struct op {
	void (*run)(struct worker *w);
	unsigned weight;
};

struct plan {
	rdv_domain_attr attr;
	unsigned threads;
	bool sync;                         /* with a sync-point */
	const struct op *ops;              /* ended by one without a function */
	void (*at_start)(struct worker *); /* by each thread; may be NULL */
};

struct crew {
	rdv_domain *domain;
	struct plan plan;
	struct worker worker[2 * CREW_MAX]; /* the plan's threads, then a guest of each */
	unsigned slots;
	bool signals;      /* there are handlers that make the threads harmless */
	uint32_t isolated; /* how many are, right now: at most one */
	uint32_t serving;  /* ... in the protected area of a sync-point, the same */

	pthread_mutex_t mutex;
	unsigned locked; /* plain: threads that have the mutex */

	/* the burst */
	unsigned quota;
	bool stop;
	uint32_t finished; /* threads that have done theirs */
	int finished_fd;   /* readable: all have */
	pthread_barrier_t rested, go;
	uint32_t members, runners; /* how many rest as members, and running */
};

extern struct crew crew;
extern __thread struct worker *me;

/*
 * A plan with the next of all combinations of fences, patience and spinning, and a
 * random number of threads, from 2 to that of the options.
 */
struct plan crew_plan(const struct op *ops);

void crew_open(const struct plan *plan);
void crew_burst(unsigned quota);
void crew_close(void);

/* Domain after domain until the time is over, with some bursts each. */
void crew_work(const struct op *ops, unsigned quota_max,
	       void (*at_start)(struct worker *));

/* The life of a thread of the crew: before its first operation, after its last. */
void worker_begin(struct worker *w, unsigned index);
void worker_end(struct worker *w);
pthread_t worker_spawn(void *(*life)(void *), struct worker *w);

/* Sleeps in the poller, harmless, until there is a sync-point, the burst is over,
 * or so many ms have passed; then has the sync-point. */
void worker_poll(struct worker *w, int timeout_ms);

/* The poller that is used there; a fork()'s child needs another. */
void worker_poller(struct worker *w);

/* What a member must not do but in turns: serve and be a member, until done. */
void worker_wait(struct worker *w, bool (*done)(void *arg), void *arg);

/* The child of a fork() has one worker alone. */
void crew_fork(struct worker *survivor);

#endif
