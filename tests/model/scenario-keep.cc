/* SPDX-License-Identifier: MIT */
/*
 * One thread kept harmless while the others go on (G14): whoever keeps it writes what only
 * it writes while it runs.
 */
#include "fixture.h"

#include <rdv/handshake.h>

/* -------------------------------------------------------------------- what they do */

/* A thread's own data.  Far, the ids are 0, 32, 33 ... */
static unsigned thread_of(unsigned id)
{
	return id < 32 ? id : id - 31;
}

static unsigned id_of(unsigned thread)
{
	return f.member[32] && thread ? thread + 31 : thread;
}

static void touch(unsigned id)
{
	MODEL_CHECK(running());
	f.own[thread_of(id)].write(RDV_HERE);
}

/* It is told that the thread is kept; now it looks, and lets go. */
static void kept(unsigned id)
{
	touch(id);
	run();
	rdv_let_go(me());
	run();
}

static void keep(unsigned thread)
{
	MODEL_CHECK(rdv_keep(me(), id_of(thread)) == 0);
	kept(id_of(thread));
}

/* If the thread is still there. */
static bool keep_if(unsigned id)
{
	int ret = rdv_keep(me(), id);

	MODEL_CHECK(ret == 0 || ret == -ESRCH);
	if (!ret)
		kept(id);
	run();
	return !ret;
}

/* It leaves, or has left: then nobody else has its id. */
static void keep_if_there(unsigned id)
{
	bool left = !(f.registered[0] & 1u << id);

	MODEL_CHECK(!keep_if(id) || !left);
}

static bool keep_try(unsigned thread)
{
	unsigned waits = model_calls(model_self())->waits;
	int ret = rdv_keep_try(me(), id_of(thread));

	MODEL_CHECK(ret == 0 || ret == -EBUSY);
	MODEL_CHECK(model_calls(model_self())->waits == waits);
	if (!ret)
		kept(id_of(thread));
	run();
	return !ret;
}

static void keep_until(unsigned thread)
{
	int ret = rdv_keep_until(me(), id_of(thread), deadline());

	MODEL_CHECK(ret == 0 || (ret == -ETIMEDOUT && model_deadline_is_over()));
	if (!ret)
		kept(id_of(thread));
	run();
}

static void run_and_pair()
{
	run();
	pair();
}

/* --------------------------------------------------------------------- scenarios */

static void one_keeps(unsigned self)
{
	if (self == 0)
		keep(1);
	else
		run_and_pair();
}

static void one_keeps_twice(unsigned self)
{
	if (self == 0) {
		keep(1);
		keep(1);
	} else {
		run_and_pair();
		run_and_pair();
	}
}

static void one_keeps_at_checkpoints(unsigned self)
{
	if (self == 0) {
		keep(1);
		keep(1);
	} else {
		run();
		checkpoint();
		checkpoint();
	}
}

/* The keeper is harmless meanwhile. */
static void keeper_is_harmless(unsigned self)
{
	if (self == 0) {
		MODEL_CHECK(rdv_keep(me(), 1) == 0);
		touch(1);
		pair();
		touch(1);
		now();
		rdv_let_go(me());
		end();
	} else {
		run_and_pair();
	}
}

static void two_keep_one(unsigned self)
{
	if (self < 2)
		keep(2);
	else
		run_and_pair();
}

static void two_keep_each_other(unsigned self)
{
	run();
	if (self < 2)
		keep(1 - self);
	else
		pair();
}

static void two_pairs(unsigned self)
{
	if (self < 2)
		keep(self + 2);
	else
		run_and_pair();
}

static void keep_in_a_circle(unsigned self)
{
	keep((self + 1) % model_threads());
}

static void keep_in_a_chain(unsigned self)
{
	if (self + 1 < model_threads())
		keep(self + 1);
	else
		run_and_pair();
}

/* The token comes to a thread that is kept. */
static void kept_in_the_queue(unsigned self)
{
	if (self == 0) {
		keep(1);
		run();
	} else {
		isolate();
	}
}

static void kept_in_the_queue_twice(unsigned self)
{
	if (self == 0) {
		keep(1);
		keep(2);
	} else {
		isolate();
		isolate();
	}
}

static void keeper_isolates(unsigned self)
{
	if (self == 0) {
		MODEL_CHECK(rdv_keep(me(), 1) == 0);
		isolate();
		touch(1);
		rdv_isolate(me());
		alone();
		rdv_let_go(me());
		release();
	} else if (self == 1) {
		run_and_pair();
		run_and_pair();
	} else {
		isolate();
	}
}

