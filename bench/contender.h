/* SPDX-License-Identifier: MIT */
/*
 * A contender is one way to let a thread be alone for a moment.  Scenarios use nothing
 * else of it, and it knows nothing about scenarios.
 *
 * A thread that has joined is running.  It leaves while it is harmless.  Running,
 * harmless, isolate and release mean what <rdv/rdv.h> says.  In particular, release
 * returns when no thread wants the rendez-vous any more, and a thread that wants to run
 * is held until then.
 *
 * The three loops are the same for all contenders.  Each contender compiles them with its
 * own inline primitives: see contender-loops.h.
 */
#ifndef BENCH_CONTENDER_H
#define BENCH_CONTENDER_H

#include "grace.h"

#include <stdbool.h>
#include <stddef.h>

/* The sync-point, see <rdv/sync.h>; a contender may have none. */
struct sync_calls {
	int (*enable)(void); /* the descriptor to poll; may be asked for again */
	void (*want)(void *self);
	bool (*pending)(void);
	void (*enter)(void *self);
	void (*exit)(void *self);
};

struct contender {
	const char *name;   /* as it is written on the command line */
	const char *family; /* "best other" leaves the own family out */
	const char *what;   /* one line for --list */
	unsigned max_threads;
	const struct contender *wider; /* the form for more threads, or NULL */

	const char *(*missing)(void);  /* why it cannot run here; NULL: it always can */
	int (*open)(unsigned threads); /* 0 or -errno */
	void (*close)(void);
	void *(*join)(void); /* the calling thread's handle, NULL: it failed */
	void (*leave)(void *self);

	void (*harmless_now)(void *self);
	void (*harmless_end)(void *self);
	void (*checkpoint)(void *self);
	void (*isolate)(void *self);
	void (*release)(void *self);

	/* n times, back to back */
	void (*checkpoint_loop)(void *self, unsigned long n);
	void (*pair_loop)(void *self, unsigned long n);    /* harmless_now, _end */
	void (*isolate_loop)(void *self, unsigned long n); /* isolate, release */
	/* The primitive that P1's target names; NULL if there is none. */
	void (*bare_loop)(void *self, unsigned long n);

	/* The same by calls of the library's functions; NULL if there is no such form. */
	void (*checkpoint_called_loop)(void *self, unsigned long n);
	void (*pair_called_loop)(void *self, unsigned long n);
	void (*bare_called_loop)(void *self, unsigned long n);

	const struct sync_calls *sync;   /* or NULL */
	const struct grace_calls *grace; /* or NULL */
	/* Both or none: calls fn for each other member, while that one is kept; and the id. */
	void (*for_each)(void *self, void (*fn)(unsigned id, void *arg), void *arg);
	unsigned (*id)(void *self);
	const char *only; /* the one scenario that it is for, or NULL */

	/* Memory that does not come from malloc(), as it is static or a library's. */
	size_t domain_bytes, thread_bytes;
	bool stays; /* a thread stays a member until it exits, despite leave() */
};

#define MAX_CONTENDERS 17
#define MAX_THREADS    4095u

extern const struct contender contender_rdv;
extern const struct contender contender_rdv_biased;
extern const struct contender contender_rdv_strict;
extern const struct contender contender_rdv_sleep;
extern const struct contender contender_seed;
extern const struct contender contender_seed_yield;
extern const struct contender contender_seed_wide;
extern const struct contender contender_urcu_qsbr;
extern const struct contender contender_urcu_defer;
extern const struct contender contender_urcu_memb;
extern const struct contender contender_urcu_mb;
extern const struct contender contender_urcu_bp;
extern const struct contender contender_rwlock;
extern const struct contender contender_bravo;
extern const struct contender contender_perthread;
extern const struct contender contender_haproxy;
extern const struct contender contender_ck;
extern const struct contender contender_nsync;
extern const struct contender contender_none; /* the control: no synchronisation */

/* All contenders that rdv-bench knows, built in or not, in the order of the tables. */
struct contender_entry {
	const char *name;
	const struct contender *contender; /* NULL: not built in */
	const char *needs;                 /* if not built in: what it is built on */
};

extern const struct contender_entry contender_entries[];
extern const unsigned n_contender_entries;

/* Why the contender cannot run here; NULL if it can. */
const char *contender_missing(const struct contender *c);

/* The form of c for this many threads, NULL if there is none. */
const struct contender *contender_for(const struct contender *c, unsigned threads);

#endif
