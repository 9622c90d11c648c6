/* SPDX-License-Identifier: MIT */
/*
 * Grace periods (G13): whom they wait for, whom they wake, and what they leave alone.
 */
#include "unit.h"

#include <limits.h>

static rdv_grace grace; /* of do_begin(), for do_over() */

static void do_begin(struct actor *a)
{
	CALL(a, grace = rdv_grace_begin(a->self));
}

static void do_over(struct actor *a)
{
	CALL(a, a->flag = rdv_grace_over(a->self, grace));
}

static bool over(struct actor *a)
{
	actor_do(a, do_over);
	return a->flag;
}

/* ----------------------------------------------------------------- whom it waits for */

static void g13_waits_for_each_that_runs(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c"), *e = actor_member(d, "idle");

	actor_do(e, do_now);
	assert_goes(a, do_synchronize, ASKING);
	actor_do(b, do_now);
	actor_do(b, do_end);
	assert_where(a, ASKING);
	actor_do(b, do_checkpoint);
	assert_where(a, ASKING);
	actor_do(c, do_checkpoint);
	assert_false(c->flag); /* it was not held */
	assert_where(a, DONE);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
	assert_int_equal(actor_state(e), RDV_STATE_HARMLESS);
}

/* In each way to become harmless. */
static void g13_every_harmless_point_answers(void)
{
	static actor_fn *const ways[] = {do_now, do_checkpoint, do_till_end,
					 do_unregister, do_pthread_exit};
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b;
	unsigned i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		b = actor_member(d, "b");
		assert_goes(a, do_synchronize, ASKING);
		actor_go(b, ways[i]);
		actor_wait(a);
		if (ways[i] == do_pthread_exit)
			actor_join(b);
		else
			actor_wait(b);
		if (ways[i] == do_now || ways[i] == do_till_end)
			actor_do(b, do_end);
		if (ways[i] != do_pthread_exit)
			actor_stop(b);
	}
}

static void g13_nobody_runs_nobody_waits(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(b, do_now);
	actor_do(c, do_now);
	shim_count_from_here();
	actor_do(a, do_synchronize);
	actor_do(a, do_now);
	actor_do(a, do_synchronize);
	assert_int_equal(actor_state(a), RDV_STATE_PARKED);
	actor_do(a, do_end);
	assert_int_equal(SHIM(futex_calls), 0);
	assert_int_equal(SHIM(fences), d->biased ? 2 : 0);
}

/* A thread that sleeps through it is not woken (G4). */
static void g4_the_harmless_sleep_on(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");
	unsigned long switches;
	int i;

	actor_do(b, do_now);
	switches = actor_switches_asleep(b);
	for (i = 0; i < 10; i++) {
		assert_goes(a, do_synchronize, ASKING);
		actor_do(c, do_checkpoint);
		assert_where(a, DONE);
	}
	assert_int_equal(actor_switches_asleep(b), switches);
}

/* One sleep, one wake-up, however many it waits for. */
static void p10_it_sleeps_once(void)
{
	rdv_domain_attr attr = unit_attr();
	struct actor *a, *b[70];
	rdv_domain *d;
	int i;

	attr.max_threads = 71;
	d = unit_domain_attr(&attr);
	for (i = 0; i < 70; i++)
		b[i] = actor_member(d, "b");
	a = actor_member(d, "a");
	shim_count_from_here();
	assert_goes(a, do_synchronize, ASKING);
	for (i = 0; i < 70; i++) {
		assert_where(a, ASKING);
		actor_do(b[i * 31 % 70], i % 2 ? do_checkpoint : do_now);
	}
	assert_where(a, DONE);
	assert_int_equal(SHIM(waits), 1);
	assert_int_equal(SHIM(wakes), 1);
	assert_int_equal(SHIM(woken), 1);
	assert_int_equal(SHIM(fences), d->biased);
	for (i = 0; i < 70; i += 2)
		actor_do(b[i * 31 % 70], do_end);
}