/* An owner seems to be harmless at times, and is not. */
static void owner_is_not_harmless(unsigned self)
{
	if (self == 0) {
		keep(1);
	} else {
		rdv_isolate(me());
		pair();
		alone();
		now();
		release();
		pair();
	}
}

static void owner_gives_up(unsigned self)
{
	if (self == 0) {
		keep(1);
	} else if (self == 1) {
		if (isolate_until()) {
			pair();
			release();
		}
		run();
	} else {
		run();
		if (isolate_try()) {
			pair();
			release();
		}
	}
}

static void with_deadlines(unsigned self)
{
	if (self == 0) {
		keep_until(1);
		keep_try(1);
	} else if (self == 1) {
		now();
		if (!end_until() && !end_try())
			end();
		run();
		if (isolate_until())
			release();
	} else {
		keep_until(1);
		run();
	}
}

static void with_tries(unsigned self)
{
	if (self == 0) {
		keep_try(1);
		pair();
		keep_try(1);
	} else if (self == 1) {
		keep_try(0);
		now();
		if (!end_try())
			end();
		till_end();
		end();
	} else {
		keep(1);
	}
}

static void with_rounds(unsigned self)
{
	if (self == 0) {
		keep(1);
		keep(2);
	} else if (self == 1) {
		run_and_pair();
		run_and_pair();
	} else {
		isolate();
		run_and_pair();
	}
}

static void with_grace_periods(unsigned self)
{
	if (self == 0) {
		MODEL_CHECK(rdv_keep(me(), 1) == 0);
		touch(1);
		rdv_synchronize(me());
		touch(1);
		rdv_let_go(me());
	} else if (self == 1) {
		rdv_synchronize(me());
		run_and_pair();
	} else {
		rdv_synchronize(me());
		run();
		keep(1);
	}
}

static void silent_but_one()
{
	plain<4>();
	for (int i = 1; i < 4; i++) {
		model_act_for(i);
		now();
	}
}

static void harmless_stay_asleep(unsigned self)
{
	if (self == 0) {
		keep(1);
		keep(3);
		MODEL_CHECK(keep_try(2));
	}
}

static void no_such_member(unsigned self)
{
	if (self == 0) {
		MODEL_CHECK(rdv_keep(me(), 0) == -EDEADLK);
		MODEL_CHECK(rdv_keep(me(), 9) == -ESRCH);
		MODEL_CHECK(rdv_keep(me(), IDS) == -ESRCH);
		MODEL_CHECK(rdv_keep(me(), 1) == 0);
		MODEL_CHECK(rdv_keep(me(), 2) == -EDEADLK);
		MODEL_CHECK(rdv_for_each(me(), nullptr, nullptr) == 0);
		kept(1);
	} else {
		rdv_let_go(me());
		now();
		MODEL_CHECK(rdv_keep_try(me(), 0) == -EPERM);
		end();
		rdv_isolate(me());
		MODEL_CHECK(rdv_keep_try(me(), 0) == -EPERM);
		alone();
		release();
	}
}

/* ----------------------------------------------------------------- coming and going */

static void running_leaves(unsigned self)
{
	if (self == 1) {
		run();
		leave();
	} else {
		keep_if_there(1);
	}
}

static void running_exits(unsigned self)
{
	if (self == 1) {
		run();
		model_thread_exits();
	} else {
		keep_if_there(1);
	}
}

static void harmless_leaves(unsigned self)
{
	if (self == 1) {
		pair();
		now();
		leave();
	} else {
		keep_if_there(1);
	}
}

static void isolated_leaves(unsigned self)
{
	if (self == 1) {
		rdv_isolate(me());
		alone();
		leave();
	} else {
		keep_if_there(1);
	}
}

static void first_two_are_members()
{
	plain<2>();
}

static bool reserved; /* somebody has left, and is kept still */

static void one_will_go()
{
	plain<2>();
	reserved = false;
}

/* The id is nobody's until the keeper lets go. */
static void slot_is_reused(unsigned self)
{
	if (self == 0) {
		if (!rdv_keep(me(), 1)) {
			touch(1);
			MODEL_CHECK(!reserved || !(f.registered[0] & 1u << 1));
			rdv_let_go(me());
		}
	} else if (self == 1) {
		run();
		leave();
	} else {
		reserved = f.kept[1].newest() && !(f.registered[0] & 1u << 1);
		join();
		run();
		leave();
	}
}

