/* SPDX-License-Identifier: MIT */
/*
 * Members come and go at any time (G9).
 */
#include "fixture.h"

static void one_joins(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else if (self == 1) {
		pair();
	} else {
		join();
		run();
	}
}

static void one_joins_and_leaves(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else if (self == 1) {
		pair();
	} else {
		join();
		run();
		leave();
	}
}

/* In the slot of the one before, which the leader may be looking at. */
static void slot_is_reused(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else if (self == 1) {
		leave();
	} else {
		join();
		pair();
		leave();
	}
}

static void all_come_and_go(unsigned self)
{
	join();
	run();
	if (self == 0)
		isolate();
	else
		pair();
	leave();
}

static void all_isolate_once(unsigned)
{
	join();
	isolate();
	leave();
}

static void running_leaves(unsigned self)
{
	if (self == 0) {
		isolate();
	} else {
		run();
		leave();
	}
}

static void harmless_leaves(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else {
		pair();
		now();
		leave();
	}
}

static void running_exits(unsigned self)
{
	if (self == 0) {
		isolate();
	} else {
		run();
		model_thread_exits();
		MODEL_CHECK(!me());
	}
}

/* G9: an isolated thread that exits releases. */
static void isolated_exits(unsigned self)
{
	if (self == 0) {
		rdv_isolate(me());
		rdv_isolate(me());
		alone();
		model_thread_exits();
		MODEL_CHECK(!me());
	} else if (self == 1) {
		isolate();
	} else {
		pair();
	}
}

static void isolated_leaves_and_joins(unsigned)
{
	rdv_isolate(me());
	alone();
	leave();
	join();
	run();
}

static void first_is_member()
{
	plain<1>();
}

static void first_is_biased_member()
{
	biased<1>();
}

static void first_two_are_members()
{
	plain<2>();
}

static void first_two_are_far_members()
{
	far<2>();
}

static void one_isolates_members_come(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else {
		join();
		run();
		leave();
	}
}

static const scenarios these({
	{"join", 3, first_two_are_members, one_joins, at_rest},
	{"join-leave", 3, first_two_are_members, one_joins_and_leaves, at_rest},
	{"join-far", 3, first_two_are_far_members, one_joins_and_leaves, at_rest},
	{"join-biased", 3, first_is_biased_member, one_isolates_members_come, at_rest},
	{"join-two", 3, first_is_member, one_isolates_members_come, at_rest},
	{"join-word", 2, far<1>, one_isolates_members_come, at_rest},
	{"join-word-two", 3, far<1>, one_isolates_members_come, at_rest},
	{"join-slot", 3, first_two_are_members, slot_is_reused, at_rest},
	{"come-and-go", 3, plain<0>, all_come_and_go, at_rest},
	{"come-and-isolate", 3, plain<0>, all_isolate_once, at_rest},
	{"leave-running", 3, plain<3>, running_leaves, at_rest},
	{"leave-harmless", 3, plain<3>, harmless_leaves, at_rest},
	{"leave-far", 3, far<3>, harmless_leaves, at_rest},
	{"leave-biased", 3, biased<3>, harmless_leaves, at_rest},
	{"exit-running", 3, plain<3>, running_exits, at_rest},
	{"exit-isolated", 3, plain<3>, isolated_exits, at_rest},
	{"exit-isolated-far", 3, far<3>, isolated_exits, at_rest},
	{"exit-isolated-biased", 3, biased<3>, isolated_exits, at_rest},
	{"leave-isolated", 2, plain<2>, isolated_leaves_and_joins, at_rest},
});
