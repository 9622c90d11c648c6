/* SPDX-License-Identifier: MIT */
/*
 * Grace periods: objects that are replaced, and freed once nobody looks at them.  Freeing
 * one that a thread still looks at is a data race.
 */
#include "fixture.h"

#include <rdv/handshake.h>

/* ------------------------------------------------------------------- the objects */

/* Takes the newest object out; returns its index. */
static unsigned replace()
{
	unsigned old = __atomic_fetch_add(&f.newest, 1, __ATOMIC_ACQ_REL);

	MODEL_CHECK(old + 1 < OBJECTS);
	return old;
}

static void destroy(unsigned object)
{
	f.object[object].write(RDV_HERE);
	f.freed++;
}

/* As a running thread does, between two harmless points. */
static void look()
{
	unsigned object = __atomic_load_n(&f.newest, __ATOMIC_ACQUIRE);

	run();
	f.object[object].read(RDV_HERE);
}

static void synchronize()
{
	bool ran = running();

	rdv_synchronize(me());
	MODEL_CHECK(running() == ran);
}

static void update()
{
	unsigned old = replace();

	synchronize();
	destroy(old);
	look();
}

static void read_and_pair()
{
	look();
	pair();
	look();
}

static void read_and_check()
{
	look();
	checkpoint();
	look();
	checkpoint();
	look();
}

/* ---------------------------------------------------------------------- scenarios */

static void one_asks(unsigned self)
{
	if (self == 0)
		update();
	else
		read_and_pair();
}

static void one_asks_twice(unsigned self)
{
	if (self == 0) {
		update();
		update();
	} else {
		read_and_pair();
		read_and_pair();
	}
}

static void one_asks_at_checkpoints(unsigned self)
{
	if (self == 0)
		update();
	else
		read_and_check();
}

/* Who waits is harmless for the other. */
static void all_ask(unsigned)
{
	look();
	update();
}

static void two_ask(unsigned self)
{
	if (self < 2)
		update();
	else
		read_and_pair();
}

static void two_ask_and_one_twice(unsigned self)
{
	if (self == 0) {
		update();
		update();
	} else if (self == 1) {
		update();
	} else {
		read_and_pair();
	}
}

static void harmless_asks(unsigned self)
{
	if (self == 0) {
		unsigned old = replace();

		now();
		rdv_synchronize(me());
		MODEL_CHECK(!running());
		destroy(old);
		end();
	} else {
		read_and_pair();
	}
}

static void nobody_runs(unsigned self)
{
	if (self == 0)
		update();
}

/* The others are harmless before it begins. */
static void silent_but_one()
{
	plain<4>();
	for (int i = 1; i < 4; i++) {
		model_act_for(i);
		now();
	}
}

static void one_until(unsigned self)
{
	unsigned old;
	int ret;

	if (self) {
		read_and_pair();
		return;
	}
	old = replace();
	ret = rdv_synchronize_until(me(), deadline());
	MODEL_CHECK(ret == 0 || (ret == -ETIMEDOUT && model_deadline_is_over()));
	if (!ret)
		destroy(old);
	look();
}

/* The event loop: it asks again after it has been harmless; in the end it waits. */
static void poll_for_it()
{
	unsigned old = replace();
	rdv_grace grace = rdv_grace_begin(me());

	for (int i = 0; i < 3; i++) {
		if (rdv_grace_over(me(), grace)) {
			destroy(old);
			return;
		}
		pair();
	}
	synchronize();
	MODEL_CHECK(rdv_grace_over(me(), grace));
	destroy(old);
}

static void one_polls(unsigned self)
{
	if (self == 0)
		poll_for_it();
	else
		read_and_pair();
}

static void all_poll(unsigned)
{
	look();
	poll_for_it();
	look();
}

/* Others rely on the round of asking that it begins; it owes an answer itself. */
static void one_polls_one_waits(unsigned self)
{
	if (self == 0) {
		look();
		poll_for_it();
	} else if (self == 1) {
		update();
	} else {
		read_and_pair();
	}
}

/* Who polls draws its grace while the other begins to ask; it is in another word of the
 * masks, so a reader learns of it by that round of asking alone. */
static void one_polls_another_asks(unsigned self)
{
	if (self == 0) {
		poll_for_it();
	} else if (self == 1) {
		look();
		synchronize();
	} else {
		read_and_pair();
	}
}