/* It may be kept before it has ever run. */
static void one_joins(unsigned self)
{
	if (self == 2) {
		join();
		run();
		leave();
	} else if (self == 1) {
		run();
	} else {
		for (int i = 0; i < 2 && !keep_if(2); i++)
			pair();
	}
}

static void keeper_leaves(unsigned self)
{
	if (self == 0) {
		MODEL_CHECK(rdv_keep(me(), 1) == 0);
		touch(1);
		leave();
	} else if (self == 1) {
		run_and_pair();
		run_and_pair();
	} else {
		keep(1);
	}
}

static void keeper_exits(unsigned self)
{
	if (self == 0) {
		MODEL_CHECK(rdv_keep(me(), 1) == 0);
		now();
		model_thread_exits();
	} else if (self == 1) {
		run_and_pair();
	} else {
		keep(1);
	}
}

/* Who waits until others have let go learns that there is nobody to be kept. */
static void wanted_leaves(unsigned self)
{
	if (self == 0) {
		keep_if(1);
	} else if (self == 1) {
		MODEL_CHECK(rdv_keep(me(), 2) == 0);
		touch(2);
		leave();
	} else {
		run_and_pair();
	}
}

static void in_the_sync_point(unsigned self)
{
	if (self == 0)
		keep(1);
	if (self == 1)
		rdv_sync_want(me());
	run();
	if (rdv_sync_pending(&f.d)) {
		rdv_sync_enter(me());
		if (self == 0 && rdv_sync_my_turn(me()))
			keep(2);
		rdv_sync_exit(me());
	}
	run();
	leave();
}

/* ------------------------------------------------------------------- each in turn */

static unsigned visits[MODEL_THREADS_MAX][MODEL_THREADS_MAX];

static void visit(unsigned id, void *arg)
{
	unsigned self = model_self(), thread = thread_of(id);

	MODEL_CHECK(arg == &f && thread != self);
	visits[self][thread]++;
	touch(id);
	run();
}

/* How many it has visited, each once. */
static unsigned visit_all()
{
	unsigned self = model_self(), n, sum = 0;

	for (n = 0; n < MODEL_THREADS_MAX; n++)
		visits[self][n] = 0;
	n = rdv_for_each(me(), visit, &f);
	for (unsigned visited : visits[self]) {
		MODEL_CHECK(visited <= 1);
		sum += visited;
	}
	MODEL_CHECK(sum == n);
	run();
	return n;
}

static void one_walks(unsigned self)
{
	if (self == 0)
		MODEL_CHECK(visit_all() == model_threads() - 1);
	else
		run_and_pair();
}

/* The ids between them belong to nobody. */
static void far_ones()
{
	far<3>();
	f.registered[0] = 1;
}

static void one_walks_at_checkpoints(unsigned self)
{
	if (self == 0) {
		MODEL_CHECK(visit_all() == model_threads() - 1);
	} else {
		run();
		checkpoint();
		checkpoint();
	}
}

static void two_walk(unsigned self)
{
	if (self < 2)
		MODEL_CHECK(visit_all() == model_threads() - 1);
	else
		run_and_pair();
}

static void all_walk(unsigned)
{
	MODEL_CHECK(visit_all() == model_threads() - 1);
}

static void one_walks_one_keeps(unsigned self)
{
	if (self == 0)
		MODEL_CHECK(visit_all() == model_threads() - 1);
	else if (self == 1)
		keep(2);
	else
		run_and_pair();
}

static void one_walks_others_isolate(unsigned self)
{
	if (self == 0)
		MODEL_CHECK(visit_all() == model_threads() - 1);
	else
		isolate();
}

/* Those who were woken for an open gate, and are kept, have to wake the others. */
static void one_walks_others_are_held(unsigned self)
{
	if (self == 0)
		MODEL_CHECK(visit_all() == model_threads() - 1);
	else if (self == 1)
		isolate();
	else
		pair();
}

static void one_walks_alone(unsigned self)
{
	if (self == 0) {
		rdv_isolate(me());
		alone();
		MODEL_CHECK(visit_all() == model_threads() - 1);
		release();
	} else if (self == 1) {
		keep(2);
	} else {
		run_and_pair();
	}
}

static void one_walks_others_leave(unsigned self)
{
	if (self == 0) {
		visit_all();
	} else if (self == 1) {
		run();
		leave();
	} else {
		pair();
		now();
		leave();
	}
}

static void walker(unsigned id, void *arg)
{
	visit(id, arg);
	if (me()->state.newest() == RDV_STATE_RUNNING) {
		now();
		end();
	}
}

