/* SPDX-License-Identifier: MIT */
/*
 * What the scenarios share: one domain, data that only the rendez-vous protects, the
 * calls with their checks, and the look at the end.
 *
 * A scenario is a function that each thread runs, with its number.  Threads that are
 * members when it returns become harmless, so that the others can get on.
 */
#ifndef RDV_MODEL_FIXTURE_H
#define RDV_MODEL_FIXTURE_H

#include <initializer_list> /* these before the model's own */
#include <vector>

#include "engine.h"

#include <rdv/sync.h>

enum { WORDS = 2, IDS = WORDS * 32, OBJECTS = 4 };

struct fixture {
	rdv_domain d;
	rdv_word harmless[WORDS], want_rdv[WORDS], awaited[WORDS], owing[WORDS];
	rdv_word ticket[IDS], kept[IDS], told[IDS];
	uint32_t registered[WORDS], refused[WORDS];
	struct rdv_member *member[IDS];

	model_data shared; /* written by who is alone, read by who runs */
	model_data own
		[MODEL_THREADS_MAX]; /* written by its thread, its keeper, who is alone */
	model_data request;          /* written before a sync-point is asked for */
	rdv_word newest;             /* of the objects: an index */
	model_data object[OBJECTS];  /* read by who runs, written when it is freed */
	unsigned freed;

	bool idle[MODEL_THREADS_MAX];   /* what its user would tell a handler */
	bool unsure[MODEL_THREADS_MAX]; /* ... but cannot know at this moment */

	uint32_t round[MODEL_THREADS_MAX]; /* in which a thread was isolated last */
	unsigned
		bypassed[MODEL_THREADS_MAX]; /* isolations while it sleeps in the queue */
	uint32_t released_in; /* the round in which the last isolator releases, or 0 */
	bool must_pass;       /* its turn is over, and somebody sleeps in the queue */
	unsigned releaser;    /* whose turn that was */
	bool slept_before[MODEL_THREADS_MAX]; /* in the queue, then ... */
	uint32_t ticket_before[MODEL_THREADS_MAX];
	bool may_withdraw[MODEL_THREADS_MAX];
	bool may_end[MODEL_THREADS_MAX];     /* in on_stall */
	uint32_t rounds;                     /* that were opened */
	uint64_t created_us;                 /* when the domain was made */
	uint64_t changed_us;                 /* when the gate was last opened or closed */
	bool held_before[MODEL_THREADS_MAX]; /* asleep, when the gate was opened */
	int64_t owed
		[MODEL_THREADS_MAX]; /* how much longer it was closed than open since */
	unsigned isolations;
	unsigned came, left, served; /* at the sync-point */
};

extern struct fixture f;

/* What kind of domain; members: threads that are registered, and running. */
struct kind {
	unsigned members;
	bool biased;
	bool far;     /* only the first id is in the first word of the masks */
	bool patient; /* turns last until the clock jumps, and the held wait for long */
};

void create(const struct kind &kind);

/* One of its threads, number 0, may end in on_stall, in the middle of a wait. */
void let_one_end();

/* For tables: create() with that kind. */
template <unsigned members> void plain()
{
	create({members, false, false, false});
}

template <unsigned members> void biased()
{
	create({members, true, false, false});
}

template <unsigned members> void far()
{
	create({members, false, true, false});
}

template <unsigned members> void patient()
{
	create({members, false, false, true});
}

rdv_thread *me();
bool running(); /* the calling thread is */

/* --------------------------------------------------------------------- the calls */

void run();   /* touches what a running thread may */
void alone(); /* ... what an isolated one may */
void join();
void leave();

void isolate(); /* and release */
void release();
bool isolate_try();
bool isolate_until();

void now();
void end();
void pair();
bool end_try();
bool end_until();
void checkpoint();
void till_end();

const struct timespec *deadline(); /* the thread's */

/* ---------------------------------------------------------------------- the end */

/* Nothing is left of what happened; but for so many held. */
void at_rest();
void at_rest_but_for(uint32_t held);

/* No thread has asked the kernel for anything. */
void silent();

/* -------------------------------------------------------------------- the tables */

/* Each scenario-*.cc has one, which adds its scenarios to those that rdv-model runs. */
struct scenarios {
	scenarios(std::initializer_list<struct scenario> list);
};

const std::vector<struct scenario> &all_scenarios();

#endif