/* The round of asking was over before the thread sleeps: the kernel compares. */
static void g3_the_last_answers_before_it_sleeps(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	shim_stop_at(a->shim, SHIM_BEFORE_WAIT);
	assert_goes(a, do_synchronize, STOPPED);
	actor_do(b, do_checkpoint);
	shim_resume(a->shim);
	assert_where(a, DONE);
}

/* ------------------------------------------------------------------ several that ask */

static void g13_two_that_ask_do_not_wait_for_each_other(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	assert_goes(a, do_synchronize, ASKING);
	assert_goes(b, do_synchronize, ASKING);
	/* the second one came when the first had been asking */
	actor_do(c, do_checkpoint);
	assert_where(a, DONE);
	assert_where(b, ASKING);
	actor_do(c, do_checkpoint);
	actor_do(a, do_checkpoint); /* it may have run again before b asked */
	assert_where(b, DONE);
}

/* However many come meanwhile, one more round of asking serves them all. */
static void g13_they_share_a_round_of_asking(void)
{
	enum { N = 16 };
	rdv_domain *d = unit_domain();
	struct actor *a[N], *c = actor_member(d, "c");
	uint64_t before = d->grace;
	int i;

	for (i = 0; i < N; i++)
		a[i] = actor_member(d, "a");
	for (i = 0; i < N; i++)
		actor_do(a[i], do_now);
	for (i = 0; i < N; i++)
		assert_goes(a[i], do_synchronize, ASKING);
	actor_do(c, do_checkpoint);
	assert_where(a[0], DONE);
	for (i = 1; i < N; i++)
		assert_where(a[i], ASKING);
	actor_do(c, do_checkpoint);
	for (i = 1; i < N; i++)
		assert_where(a[i], DONE);
	assert_int_equal(d->grace - before, 4);
	for (i = 0; i < N; i++)
		actor_do(a[i], do_end);
}

/* ------------------------------------------------------------------------- newcomers */

/* Who runs after the call is not waited for, and nobody waits for whom nobody asked. */
static void g9_newcomers_are_not_waited_for(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "idle"), *e = actor_start(d, "new");

	actor_do(c, do_now);
	assert_goes(a, do_synchronize, ASKING);
	actor_do(c, do_end);
	actor_do(e, do_register);
	actor_do(b, do_checkpoint);
	assert_where(a, DONE);
	assert_goes(a, do_synchronize, ASKING);
	actor_do(b, do_checkpoint);
	actor_do(c, do_checkpoint);
	assert_where(a, ASKING);
	actor_do(e, do_checkpoint);
	assert_where(a, DONE);
}

/* --------------------------------------------------------------------------- rounds */

static void an_isolated_thread_has_to_be_harmless_too(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(a, do_now);
	actor_do(b, do_isolate);
	assert_goes(a, do_synchronize, ASKING);
	actor_do(b, do_now); /* no effect while it is isolated */
	actor_do(b, do_end);
	assert_where(a, ASKING);
	actor_do(b, do_release);
	assert_where(a, ASKING);
	actor_do(b, do_checkpoint);
	assert_where(a, DONE);
	actor_do(a, do_end);
}

/* For a moment its fast path says that it is, before the slow path takes that back. */
static void do_say_harmless(struct actor *a)
{
	CALL(a, rdv_priv_state_set(a->self, RDV_STATE_HARMLESS));
}

static void do_take_back(struct actor *a)
{
	CALL(a, rdv_priv_harmless_now_slow(a->self));
}

static void an_isolated_thread_does_not_answer_for_a_moment(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(a, do_now);
	actor_do(b, do_isolate);
	actor_do(b, do_say_harmless);
	assert_false(rdv_thread_harmless(d, rdv_thread_id(b->self)));
	assert_goes(a, do_synchronize, ASKING);
	actor_do(b, do_take_back);
	actor_do(b, do_end);
	actor_do(b, do_release);
	assert_where(a, ASKING);
	actor_do(b, do_checkpoint);
	assert_where(a, DONE);
	actor_do(a, do_end);
}

/* Everybody but the isolated thread is harmless: the grace period is over, who waited is
 * held. */
