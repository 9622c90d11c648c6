/* SPDX-License-Identifier: MIT */
/*
 * A thread ends in on_stall, in the middle of a wait (G9).  What the wait has counted is
 * taken back, and what the thread was given meanwhile goes to another.
 */
#include "fixture.h"

#include <rdv/handshake.h>

template <unsigned members> static void one_ends()
{
	plain<members>();
	let_one_end();
}

template <unsigned members> static void one_ends_patiently()
{
	patient<members>();
	let_one_end();
}

static void all_isolate(unsigned)
{
	isolate();
}

static void some_isolate(unsigned self)
{
	if (self < 2)
		isolate();
	else
		pair();
}

/* The token may come from one that has given up, while the last thread runs. */
static void one_gives_up(unsigned self)
{
	if (self == 0)
		isolate();
	else if (self == 1 && isolate_until())
		release();
	else if (self == 2)
		isolate();
	else
		pair();
}

static void some_are_held(unsigned self)
{
	if (self < 2)
		pair();
	else
		isolate();
}

static void all_meet(unsigned)
{
	rdv_sync_want(me());
	rdv_sync_enter(me());
	run();
	rdv_sync_exit(me());
	run();
}

static void two_synchronize(unsigned self)
{
	if (self < 2)
		rdv_synchronize(me());
	else
		checkpoint();
	run();
}

static void two_keep(unsigned self)
{
	if (self == 2) {
		pair();
		pair();
	} else if (!rdv_keep(me(), 2)) {
		f.own[2].write(RDV_HERE);
		rdv_let_go(me());
	}
}

/* The one that may end is kept, by one or the other. */
static void one_is_kept(unsigned self)
{
	if (self == 0) {
		pair();
		pair();
	} else if (!rdv_keep(me(), 0)) {
		f.own[0].write(RDV_HERE);
		rdv_let_go(me());
	}
}

static const scenarios these({
	{"ends-isolators", 3, one_ends<3>, all_isolate, at_rest},
	{"ends-isolators-patient", 4, one_ends_patiently<4>, all_isolate, at_rest},
	{"ends-isolator", 3, one_ends<3>, some_isolate, at_rest},
	{"ends-isolator-patient", 4, one_ends_patiently<4>, some_isolate, at_rest},
	{"ends-late", 4, one_ends<4>, one_gives_up, at_rest},
	{"ends-held", 3, one_ends<3>, some_are_held, at_rest},
	{"ends-held-patient", 4, one_ends_patiently<4>, some_are_held, at_rest},
	{"ends-sync", 3, one_ends<3>, all_meet, at_rest},
	{"ends-asker", 3, one_ends<3>, two_synchronize, at_rest},
	{"ends-keeper", 3, one_ends<3>, two_keep, at_rest},
	{"ends-kept", 3, one_ends<3>, one_is_kept, at_rest},
});
