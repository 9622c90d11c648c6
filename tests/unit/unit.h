/* SPDX-License-Identifier: MIT */
/*
 * What the unit tests have in common: cases and their variants, actors, and what
 * the words of a domain must look like.
 *
 * An actor is a thread that does what the test tells it, one call at a time, and
 * of which the test can find out where it is: done, or asleep on which word.  So a
 * test is a sequence of steps that always happen in this order, although the
 * threads are real ones, and the futexes too.
 *
 *	a = actor_member(d, "a");	// a thread, registered
 *	b = actor_member(d, "b");
 *	actor_do(a, do_isolate);	// returns when it has done so
 *	assert_goes(b, do_checkpoint, HELD);
 *	actor_do(a, do_release);
 *	assert_where(b, DONE);
 *
 * At the end of a case the harness stops its actors and destroys its domains.
 * A test that hangs is ended by a watchdog that tells where everybody was.  It counts
 * the time since the last step: a test of thousands of threads makes thousands of
 * steps, and each may take its time on a busy machine.
 */
#ifndef RDV_UNIT_H
#define RDV_UNIT_H

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>

#include <rdv/handshake.h>
#include <rdv/sync.h>

#include "domain.h"
#include "shim.h"

#if defined(__SANITIZE_THREAD__)
#define UNIT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNIT_TSAN 1
#endif
#endif
#ifndef UNIT_TSAN
#define UNIT_TSAN 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define UNIT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNIT_ASAN 1
#endif
#endif
#ifndef UNIT_ASAN
#define UNIT_ASAN 0
#endif

/* ----------------------------------------------------------------------- cases */

/* Each case is run once in each of these; what differs is in unit_attr(). */
enum unit_variant {
	PLAIN,
	BIASED,   /* RDV_FENCE_BIASED */
	EINTRS,   /* every other wait is interrupted before it slept */
	EAGAINS,  /* ... finds that the word has changed, when it has not */
	SPURIOUS, /* ... returns as if woken */
	SPIN,     /* the default, else there is no spinning */
	VARIANTS
};

#define ONLY_PLAIN (1u << PLAIN)
#define BOTH       (1u << PLAIN | 1u << BIASED)
#define STEADY     (BOTH | 1u << SPIN) /* a wait is a sleep */
#define ALL        ((1u << VARIANTS) - 1)

struct unit_case {
	const char *name;
	void (*run)(void);
	unsigned variants;
};

#define UNIT(function, variants)              \
	{                                     \
#function, function, variants \
	}

int unit_main(const char *group, const struct unit_case *cases, size_t n);
#define UNIT_MAIN(group, cases)                                                     \
	int main(void)                                                              \
	{                                                                           \
		return unit_main(group, cases, sizeof(cases) / sizeof((cases)[0])); \
	}

enum unit_variant unit_variant(void);
bool unit_on_valgrind(void);

/* Under that or another tool that takes its time, and has limits of its own. */
bool unit_slow(void);

/* The watchdog begins anew. */
void unit_step(void);

/* --------------------------------------------------------------------- domains */

/* The variant's, with patience_ns as the default has it and no spinning. */
rdv_domain_attr unit_attr(void);
rdv_domain *unit_domain(void);
rdv_domain *unit_domain_attr(const rdv_domain_attr *attr);

/* Nobody is in it any more: its words must say so. */
void unit_destroy(rdv_domain *d);

/* Stops all actors and destroys all domains; also done at the end of each case. */
void unit_clear(void);

/* The words that a call which fails may not leave changed, but for the round. */
struct unit_words {
	uint32_t ctl, competing;
#define DECLARE(word) uint32_t word;
	RDV_WORDS_AT_REST(DECLARE)
#undef DECLARE
	uint32_t harmless[RDV_MASK_WORDS(RDV_MAX_THREADS)];
	uint32_t want_rdv[RDV_MASK_WORDS(RDV_MAX_THREADS)];
};

struct unit_words unit_words(const rdv_domain *d);
void unit_same_words(const struct unit_words *before, const rdv_domain *d);

/* The gate is open, nobody is held, queued, woken, on its way. */
void unit_quiet(const rdv_domain *d);

/* Prints everything about all domains and actors, to stderr. */
void unit_dump(void);

/* ---------------------------------------------------------------------- actors */

struct actor;
typedef void actor_fn(struct actor *a);

struct actor {
	const char *name;
	rdv_domain *domain;
	rdv_thread *self; /* NULL while not registered */
	struct shim_thread *shim;
	pthread_t thread;
	pid_t tid;
	size_t stack_size;

	/* what to do; with what; how it went */
	actor_fn *fn;
	bool busy, leaving;
	void *arg;
	const struct timespec *deadline;
	int ret;
	bool flag;
	long outside; /* the system call of its own that it is going to sleep in */

	const char *doing;         /* the call that it is or was in */
	const char *errno_changed; /* the call that has */
	const char *allocated;
	char failed[160]; /* what CHECK() found */

	sem_t go, idle;
	struct actor *next;
};