static void a_round_holds_the_caller(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	assert_goes(a, do_synchronize, ASKING);
	assert_goes(c, do_isolate, GATHERING);
	actor_do(b, do_now);
	assert_where(c, DONE);
	assert_where(a, ASKING);
	assert_goes(b, do_end, HELD);
	actor_do(c, do_release);
	assert_where(b, DONE);
	actor_do(c, do_now);
	assert_where(a, DONE);
	actor_do(c, do_end);
}

static void isolated_it_returns_at_once(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(a, do_begin);
	actor_do(b, do_now);
	actor_do(a, do_isolate);
	shim_count_from_here();
	actor_do(a, do_synchronize);
	a->deadline = &unit_past;
	assert_does(a, do_synchronize_until, 0);
	assert_true(over(a));
	assert_true(rdv_isolated(a->self));
	assert_int_equal(SHIM(futex_calls), 0);
	actor_do(a, do_release);
	actor_do(b, do_end);
}

/* Neither an isolation nor an attempt fails for a round of asking. */
static void isolations_go_on(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	assert_goes(a, do_synchronize, ASKING);
	actor_do(b, do_now);
	assert_does(c, do_isolate_try, 0);
	assert_goes(b, do_end, HELD);
	actor_do(c, do_release);
	assert_where(b, DONE);
	assert_where(a, ASKING);
	assert_int_equal(d->ctl % RDV_CTL_ROUND, RDV_GATE_ASKED);
	actor_do(c, do_checkpoint);
	assert_where(a, DONE);
}

/* Asked, a thread is not held, and its bit in harmless[] stays as it was. */
static void asking_does_not_park(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");
	int i;

	assert_goes(a, do_synchronize, ASKING);
	for (i = 0; i < 3; i++) {
		actor_do(b, do_now);
		assert_int_equal(actor_state(b), RDV_STATE_HARMLESS);
		assert_false(actor_bit(b));
		actor_do(b, do_end);
		assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
	}
	actor_do(c, do_checkpoint);
	assert_where(a, DONE);
}

/* -------------------------------------------------------------------------- until */

static void g8_until_leaves_no_trace(void)
{
	static const struct timespec malformed = {.tv_sec = 1, .tv_nsec = 1000000000};
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct unit_words before = unit_words(d);

	a->deadline = &malformed;
	assert_does(a, do_synchronize_until, -EINVAL);
	unit_same_words(&before, d);
	a->deadline = &unit_past;
	shim_count_from_here();
	assert_does(a, do_synchronize_until, -ETIMEDOUT);
	assert_int_equal(SHIM(futex_calls), 0);
	a->deadline = &unit_negative;
	assert_does(a, do_synchronize_until, -ETIMEDOUT);
	a->deadline = &unit_far;
	assert_goes(a, do_synchronize_until, ASKING);
	actor_expire(a);
	assert_done(a, -ETIMEDOUT);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	/* who was asked answers all the same */
	actor_do(b, do_checkpoint);
	actor_do(a, do_checkpoint);
	unit_same_words(&before, d);
	actor_do(b, do_now);
	assert_does(a, do_synchronize_until, 0);
	actor_do(b, do_end);
	a->deadline = NULL;
	assert_goes(a, do_synchronize_until, ASKING);
	actor_do(b, do_checkpoint);
	assert_done(a, 0);
}

/* ------------------------------------------------------------------------- polling */

static void a_grace_that_nobody_asks_about_costs_nothing(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct unit_words before = unit_words(d);
	uint64_t was = d->grace;

	shim_count_from_here();
	actor_do(a, do_begin);
	unit_same_words(&before, d);
	assert_int_equal(d->grace, was);
	actor_do(b, do_checkpoint);
	assert_int_equal(SHIM(futex_calls), 0);
	assert_int_equal(SHIM(fences), 0);
}

static void polling_asks_and_does_not_wait(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	shim_count_from_here();
	actor_do(a, do_begin);
	assert_false(over(a));
	assert_false(over(a));
	actor_do(b, do_checkpoint);
	assert_false(over(a));
	actor_do(c, do_now);
	/* over for a; for others it has to be harmless itself */
	assert_true(over(a));
	assert_true(over(a));
	assert_false(over(b));
	actor_do(a, do_checkpoint);
	assert_true(over(b));
	assert_true(over(a));
	assert_int_equal(SHIM(futex_calls), 0);
	actor_do(c, do_end);
}

