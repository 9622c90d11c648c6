/* SPDX-License-Identifier: MIT */
/*
 * The sync-point.  The requests that a scenario makes are counted; who has none of its
 * own comes whenever it is called, until all of them are served.
 */
#include "fixture.h"

static unsigned requests, inside;

/* A requester's turn: the others wait. */
static void take_turn()
{
	MODEL_CHECK(++inside == 1);
	f.shared.write(RDV_HERE);
	for (unsigned i = 0; i < MODEL_THREADS_MAX; i++)
		f.own[i].write(RDV_HERE);
	MODEL_CHECK(--inside == 0);
	f.served++;
}

static void meet()
{
	rdv_sync_enter(me());
	if (rdv_sync_wanted(me()))
		take_turn();
	MODEL_CHECK(running());
	run();
	rdv_sync_exit(me());
	MODEL_CHECK(running());
	run();
}

static void want()
{
	rdv_sync_want(me());
	MODEL_CHECK(rdv_sync_wanted(me()) && rdv_sync_pending(&f.d));
}

/* The loop of a server. */
static void serve()
{
	while (f.served < requests) {
		now();
		model_poll();
		end();
		if (rdv_sync_pending(&f.d))
			meet();
	}
	model_poll_over();
}

/* ------------------------------------------------------- with all there all the time */

/* Like meet(), if there is but one sync-point, and all are there from its start. */
static void meet_once()
{
	bool requester = rdv_sync_wanted(me());

	f.came++;
	rdv_sync_enter(me());
	MODEL_CHECK(f.came == model_threads());
	MODEL_CHECK(rdv_sync_wanted(me()) == requester);
	if (requester)
		take_turn();
	else
		MODEL_CHECK(f.served == requests && !rdv_sync_pending(&f.d));
	run();
	f.left++;
	rdv_sync_exit(me());
	MODEL_CHECK(f.left == model_threads());
	MODEL_CHECK(f.served == requests && !model_eventfd_readable());
	run();
}

static void once_for_one(unsigned self)
{
	if (self == 0) {
		want();
		want();
	}
	now();
	model_poll();
	end();
	meet_once();
}

static void once_for_two(unsigned self)
{
	if (self < 2) {
		want();
	} else {
		now();
		model_poll();
		end();
	}
	meet_once();
}

static void written_once()
{
	MODEL_CHECK(model_eventfd_writes() == 1);
	at_rest();
}

static void all_want(unsigned)
{
	want();
	meet_once();
}

static void not_written()
{
	MODEL_CHECK(model_eventfd_writes() == 0);
	at_rest();
}

/* ------------------------------------------------------------- one after the other */

static void one_after_the_other(unsigned self)
{
	if (self < 2) {
		want();
		meet();
	}
	serve();
}

/* The next one is wanted while the last one is left. */
static void again(unsigned self)
{
	if (self == 0) {
		want();
		meet();
		want();
	}
	serve();
}

/* ... or already while the others leave. */
static void wants_inside(unsigned self)
{
	if (self == 0) {
		want();
		meet();
	} else if (self == 1) {
		now();
		model_poll();
		end();
		rdv_sync_enter(me());
		run();
		rdv_sync_want(me());
		rdv_sync_exit(me());
		run();
	}
	serve();
}

/* Who sees it pending sees what the requester did before. */
static void sees_request(unsigned self)
{
	if (self == 0) {
		f.request.write(RDV_HERE);
		want();
		meet();
	} else {
		while (!rdv_sync_pending(&f.d)) {
			now();
			model_poll();
			end();
		}
		f.request.read(RDV_HERE);
		meet();
	}
}

/* ----------------------------------------------------------------- coming and going */

static void one_joins(unsigned self)
{
	if (self == 0)
		want();
	if (self == 2) {
		join();
		run();
	}
	serve();
}

static void one_joins_and_leaves(unsigned self)
{
	if (self == 2) {
		join();
		run();
		leave();
		return;
	}
	if (self == 0)
		want();
	serve();
}

static void one_leaves(unsigned self)
{
	if (self == 2) {
		leave();
		return;
	}
	if (self == 0)
		want();
	serve();
}

static void one_exits(unsigned self)
{
	if (self == 2) {
		now();
		model_thread_exits();
		return;
	}
	if (self == 0)
		want();
	serve();
}