static void walker_is_kept(unsigned self)
{
	if (self == 0)
		MODEL_CHECK(rdv_for_each(me(), walker, &f) == model_threads() - 1);
	else if (self == 1)
		keep(0);
	else
		run_and_pair();
}

/* ----------------------------------------------------------------------- signals */

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

static void disturbed(unsigned self)
{
	model_on_signal(handle);
	if (self == 0) {
		keep(1);
	} else {
		run();
		pair();
		checkpoint();
	}
}

static void disturbed_with_rounds(unsigned self)
{
	model_on_signal(handle);
	if (self == 0)
		keep(1);
	else if (self == 1 && isolate_until())
		release();
	else
		isolate();
}

/*
 * The keeper waits for another thread, which may sleep.  The kept thread may be in a handler that
 * came when it had opened the gate, and had not looked for those that it has to wake; or when
 * it had claimed that it wakes the held, and had not done so.
 */
static rdv_word has_run;

static void it_has_run()
{
	has_run.store(1, __ATOMIC_SEQ_CST, RDV_HERE);
	rdv_futex_wake(&has_run, 1, RDV_FUTEX_ANY);
}

static void keep_until_it_has_run(unsigned thread)
{
	MODEL_CHECK(rdv_keep(me(), thread) == 0);
	now();
	while (!has_run.load(__ATOMIC_SEQ_CST, RDV_HERE))
		rdv_futex_wait(&has_run, 0, RDV_FUTEX_ANY, nullptr);
	end();
	kept(thread);
}

static void turn_lasts()
{
	patient<3>();
	f.d.turn_began = (uint32_t)model_clock_us();
	model_weather.jump = 0;
	has_run = rdv_word{};
}

static void keeper_waits_for_queued(unsigned self)
{
	if (self == 0) {
		model_on_signal(handle);
		isolate();
	} else if (self == 1) {
		isolate();
		it_has_run();
	} else {
		keep_until_it_has_run(0);
	}
}

static void keeper_waits_for_held(unsigned self)
{
	if (self == 0) {
		model_on_signal(handle);
		pair();
	} else if (self == 1) {
		pair();
		it_has_run();
	} else {
		isolate();
		isolate();
		keep_until_it_has_run(0);
	}
}

static void disturbed_circle(unsigned self)
{
	model_on_signal(handle);
	keep((self + 1) % model_threads());
}

static void disturbed_walk(unsigned self)
{
	model_on_signal(handle);
	if (self < 2)
		MODEL_CHECK(visit_all() == model_threads() - 1);
	else
		run_and_pair();
}

static void biased_and_patient()
{
	create({3, true, false, true});
}

