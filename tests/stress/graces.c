/* SPDX-License-Identifier: MIT */
#include "graces.h"
#include "calls.h"
#include "ops.h"
#include "perturb.h"

#include <string.h>

enum {
	SLOTS = 6,
	OBJECTS = 1 << 15, /* about as many are made before memory is used again */
};

enum { ALIVE = 0x11fe, DEAD = 0xdead };

struct object {
	struct rdv_retired item;
	volatile unsigned state; /* plain */
	bool taken;              /* atomic */
};

static struct object *slot[SLOTS]; /* atomic */

/* Not malloc(): a sanitizer's child of a fork() inherits a lock of it that another thread had. */
static struct {
	struct object object[OBJECTS];
	uint32_t next;
} pool;

static struct {
	uint64_t retired, called;
	bool some_are_lost;
} tally;

/* Of each thread, and of the next one in its place: replaced, but not over yet. */
static struct {
	struct object *object;
	rdv_grace grace;
} pending[2 * CREW_MAX];

/* ------------------------------------------------------------------------ objects */

static unsigned state_of(const struct object *o)
{
	return plain_get(&o->state);
}

static void set_state(struct object *o, unsigned state)
{
	plain_set(&o->state, state);
}

/* NULL: there are none left. */
static struct object *object_new(void)
{
	struct object *o;

	for (unsigned tries = 0; tries < OBJECTS; tries++) {
		o = &pool.object[__atomic_fetch_add(&pool.next, 1, __ATOMIC_RELAXED) %
				 OBJECTS];
		if (__atomic_exchange_n(&o->taken, true, __ATOMIC_ACQUIRE))
			continue;
		set_state(o, ALIVE);
		return o;
	}
	return NULL;
}

static void object_free(struct object *o)
{
	must(state_of(o) == ALIVE, "an object is freed twice, its state is %x",
	     state_of(o));
	set_state(o, DEAD);
	count(&outcome->freed);
	__atomic_store_n(&o->taken, false, __ATOMIC_RELEASE);
}

static void retired_free(struct rdv_retired *item)
{
	count(&tally.called);
	object_free((struct object *)item);
}

static struct object *replace(struct worker *w)
{
	return __atomic_exchange_n(&slot[rng_below(&w->rng, SLOTS)], object_new(),
				   __ATOMIC_ACQ_REL);
}

static void retire(struct worker *w, struct object *o)
{
	count(&tally.retired);
	call_retire(w, &o->item, retired_free);
}

/* --------------------------------------------------------------------- operations */

static void check_alive(const struct worker *w, const struct object *o)
{
	must(state_of(o) == ALIVE,
	     "thread %u looks at an object that was freed, its state is %x", w->index,
	     state_of(o));
}

/* A handler leaves a busy thread running. */
void op_look(struct worker *w)
{
	const struct object *o;

	w->busy = 1;
	o = __atomic_load_n(&slot[rng_below(&w->rng, SLOTS)], __ATOMIC_ACQUIRE);
	if (o) {
		check_alive(w, o);
		perturb_here();
		perturb_spin(rng_below(&w->rng, 2000));
		check_alive(w, o);
	}
	w->busy = 0;
}

/* A grace period that is looked at now and then, over several operations. */
static void replace_and_look_again(struct worker *w)
{
	struct object **o = &pending[w->index].object;
	rdv_grace *grace = &pending[w->index].grace;

	if (!*o) {
		*o = replace(w);
		*grace = call_grace_begin(w);
	}
	if (*o && call_grace_over(w, *grace)) {
		object_free(*o);
		*o = NULL;
	}
}

static void replace_and_wait(struct worker *w)
{
	struct timespec deadline;
	struct object *o = replace(w);
	bool over = true;

	switch (rng_below(&w->rng, 3)) {
	case 0:
		over = call_synchronize_until(w, deadline_random(&w->rng, &deadline));
		break;
	case 1:
		call_now(w);
		perturb_here();
		call_synchronize(w);
		call_end(w);
		break;
	default:
		call_synchronize(w);
	}
	if (o && over)
		object_free(o);
	else if (o)
		retire(w, o);
}

static void replace_and_retire(struct worker *w)
{
	struct object *o;

	for (unsigned n = 1 + rng_below(&w->rng, 4); n; n--) {
		o = replace(w);
		if (o)
			retire(w, o);
	}
}

/* Also by an isolated thread. */
void op_replace(struct worker *w)
{
	struct object *o;

	switch (sabotage == SABOTAGE_GRACE ? 9 : rng_below(&w->rng, 9)) {
	case 0:
	case 1:
	case 2:
		replace_and_retire(w);
		break;
	case 3:
	case 4:
		call_retire_run(w);
		break;
	case 5:
	case 6:
		replace_and_wait(w);
		break;
	case 9:
		o = replace(w);
		if (o)
			object_free(o);
		break;
	default:
		replace_and_look_again(w);
	}
}

/* ---------------------------------------------------------------- domains come and go */

void graces_open(void)
{
	memset(slot, 0, sizeof(slot));
	memset(pending, 0, sizeof(pending));
	for (unsigned i = 0; i < OBJECTS; i++)
		poke(&pool.object[i].taken, false);
	tally.retired = tally.called = 0;
}

void graces_closed(void)
{
	must(tally.retired == tally.called || tally.some_are_lost,
	     "%llu objects were retired, but %llu called",
	     (unsigned long long)tally.retired, (unsigned long long)tally.called);
}

void graces_fork(void)
{
	tally.some_are_lost = true;
}