static void with_rounds(unsigned self)
{
	if (self == 0) {
		update();
	} else if (self == 1) {
		look();
		isolate();
		look();
	} else {
		read_and_pair();
	}
}

static void with_rounds_and_tries(unsigned self)
{
	if (self == 0) {
		update();
	} else if (self == 1) {
		if (isolate_try())
			release();
		look();
		if (isolate_until())
			release();
	} else {
		now();
		if (!end_try())
			end();
		look();
		till_end();
		end();
	}
}

/* An isolated thread is not harmless, nor when it polls inside; it does not wait. */
static void isolated_asks(unsigned self)
{
	if (self == 0) {
		unsigned old = replace();
		rdv_grace grace = rdv_grace_begin(me());

		rdv_isolate(me());
		alone();
		rdv_synchronize(me());
		MODEL_CHECK(rdv_grace_over(me(), grace));
		destroy(old);
		pair();
		release();
	} else if (self == 1) {
		update();
	} else {
		read_and_pair();
	}
}

/* Inside, harmless calls have no effect: it goes on to look at what it had before. */
static void look_past_a_try()
{
	unsigned object = __atomic_load_n(&f.newest, __ATOMIC_ACQUIRE);

	if (isolate_try()) {
		pair();
		release();
	}
	run();
	f.object[object].read(RDV_HERE);
}

static void isolated_pairs(unsigned self)
{
	if (self == 0) {
		update();
		update();
	} else {
		look_past_a_try();
		pair();
		look_past_a_try();
	}
}

static void isolated_pairs_while_polled(unsigned self)
{
	if (self == 0)
		poll_for_it();
	else if (self == 1)
		look_past_a_try();
	else
		synchronize();
}

static void one_joins(unsigned self)
{
	if (self == 0) {
		update();
		update();
	} else if (self == 1) {
		read_and_pair();
	} else {
		join();
		look();
		leave();
	}
}

static void slot_is_reused(unsigned self)
{
	if (self == 0) {
		update();
	} else if (self == 1) {
		look();
		leave();
	} else {
		join();
		look();
		leave();
	}
}

static void first_two_are_members()
{
	plain<2>();
}

static void running_exits(unsigned self)
{
	if (self == 0) {
		update();
	} else {
		look();
		model_thread_exits();
	}
}

/* Whoever asks may leave before they have answered. */
static void asks_and_leaves(unsigned self)
{
	if (self == 0) {
		(void)rdv_grace_over(me(), rdv_grace_begin(me()));
		leave();
	} else if (self == 1) {
		update();
	} else {
		read_and_pair();
	}
}

static void in_the_sync_point(unsigned self)
{
	if (self == 0) {
		update();
	} else if (self == 1) {
		rdv_sync_want(me());
	}
	look();
	if (rdv_sync_pending(&f.d)) {
		rdv_sync_enter(me());
		rdv_sync_exit(me());
	}
	look();
	leave();
}

/* ------------------------------------------------------------------------ retired */

struct object {
	struct rdv_retired retired; /* first */
	unsigned index;
};

static struct object objects[OBJECTS];

static void destroy_retired(struct rdv_retired *item)
{
	destroy(((struct object *)item)->index);
}

static void retire()
{
	unsigned old = replace();

	objects[old].index = old;
	rdv_retire(me(), &objects[old].retired, destroy_retired);
}

static void one_retires(unsigned self)
{
	if (self) {
		read_and_pair();
		return;
	}
	retire();
	rdv_retire_run(me());
	pair();
	retire();
	rdv_retire_run(me());
	pair();
	rdv_retire_run(me());
	synchronize();
	MODEL_CHECK(f.freed == 2);
}

static void all_retire_and_leave(unsigned)
{
	look();
	retire();
	rdv_retire_run(me());
	pair();
	look();
	leave();
}

static void all_freed()
{
	MODEL_CHECK(f.freed == model_threads());
	MODEL_CHECK(!f.d.orphans);
	at_rest();
}

/* The first one inherits what the second one leaves behind. */
static void one_inherits(unsigned self)
{
	if (self == 0) {
		look();
		synchronize();
		look();
		synchronize();
	} else if (self == 1) {
		look();
		retire();
		leave();
	} else {
		read_and_pair();
	}
}

/* ------------------------------------------------------------------------ signals */