static void a_round_of_asking_from_before_is_not_enough(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	assert_goes(a, do_synchronize, ASKING);
	actor_do(b, do_checkpoint);
	actor_do(c, do_begin);
	assert_false(over(c));
	actor_do(c, do_checkpoint);
	assert_where(a, DONE);
	assert_false(over(c));
	actor_do(a, do_checkpoint);
	assert_false(over(c));
	actor_do(b, do_checkpoint);
	assert_true(over(c));
	actor_do(c, do_checkpoint);
}

static void alone_it_is_over_at_once(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");

	grace = 0;
	assert_true(over(a));
	actor_do(a, do_begin);
	assert_true(over(a));
	actor_do(a, do_synchronize);
	actor_do(a, do_now);
	actor_do(a, do_begin);
	assert_true(over(a));
	actor_do(a, do_end);
}

/* The one that has begun a round of asking is not needed for its end. */
static void g9_who_asks_may_leave(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(a, do_begin);
	assert_false(over(a));
	actor_do(a, do_unregister);
	assert_goes(c, do_synchronize, ASKING);
	actor_do(b, do_checkpoint);
	assert_where(c, ASKING);
	actor_do(b, do_checkpoint);
	assert_where(c, DONE);
}

/* ---------------------------------------------------------------------------- fork */

static void in_child(void *arg)
{
	struct actor *a = arg;
	rdv_domain *d = a->domain;
	rdv_thread *self = a->self;

	CHECK(NULL, d->ctl % RDV_CTL_ROUND == 0);
	CHECK(NULL, !d->owed && !d->graces_asleep && d->grace % 2 == 0);
	CHECK(NULL, rdv_grace_over(self, grace));
	rdv_synchronize(self);
	CHECK(NULL, rdv_grace_over(self, rdv_grace_begin(self)));
	rdv_thread_unregister(self);
	CHECK(NULL, !rdv_domain_destroy(d));
}

static void do_fork(struct actor *a)
{
	a->ret = unit_child(in_child, a);
}

static void g10_in_the_child_there_is_nobody_to_ask(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	assert_goes(c, do_synchronize, ASKING);
	actor_do(b, do_begin);
	assert_does(b, do_fork, 0);
	assert_where(c, ASKING);
	actor_do(b, do_checkpoint);
	actor_do(a, do_checkpoint);
	assert_where(c, DONE);
}

static const struct unit_case cases[] = {
	UNIT(g13_waits_for_each_that_runs, ALL),
	UNIT(g13_every_harmless_point_answers, ALL),
	UNIT(g13_nobody_runs_nobody_waits, BOTH),
	UNIT(g4_the_harmless_sleep_on, BOTH),
	UNIT(p10_it_sleeps_once, BOTH),
	UNIT(g3_the_last_answers_before_it_sleeps, ALL),
	UNIT(g13_two_that_ask_do_not_wait_for_each_other, ALL),
	UNIT(g13_they_share_a_round_of_asking, ALL),
	UNIT(g9_newcomers_are_not_waited_for, ALL),
	UNIT(an_isolated_thread_has_to_be_harmless_too, ALL),
	UNIT(an_isolated_thread_does_not_answer_for_a_moment, ALL),
	UNIT(a_round_holds_the_caller, ALL),
	UNIT(isolated_it_returns_at_once, ALL),
	UNIT(isolations_go_on, ALL),
	UNIT(asking_does_not_park, ALL),
	UNIT(g8_until_leaves_no_trace, STEADY),
	UNIT(a_grace_that_nobody_asks_about_costs_nothing, BOTH),
	UNIT(polling_asks_and_does_not_wait, ALL),
	UNIT(a_round_of_asking_from_before_is_not_enough, ALL),
	UNIT(alone_it_is_over_at_once, ALL),
	UNIT(g9_who_asks_may_leave, ALL),
	UNIT(g10_in_the_child_there_is_nobody_to_ask, BOTH),
};

UNIT_MAIN("grace", cases)
