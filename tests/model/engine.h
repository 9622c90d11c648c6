/* SPDX-License-Identifier: MIT */
/*
 * The model's machine as the scenarios see it: threads, data, chance, the kernel.
 * engine.cc makes it of Relacy.
 */
#ifndef RDV_MODEL_ENGINE_H
#define RDV_MODEL_ENGINE_H

#include "model.h"

enum { MODEL_THREADS_MAX = 5 };

/* --------------------------------------------------------------------- threads */

/* The calling thread, 0 to threads - 1; in before(), whom we act for. */
unsigned model_self(void);
unsigned model_threads(void); /* how many there are */
void model_act_for(int thread);

/* In protocol.cc: the thread ends without having unregistered; all do. */
void model_thread_exits(void);
void model_forget_memberships(void);

/* What a thread throws that has ended in the middle of its function. */
struct model_ended {
};

/*
 * A signal handler of the calling thread.  It runs at some of the points between two
 * accesses, and interrupts some of the waits; NULL: no longer.
 */
void model_on_signal(void (*handler)(void));

/* ---------------------------------------------------------------------- chance */

/* True once in n times or so.  A search of the whole tree tries both, for as long as
 * the execution has not used up its surprises. */
bool model_surprise(unsigned n);

/* ------------------------------------------------------------------------ data */

/* A plain variable: two accesses, one of them a write, must be ordered. */
class model_data
{
public:
	void read(rdv_place);
	void write(rdv_place);

	unsigned number;
};

#define MODEL_CHECK(condition) \
	((condition) ? (void)0 : model_fail("not " #condition, RDV_HERE))

void model_fail(const char *what, rdv_place);
void model_note(const char *what, rdv_place);

/* ------------------------------------------------------------------ the kernel */

/* What a thread has asked of it. */
struct model_calls {
	unsigned waits, sleeps; /* futex waits, and those that slept; not in handlers */
	unsigned wakes, woken;  /* futex wakes, and how many sleepers they woke */
	unsigned fences;        /* membarriers */
};

struct model_calls *model_calls(unsigned thread);

/* Whether the thread sleeps on this word. */
bool model_sleeps_on(unsigned thread, const rdv_word *word);

/* Whether timed waits may end, and sleeps be interrupted; and whether time passes. */
struct model_weather {
	unsigned interrupt; /* one wait in so many; 0 = none */
	unsigned jump; /* one look at the clock in so many finds it far ahead; 0 = none */
};

extern struct model_weather model_weather;

/* What the clock says, without moving it. */
uint64_t model_clock_us(void);

/* So much time passes. */
void model_pass(uint64_t us);

/* A deadline that passes at some moment, and its having done so. */
extern struct timespec model_deadlines[MODEL_THREADS_MAX];
bool model_deadline_is_over(void);

/* The one eventfd: how often it was written; waiting until it is readable, or until
 * nobody needs to wait any more. */
unsigned model_eventfd_writes(void);
bool model_eventfd_readable(void);
void model_poll(void);
void model_poll_over(void);

int model_alloc(void **block, size_t align, size_t size);
int model_eventfd(void);
long model_eventfd_access(long number, int fd, const void *data);

/* ------------------------------------------------------------------- scenarios */

struct scenario {
	const char *name;
	unsigned threads;
	void (*before)();              /* the threads are not running yet */
	void (*thread)(unsigned self); /* its number */
	void (*after)();               /* they have all returned */
};

enum model_search { MODEL_RANDOM, MODEL_BOUND, MODEL_FULL };

/* An access of the sources that is to have another order than they say. */
struct model_weakening {
	char file[32];
	unsigned line; /* 0: none */
	char operation[16];
	int order; /* __ATOMIC_... */
};

struct model_run {
	enum model_search search;
	unsigned bound; /* context switches that nothing forced, MODEL_BOUND */
	uint64_t seed;
	uint64_t executions; /* at most */
	double seconds;      /* at most, 0 = no matter */
	uint64_t first;      /* the execution to begin with, from 1 */
	struct model_weakening weakening;

	/* filled in: */
	uint64_t done;
	bool weakened;  /* there was such an access */
	bool exhausted; /* the whole tree was searched */
	bool failed;
	char why[128];
	bool history; /* print how it came to fail */
};

/* In fixture.cc: whether the calling thread ends in on_stall now; what comes after each
 * thread's function; all slept, and a wait of the library's own has come to its end; what to
 * call a word. */
bool model_ends_in_report();
void model_thread_returns();
void model_only_time_helped();
const char *model_name_of(const rdv_word *word, char *buffer, size_t size);

void model_execute(const struct scenario *scenario, struct model_run *run);

#endif