static void handle()
{
	rdv_thread *self = me();

	if (!self || f.unsure[model_self()])
		return;
	if (f.idle[model_self()]) {
		rdv_harmless_end(self);
		rdv_harmless_now(self);
	} else {
		rdv_harmless_now(self);
		rdv_harmless_end(self);
	}
	rdv_checkpoint(self);
}

/* A handler that makes the thread harmless must not come between two looks at an object: so
 * there is none while it looks. */
static void look_in_peace()
{
	model_on_signal(nullptr);
	look();
	model_on_signal(handle);
}

static void disturbed(unsigned self)
{
	model_on_signal(handle);
	if (self == 0) {
		unsigned old = replace();

		synchronize();
		destroy(old);
		poll_for_it();
	} else if (self == 1 && model_threads() > 2) {
		isolate();
	} else {
		look_in_peace();
		pair();
		look_in_peace();
		checkpoint();
		look_in_peace();
	}
}

static const scenarios these({
	{"grace-one", 2, plain<2>, one_asks, at_rest},
	{"grace-one-biased", 2, biased<2>, one_asks, at_rest},
	{"grace-two-readers", 3, plain<3>, one_asks, at_rest},
	{"grace-two-readers-biased", 3, biased<3>, one_asks, at_rest},
	{"grace-far", 3, far<3>, one_asks, at_rest},
	{"grace-twice", 2, plain<2>, one_asks_twice, at_rest},
	{"grace-checkpoints", 3, plain<3>, one_asks_at_checkpoints, at_rest},
	{"grace-checkpoints-biased", 2, biased<2>, one_asks_at_checkpoints, at_rest},
	{"grace-all-ask", 3, plain<3>, all_ask, at_rest},
	{"grace-all-ask-biased", 2, biased<2>, all_ask, at_rest},
	{"grace-two-ask", 3, plain<3>, two_ask, at_rest},
	{"grace-two-ask-twice", 3, plain<3>, two_ask_and_one_twice, at_rest},
	{"grace-harmless-asks", 3, plain<3>, harmless_asks, at_rest},
	{"grace-silent", 4, silent_but_one, nobody_runs, silent},
	{"grace-until", 3, plain<3>, one_until, at_rest},
	{"grace-polled", 3, plain<3>, one_polls, at_rest},
	{"grace-polled-biased", 2, biased<2>, one_polls, at_rest},
	{"grace-polled-far", 2, far<2>, one_polls, at_rest},
	{"grace-all-poll", 3, plain<3>, all_poll, at_rest},
	{"grace-drawn-far", 3, far<3>, one_polls_another_asks, at_rest},
	{"grace-polled-and-awaited", 3, plain<3>, one_polls_one_waits, at_rest},
	{"grace-rounds", 3, plain<3>, with_rounds, at_rest},
	{"grace-rounds-biased", 3, biased<3>, with_rounds, at_rest},
	{"grace-rounds-patient", 4, patient<4>, with_rounds, at_rest},
	{"grace-rounds-tries", 3, plain<3>, with_rounds_and_tries, at_rest},
	{"grace-isolated-asks", 3, plain<3>, isolated_asks, at_rest},
	{"grace-isolated-pairs", 2, plain<2>, isolated_pairs, at_rest},
	{"grace-isolated-pairs-biased", 2, biased<2>, isolated_pairs, at_rest},
	{"grace-isolated-pairs-polled", 3, plain<3>, isolated_pairs_while_polled,
	 at_rest},
	{"grace-join", 3, first_two_are_members, one_joins, at_rest},
	{"grace-slot-reused", 3, first_two_are_members, slot_is_reused, at_rest},
	{"grace-exit", 3, plain<3>, running_exits, at_rest},
	{"grace-asker-leaves", 3, plain<3>, asks_and_leaves, at_rest},
	{"grace-sync-point", 3, plain<3>, in_the_sync_point, at_rest},
	{"retire-one", 2, plain<2>, one_retires, at_rest},
	{"retire-two-readers", 3, plain<3>, one_retires, at_rest},
	{"retire-and-leave", 3, plain<3>, all_retire_and_leave, all_freed},
	{"retire-inherited", 3, plain<3>, one_inherits, at_rest},
	{"signal-grace", 2, plain<2>, disturbed, at_rest},
	{"signal-grace-biased", 2, biased<2>, disturbed, at_rest},
	{"signal-grace-rounds", 3, plain<3>, disturbed, at_rest},
});