/* Where an actor can be found. */
enum where {
	DONE,      /* with what it was told */
	HELD,      /* asleep on wake_seq */
	QUEUED,    /* asleep on its own asleep */
	GATHERING, /* asleep on gathering */
	SYNCING,   /* asleep on the sync-point's turn */
	ASKING,    /* asleep on graces */
	KEEPING,   /* asleep on told: it wants to keep a thread */
	STAYING,   /* asleep on kept: it is not let go */
	STOPPED,   /* by shim_stop_at() */
	OUTSIDE,   /* asleep in the system call that it has announced */
	LOST,      /* asleep elsewhere */
};

/* A new thread, idle; and one that has registered (NULL if it could not be made). */
struct actor *actor_start(rdv_domain *d, const char *name);
struct actor *actor_member(rdv_domain *d, const char *name);
struct actor *actor_try_start(rdv_domain *d, const char *name, size_t stack_size);

void actor_go(struct actor *a, actor_fn *fn);      /* begin */
void actor_wait(struct actor *a);                  /* until it is done */
void actor_do(struct actor *a, actor_fn *fn);      /* both */
enum where actor_where(const struct actor *a);     /* once all actors are at rest */
enum where actor_where_now(const struct actor *a); /* once this one is */
const char *where_name(enum where where);

/*
 * h is held for a, which has released: the round is over, but h does not get to see that,
 * as on a machine with better things to do, before shim_resume().
 */
void actor_hold(struct actor *h, struct actor *a);

/*
 * A clock of the test's own, which stands still but for unit_clock_pass(); where threads
 * spin, each look at it takes some time.  By the kernel's it is far in the future, so no wait
 * that ends by this clock ends by itself.
 */
void unit_clock_begin(void);
void unit_clock_pass(uint64_t ns);

/* As actor_hold(), on that clock: the gate was closed for so long while h was held.  So
 * isolators are barred, until as much time passes or h is resumed. */
void actor_hold_for(struct actor *h, struct actor *a, uint64_t ns);

/* The sleeper's wait returns -EINTR; or -ETIMEDOUT, as if its deadline had passed. */
void actor_interrupt(struct actor *a);
void actor_expire(struct actor *a);

/* The thread ends, still registered or not, and with it the actor. */
void actor_stop(struct actor *a);
void actors_stop(void);
/* ... if its last call was one that ends the thread */
void actor_join(struct actor *a);

/* For the harness: about those that have not been stopped. */
bool actors_left(void);
void actors_dump(void);
void actors_forget(void);

struct rdv_member *member(const struct actor *a);
uint32_t actor_state(const struct actor *a);
bool actor_bit(const struct actor *a);   /* in harmless[] */
bool actor_wants(const struct actor *a); /* in want_rdv[] */

#define assert_where(a, expected) \
	assert_string_equal(where_name(actor_where(a)), where_name(expected))
#define assert_ret(a, expected) assert_int_equal((a)->ret, expected)

/* It is told to, and is then found there; or does so, and the call returns this. */
#define assert_goes(a, fn, expected)       \
	do {                               \
		actor_go(a, fn);           \
		assert_where(a, expected); \
	} while (0)
#define assert_does(a, fn, expected)     \
	do {                             \
		actor_do(a, fn);         \
		assert_ret(a, expected); \
	} while (0)

/* Its last call has returned, with this. */
#define assert_done(a, expected)         \
	do {                             \
		assert_where(a, DONE);   \
		assert_ret(a, expected); \
	} while (0)

/* In an actor or in a child, where no assert may fail. */
#define CHECK(a, condition) \
	((condition) ? (void)0 : unit_check_failed(a, __FILE__, __LINE__, #condition))
void unit_check_failed(struct actor *a, const char *file, int line, const char *what);

/* A call of the library: keeps errno, allocates nothing. */
#define CALL(a, call)                      \
	do {                               \
		unit_call_begin(a, #call); \
		call;                      \
		unit_call_end(a);          \
	} while (0)
void unit_call_begin(struct actor *a, const char *call);
void unit_call_end(struct actor *a);

actor_fn do_register, do_unregister, do_now, do_end, do_end_try, do_end_until,
	do_till_end, do_checkpoint, do_isolate, do_isolate_try, do_isolate_until,
	do_release, do_synchronize, do_synchronize_until, do_want, do_enter, do_exit,
	do_wanted, do_pthread_exit;

/* Deadlines: for ever but for actor_expire(); passed; before the clock began. */
extern const struct timespec unit_far, unit_past, unit_negative;

/* -------------------------------------------------------------------- children */

/*
 * The child of a fork() begins here.  Under ThreadSanitizer it ends here, if there were other
 * threads: the sanitizer may hang there, as one of them may have had a lock of it, and ignores
 * all that the child does.
 */
void unit_in_child(void);

/*
 * Runs fn in a child of the calling thread, in which CHECK(NULL, ...) may be used;
 * returns 0 if it exits with 0.  Whatever happens to it is printed.
 */
int unit_child(void (*fn)(void *arg), void *arg);

/* Likewise, without stderr; returns whether it was ended by abort(). */
bool unit_child_aborts(void (*fn)(void *arg), void *arg);

/* The context switches of a thread so far, voluntary and not; and those of an idle
 * actor, from when it is asleep. */
unsigned long unit_switches(pid_t tid);
unsigned long actor_switches_asleep(const struct actor *a);

/* The number of threads of the process. */
unsigned unit_threads(void);

#endif