/* Between the barriers, when the last requester was served. */
static void one_leaves_inside(unsigned self)
{
	if (self == 0)
		want();
	if (self != 2) {
		serve();
		return;
	}
	now();
	model_poll();
	end();
	rdv_sync_enter(me());
	run();
	leave();
}

/* ... and in its turn. */
static void requester_leaves(unsigned self)
{
	if (self != 2) {
		if (self == 0)
			want();
		serve();
		return;
	}
	want();
	rdv_sync_enter(me());
	take_turn();
	leave();
}

/* It asks, and does not come. */
static void requester_goes_first(unsigned self)
{
	if (self == 2) {
		want();
		leave();
		return;
	}
	if (self == 0)
		want();
	serve();
}

/* ... nor does anybody else. */
static void nobody_comes(unsigned self)
{
	if (self == 0) {
		pair();
	} else {
		want();
		leave();
	}
}

static void alone_then_joined(unsigned self)
{
	if (self == 0) {
		want();
		meet();
	} else {
		join();
		serve();
		leave();
	}
}

/* --------------------------------------------------------------- with a rendez-vous */

static void one_isolates(unsigned self)
{
	if (self == 0)
		want();
	if (self == 2)
		isolate();
	serve();
}

static void two_isolate(unsigned self)
{
	if (self == 0)
		want();
	else
		isolate();
	serve();
}

static void requester_isolates(unsigned self)
{
	if (self != 0) {
		serve();
		return;
	}
	want();
	rdv_sync_enter(me());
	MODEL_CHECK(rdv_sync_wanted(me()));
	isolate();
	take_turn();
	rdv_sync_exit(me());
	run();
	isolate();
}

/* While some are on their way from one barrier to the other. */
static void leavers_isolate(unsigned self)
{
	if (self == 0)
		want();
	now();
	model_poll();
	end();
	rdv_sync_enter(me());
	if (rdv_sync_wanted(me()))
		take_turn();
	run();
	if (self == 2)
		isolate();
	rdv_sync_exit(me());
	run();
}

/* ----------------------------------------------------------------------- the table */

template <unsigned members, unsigned requests_made> static void enabled()
{
	plain<members>();
	requests = requests_made;
	inside = 0;
	rdv_sync_enable(&f.d);
}

template <unsigned members, unsigned requests_made> static void enabled_biased()
{
	biased<members>();
	requests = requests_made;
	inside = 0;
	rdv_sync_enable(&f.d);
}

template <unsigned members> static void not_enabled()
{
	plain<members>();
	requests = members;
	inside = 0;
}

static const scenarios these({
	{"sync-one", 3, enabled<3, 1>, once_for_one, written_once},
	{"sync-two", 3, enabled<3, 2>, once_for_two, written_once},
	{"sync-all", 3, enabled<3, 3>, all_want, written_once},
	{"sync-not-enabled", 3, not_enabled<3>, all_want, not_written},
	{"sync-one-after-other", 3, enabled<3, 2>, one_after_the_other, at_rest},
	{"sync-again", 3, enabled<3, 2>, again, at_rest},
	{"sync-want-inside", 3, enabled<3, 2>, wants_inside, at_rest},
	{"sync-pending", 2, enabled<2, 1>, sees_request, at_rest},
	{"sync-biased", 3, enabled_biased<3, 2>, again, at_rest},
	{"sync-join", 3, enabled<2, 1>, one_joins, at_rest},
	{"sync-join-leave", 3, enabled<2, 1>, one_joins_and_leaves, at_rest},
	{"sync-leave", 3, enabled<3, 1>, one_leaves, at_rest},
	{"sync-exit", 3, enabled<3, 1>, one_exits, at_rest},
	{"sync-leave-inside", 3, enabled<3, 1>, one_leaves_inside, at_rest},
	{"sync-requester-leaves", 3, enabled<3, 2>, requester_leaves, at_rest},
	{"sync-requester-first", 3, enabled<3, 1>, requester_goes_first, at_rest},
	{"sync-nobody", 2, enabled<2, 1>, nobody_comes, at_rest},
	{"sync-alone", 2, enabled<1, 1>, alone_then_joined, at_rest},
	{"sync-isolate", 3, enabled<3, 1>, one_isolates, at_rest},
	{"sync-isolate-two", 3, enabled<3, 1>, two_isolate, at_rest},
	{"sync-isolate-inside", 3, enabled<3, 1>, requester_isolates, at_rest},
	{"sync-isolate-leaving", 3, enabled<3, 1>, leavers_isolate, at_rest},
});
