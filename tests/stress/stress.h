/* SPDX-License-Identifier: MIT */
/*
 * What all parts of rdv-stress share: the options, the outcome of a scenario, and
 * the ways to end one.
 *
 * Each scenario runs in a process of its own, so that it may stop, freeze, pin or
 * sandbox itself, and so that its end, whatever it is, is seen by somebody.
 */
#ifndef STRESS_H
#define STRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

struct options {
	double seconds;   /* for all scenarios together */
	uint64_t seed;    /* of everything that is random */
	unsigned threads; /* at most, where the scenario does not say */
	unsigned stall;   /* seconds without progress until the watchdog barks */
};

extern struct options options;

struct scenario {
	const char *name;
	const char *what;
	unsigned share; /* of the time */
	void (*run)(void);
};

/* Shared with the process that waits for the scenario's end. */
struct outcome {
	char why[200];    /* it was skipped, or failed */
	char cgroup[200]; /* a directory to remove, when the processes in it are gone */
	uint64_t domains, bursts, isolations, refusals, syncs;
	uint64_t births, forks, signals, stops, kept;
	uint64_t graces, freed;
};

extern struct outcome *outcome;

/* The exit status of a scenario's process. */
enum { STATUS_PASSED = 0, STATUS_SKIPPED = 77, STATUS_CAUGHT = 3 };

/* What a control leaves out, on purpose; the checks must notice. */
enum sabotage {
	SABOTAGE_NONE,
	SABOTAGE_ISOLATION, /* isolators do not isolate */
	SABOTAGE_CANARY,    /* ... and nothing but the words of the canary may tell */
	SABOTAGE_GRACE,     /* an object that was replaced is freed at once */
	SABOTAGE_KEEP,      /* a thread is looked at and not kept */
	SABOTAGE_PROGRESS,  /* a thread stands still, in its poller */
};

extern enum sabotage sabotage;

/* The scenario that runs in this process; when its time is over. */
extern const struct scenario *scenario;
bool time_left(void);
uint64_t scenario_seed(void);

/* Ends the process: says what, where, and the seed, dumps the state, and aborts. */
noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the process: the scenario cannot run here. */
noreturn void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define must(condition, ...)               \
	do {                               \
		if (!(condition))          \
			fail(__VA_ARGS__); \
	} while (0)

/* Counters and flags between threads; what they order does not matter to them. */
#define peek(p)    __atomic_load_n((p), __ATOMIC_RELAXED)
#define poke(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)

/*
 * Plain accesses, as a user's would be.  A control that makes races on purpose is spared the
 * reports of ThreadSanitizer: it has to be seen by the values alone.
 */
#define plain_get(p)    (sabotage ? peek(p) : *(p))
#define plain_set(p, v) (sabotage ? poke((p), (v)) : (void)(*(p) = (v)))
#define count(p)        ((void)__atomic_fetch_add((p), 1, __ATOMIC_RELAXED))

#if defined(__SANITIZE_THREAD__)
#define STRESS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STRESS_TSAN 1
#endif
#endif
#ifndef STRESS_TSAN
#define STRESS_TSAN 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define STRESS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STRESS_ASAN 1
#endif
#endif
#ifndef STRESS_ASAN
#define STRESS_ASAN 0
#endif

#endif