static const scenarios these({
	{"keep-one", 2, plain<2>, one_keeps, at_rest},
	{"keep-one-biased", 2, biased<2>, one_keeps, at_rest},
	{"keep-one-far", 2, far<2>, one_keeps, at_rest},
	{"keep-one-of-three", 3, plain<3>, one_keeps, at_rest},
	{"keep-twice", 2, plain<2>, one_keeps_twice, at_rest},
	{"keep-twice-biased", 2, biased<2>, one_keeps_twice, at_rest},
	{"keep-checkpoints", 2, plain<2>, one_keeps_at_checkpoints, at_rest},
	{"keep-checkpoints-biased", 2, biased<2>, one_keeps_at_checkpoints, at_rest},
	{"keep-harmless", 2, plain<2>, keeper_is_harmless, at_rest},
	{"keep-two-keepers", 3, plain<3>, two_keep_one, at_rest},
	{"keep-two-keepers-biased", 3, biased<3>, two_keep_one, at_rest},
	{"keep-each-other", 2, plain<2>, two_keep_each_other, at_rest},
	{"keep-each-other-biased", 2, biased<2>, two_keep_each_other, at_rest},
	{"keep-each-other-three", 3, plain<3>, two_keep_each_other, at_rest},
	{"keep-two-pairs", 4, plain<4>, two_pairs, at_rest},
	{"keep-circle", 3, plain<3>, keep_in_a_circle, at_rest},
	{"keep-circle-four", 4, plain<4>, keep_in_a_circle, at_rest},
	{"keep-circle-biased", 3, biased<3>, keep_in_a_circle, at_rest},
	{"keep-chain", 4, plain<4>, keep_in_a_chain, at_rest},
	{"keep-queued", 3, plain<3>, kept_in_the_queue, at_rest},
	{"keep-queued-patient", 3, patient<3>, kept_in_the_queue, at_rest},
	{"keep-queued-biased", 3, biased<3>, kept_in_the_queue, at_rest},
	{"keep-queued-twice", 3, plain<3>, kept_in_the_queue_twice, at_rest},
	{"keep-isolates", 3, plain<3>, keeper_isolates, at_rest},
	{"keep-isolates-patient", 3, patient<3>, keeper_isolates, at_rest},
	{"keep-owner", 2, plain<2>, owner_is_not_harmless, at_rest},
	{"keep-owner-biased", 2, biased<2>, owner_is_not_harmless, at_rest},
	{"keep-owner-three", 3, plain<3>, owner_is_not_harmless, at_rest},
	{"keep-owner-gives-up", 3, plain<3>, owner_gives_up, at_rest},
	{"keep-deadlines", 3, plain<3>, with_deadlines, at_rest},
	{"keep-deadlines-biased", 3, biased<3>, with_deadlines, at_rest},
	{"keep-tries", 3, plain<3>, with_tries, at_rest},
	{"keep-tries-biased", 3, biased<3>, with_tries, at_rest},
	{"keep-rounds", 3, plain<3>, with_rounds, at_rest},
	{"keep-rounds-patient", 3, patient<3>, with_rounds, at_rest},
	{"keep-rounds-biased", 3, biased<3>, with_rounds, at_rest},
	{"keep-grace", 3, plain<3>, with_grace_periods, at_rest},
	{"keep-silent", 4, silent_but_one, harmless_stay_asleep, silent},
	{"keep-errors", 3, plain<3>, no_such_member, at_rest},
	{"keep-leaves", 2, plain<2>, running_leaves, at_rest},
	{"keep-leaves-three", 3, plain<3>, running_leaves, at_rest},
	{"keep-exits", 3, plain<3>, running_exits, at_rest},
	{"keep-harmless-leaves", 3, plain<3>, harmless_leaves, at_rest},
	{"keep-isolated-leaves", 3, plain<3>, isolated_leaves, at_rest},
	{"keep-slot-reused", 3, one_will_go, slot_is_reused, at_rest},
	{"keep-joins", 3, first_two_are_members, one_joins, at_rest},
	{"keep-keeper-leaves", 3, plain<3>, keeper_leaves, at_rest},
	{"keep-keeper-exits", 3, plain<3>, keeper_exits, at_rest},
	{"keep-wanted-leaves", 3, plain<3>, wanted_leaves, at_rest},
	{"keep-sync-point", 3, plain<3>, in_the_sync_point, at_rest},
	{"each-one", 2, plain<2>, one_walks, at_rest},
	{"each-two-others", 3, plain<3>, one_walks, at_rest},
	{"each-two-others-biased", 3, biased<3>, one_walks, at_rest},
	{"each-far", 3, far_ones, one_walks, at_rest},
	{"each-checkpoints", 3, plain<3>, one_walks_at_checkpoints, at_rest},
	{"each-two-walk", 3, plain<3>, two_walk, at_rest},
	{"each-two-walk-biased", 3, biased<3>, two_walk, at_rest},
	{"each-all-walk", 3, plain<3>, all_walk, at_rest},
	{"each-and-keep", 3, plain<3>, one_walks_one_keeps, at_rest},
	{"each-rounds", 3, plain<3>, one_walks_others_isolate, at_rest},
	{"each-rounds-patient", 3, patient<3>, one_walks_others_isolate, at_rest},
	{"each-held", 5, plain<5>, one_walks_others_are_held, at_rest},
	{"each-held-patient", 4, patient<4>, one_walks_others_are_held, at_rest},
	{"each-alone", 3, plain<3>, one_walks_alone, at_rest},
	{"each-leaves", 3, plain<3>, one_walks_others_leave, at_rest},
	{"each-walker-kept", 3, plain<3>, walker_is_kept, at_rest},
	{"signal-keep", 2, plain<2>, disturbed, at_rest},
	{"signal-keep-biased", 2, biased<2>, disturbed, at_rest},
	{"signal-keep-rounds", 3, patient<3>, disturbed_with_rounds, at_rest},
	{"signal-keep-rounds-biased", 3, biased_and_patient, disturbed_with_rounds,
	 at_rest},
	{"signal-keep-waits", 3, turn_lasts, keeper_waits_for_queued, at_rest},
	{"signal-keep-waits-held", 3, turn_lasts, keeper_waits_for_held, at_rest},
	{"signal-keep-circle", 3, plain<3>, disturbed_circle, at_rest},
	{"signal-each", 3, plain<3>, disturbed_walk, at_rest},
});
