/* SPDX-License-Identifier: MIT */
/*
 * Becoming harmless, being held, running again; and that it is silent (G4).
 */
#include "unit.h"
#include "points.h"

#include <limits.h>

static const struct timespec malformed[] = {
	{.tv_sec = 1, .tv_nsec = -1},
	{.tv_sec = 1, .tv_nsec = 1000000000},
	{.tv_sec = -1, .tv_nsec = LONG_MIN},
	{.tv_sec = 0, .tv_nsec = LONG_MAX},
};

enum { MALFORMED = sizeof(malformed) / sizeof(malformed[0]) };

/* ------------------------------------------------------------------- by oneself */

static void do_many_pairs(struct actor *a)
{
	int i;

	for (i = 0; i < 1000; i++) {
		do_now(a);
		CHECK(a, actor_state(a) != RDV_STATE_RUNNING);
		do_end(a);
		CHECK(a, actor_state(a) == RDV_STATE_RUNNING);
		do_checkpoint(a);
		CHECK(a, !a->flag);
	}
}

static void pairs_make_no_system_calls(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");

	shim_count_from_here();
	actor_do(a, do_many_pairs);
	assert_int_equal(SHIM(futex_calls), 0);
	assert_int_equal(SHIM(fences), 0);
}

static void pairs_do_not_nest(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	int i;

	actor_do(b, do_now);
	/* the second time with its bit set on its behalf */
	for (i = 0; i < 2; i++) {
		actor_do(a, do_now);
		if (i) {
			actor_do(b, do_isolate);
			actor_do(b, do_release);
			actor_do(b, do_now);
		}
		actor_do(a, do_now);
		actor_do(a, do_end);
		assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
		assert_false(actor_bit(a));
#ifndef RDV_DEBUG /* see test_misuse */
		actor_do(a, do_end);
		assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
		assert_false(actor_bit(a));
#endif
	}
	assert_goes(b, do_isolate, GATHERING);
	actor_do(a, do_now);
	actor_do(a, do_now);
	assert_where(b, DONE);
	actor_do(b, do_release);
	actor_do(a, do_end);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
}

/* ------------------------------------------------------------------------- held */

static void end_waits_for_the_round(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(b, do_now);
	/* while the leader gathers, and while it is alone */
	assert_goes(a, do_isolate, GATHERING);
	assert_goes(b, do_end, HELD);
	assert_int_equal(actor_state(b), RDV_STATE_PARKED);
	assert_true(actor_bit(b));
	assert_where(a, GATHERING);
	actor_do(c, do_now);
	assert_where(a, DONE);
	assert_where(b, HELD);
	assert_goes(c, do_end, HELD);
	actor_do(a, do_release);
	assert_where(b, DONE);
	assert_where(c, DONE);
	assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
	assert_false(actor_bit(b));
	assert_false(actor_bit(c));
}

/* On its way to sleep it meets the end of the round: the kernel compares. */
static void g3_the_round_ends_before_it_sleeps(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	shim_stop_at(b->shim, SHIM_BEFORE_WAIT);
	assert_goes(b, do_end, STOPPED);
	actor_do(a, do_release);
	shim_resume(b->shim);
	assert_where(b, DONE);
}

/* ... and the next one has begun: it sleeps, and is woken for that. */
static void g3_the_next_round_begins_before_it_looks(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	shim_stop_at(b->shim, SHIM_AFTER_WAIT);
	assert_goes(b, do_end, HELD);
	shim.clock_ns = 1; /* patience does not run out while time stands still */
	rdv_store_sc(&d->held_since, 0);
	actor_do(a, do_release);
	assert_where(b, STOPPED);
	actor_do(a, do_isolate);
	shim_resume(b->shim);
	assert_where(b, HELD);
	actor_do(a, do_release);
	assert_where(b, DONE);
}

static void end_try_does_not_wait(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");
	struct unit_words words;

	actor_do(b, do_now);
	assert_does(b, do_end_try, 0);
	assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
	actor_do(b, do_now);
	assert_goes(a, do_isolate, GATHERING);
	assert_does(b, do_end_try, -EBUSY);
	assert_where(a, GATHERING);
	actor_do(c, do_now);
	assert_where(a, DONE);
	shim_count_from_here();
	actor_do(b, do_end_try); /* whatever its bit was, it is set now */
	words = unit_words(d);
	assert_does(b, do_end_try, -EBUSY);
	unit_same_words(&words, d);
	assert_int_equal(actor_state(b), RDV_STATE_PARKED);
	assert_true(actor_bit(b));
	assert_int_equal(SHIM(futex_calls), 0);
	actor_do(a, do_release);
	assert_int_equal(SHIM(futex_calls), 0);
	assert_does(b, do_end_try, 0);
	assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
	assert_false(actor_bit(b));
}

/* ------------------------------------------------------------------- deadlines */

static void end_until_refuses_malformed_deadlines(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");
	int i;

	actor_do(a, do_now);
	for (i = 0; i < MALFORMED; i++) {
		a->deadline = &malformed[i];
		assert_does(a, do_end_until, -EINVAL);
		assert_int_not_equal(actor_state(a), RDV_STATE_RUNNING);
	}
}

static void end_until_looks_once_if_it_is_late(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	const struct timespec *late[] = {&unit_past, &unit_negative};
	struct unit_words words;
	int i;

	for (i = 0; i < 2; i++) {
		b->deadline = late[i];
		actor_do(b, do_now);
		actor_do(a, do_isolate);
		assert_does(b, do_end_until, -ETIMEDOUT);
		shim_count_from_here();
		words = unit_words(d);
		assert_does(b, do_end_until, -ETIMEDOUT);
		assert_int_equal(SHIM(futex_calls), 0);
		unit_same_words(&words, d);
		actor_do(a, do_release);
		actor_do(b, do_end_until); /* nothing to wait for */
		assert_ret(b, 0);
		assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
	}
}

static void end_until_times_out_harmless(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct unit_words words;

	b->deadline = &unit_far;
	actor_do(b, do_now);
	actor_do(a, do_isolate);
	actor_do(b, do_end_try); /* its bit is set, in every variant */
	words = unit_words(d);
	assert_goes(b, do_end_until, HELD);
	actor_expire(b);
	assert_done(b, -ETIMEDOUT);
	unit_same_words(&words, d);
	assert_int_equal(actor_state(b), RDV_STATE_PARKED);
	actor_do(a, do_release);
	/* nobody is held, nobody is due, nobody runs */
	assert_does(a, do_isolate_try, 0);
	assert_goes(b, do_end_until, HELD);
	actor_do(a, do_release);
	assert_done(b, 0);
	assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
}

/* The deadline passes, but before the thread knows it the round is over. */
static void end_until_takes_what_it_gets(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	b->deadline = &unit_far;
	actor_do(b, do_now);
	actor_do(a, do_isolate);
	shim_stop_at(b->shim, SHIM_AFTER_WAIT);
	assert_goes(b, do_end_until, HELD);
	actor_expire(b);
	assert_where(b, STOPPED);
	actor_do(a, do_release);
	shim_resume(b->shim);
	assert_done(b, 0);
}

static void end_until_never_waits_for_ever(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	b->deadline = NULL;
	assert_goes(b, do_end_until, HELD);
	actor_do(a, do_release);
	assert_done(b, 0);
}

/* -------------------------------------------------------- checkpoint and till_end */

static void checkpoint_lets_a_rendezvous_happen(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_checkpoint);
	assert_false(b->flag);
	assert_goes(a, do_isolate, GATHERING);
	assert_goes(b, do_checkpoint, HELD);
	assert_where(a, DONE);
	actor_do(a, do_release);
	assert_where(b, DONE);
	assert_true(b->flag);
	assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
	assert_false(actor_bit(b));
}

/* The round is over before the thread that came for it looks again. */
static struct actor *leader;

static void until_it_is_over(void *arg)
{
	struct actor *b = arg;

	if (!actor_bit(b) || SHIM_GET(b->domain->gathering))
		return;
	points_off();
	actor_wait(leader);
	actor_do(leader, do_release);
}

static void do_late_checkpoint(struct actor *a)
{
	points_on(until_it_is_over, a);
	do_checkpoint(a);
	points_off();
}

static void checkpoint_tells_that_another_was_alone(void)
{
	rdv_domain *d = unit_domain();
	struct actor *b = actor_member(d, "b");

	leader = actor_member(d, "leader");
	assert_goes(leader, do_isolate, GATHERING);
	actor_do(b, do_late_checkpoint);
	assert_true(b->flag);
	assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
}

/* To be called while running; elsewhere it does nothing. */
static void checkpoint_elsewhere_does_nothing(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	uint32_t before;

	actor_do(b, do_now);
	actor_do(b, do_checkpoint);
	assert_false(b->flag);
	actor_do(a, do_isolate);
	before = actor_state(b);
	actor_do(b, do_checkpoint);
	assert_false(b->flag);
	assert_int_equal(actor_state(b), before);
	actor_do(a, do_checkpoint);
	assert_false(a->flag);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	actor_do(a, do_release);
}

static void check_till_end(bool from_harmless)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	if (from_harmless)
		actor_do(b, do_now);
	actor_do(b, do_till_end); /* nobody wants it */
	assert_int_not_equal(actor_state(b), RDV_STATE_RUNNING);
	if (!from_harmless)
		actor_do(b, do_end);
	actor_go(a, do_isolate);
	assert_where(a, from_harmless ? DONE : GATHERING);
	assert_goes(b, do_till_end, HELD);
	assert_where(a, DONE);
	shim_count_from_here();
	actor_do(a, do_release);
	assert_where(b, DONE);
	/* still harmless: the next one does not wait for it */
	assert_int_not_equal(actor_state(b), RDV_STATE_RUNNING);
	assert_does(a, do_isolate_try, 0);
	assert_int_equal(SHIM(waits), 0);
	actor_do(a, do_release);
	actor_do(b, do_end);
	assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
	assert_false(actor_bit(b));
	unit_clear();
}

static void till_end_returns_harmless(void)
{
	check_till_end(false);
	check_till_end(true);
}

/* ---------------------------------------------------------- in isolated sections */

static void g12_pairs_mean_nothing_when_alone(void)
{
	static actor_fn *const calls[] = {
		do_now,        do_end, do_now, do_till_end, do_end_try, do_end_until,
		do_checkpoint, do_end, do_now, do_now,      do_end_try,
	};
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	size_t i;

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	assert_goes(b, do_end, HELD);
	a->deadline = &unit_past;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		actor_do(a, calls[i]);
		assert_ret(a, 0);
		assert_false(a->flag);
		assert_true(rdv_isolated(a->self));
		assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
		assert_false(actor_bit(a));
		assert_where(b, HELD);
	}
	actor_do(a, do_release);
	assert_where(b, DONE);
	actor_go(b, do_isolate);
	assert_where(b, GATHERING); /* a runs */
	actor_do(a, do_now);
	assert_where(b, DONE);
}

/* ------------------------------------------------------------------- G2: ordering */

/* Written by running and by isolated threads, without any other synchronisation. */
static int plain;

static void do_write(struct actor *a)
{
	(void)a;
	plain++;
}

static void do_look_at_5(struct actor *a)
{
	CHECK(a, plain == 5);
}

/*
 * What b does is seen by a, and what a does by b, whichever way b comes back.  Mostly
 * for ThreadSanitizer; the test itself would order them if it waited for b, so what b
 * writes before it is harmless is told by nothing but its state.
 */
static void do_write_and_now(struct actor *a)
{
	plain = 4;
	do_now(a);
}

static void do_alone_write(struct actor *a)
{
	do_isolate(a);
	CHECK(a, plain == 4);
	plain++;
	do_release(a);
}

static void do_end_and_look(struct actor *a)
{
	do_end(a);
	CHECK(a, plain == 5);
}

static void do_checkpoint_and_look(struct actor *a)
{
	plain = 4;
	do_checkpoint(a);
	CHECK(a, plain == 5);
}

static void g2_isolated_writes_are_seen(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	/* b sleeps through it */
	actor_go(b, do_write_and_now);
	actor_go(a, do_alone_write);
	assert_where(b, DONE);
	assert_where(a, DONE);
	actor_do(b, do_end_and_look);
	/* b is held */
	actor_do(b, do_write_and_now);
	shim_stop_at(b->shim, SHIM_BEFORE_WAIT);
	actor_do(a, do_isolate);
	assert_goes(b, do_end_and_look, STOPPED);
	actor_do(a, do_write);
	shim_resume(b->shim);
	actor_do(a, do_release);
	assert_where(b, DONE);
	/* b comes by */
	actor_do(a, do_now);
	assert_goes(a, do_isolate, GATHERING);
	actor_go(b, do_checkpoint_and_look);
	assert_where(a, DONE);
	actor_do(a, do_write);
	actor_do(a, do_release);
	assert_where(b, DONE);
	actor_do(b, do_look_at_5);
}

/* -------------------------------------------------------------------- G4: silence */

enum { SLEEPERS = 8, ISOLATIONS = 500 };

static void do_many_isolations(struct actor *a)
{
	int i;

	for (i = 0; i < ISOLATIONS; i++) {
		do_isolate(a);
		do_release(a);
	}
}

/* Half of them fell asleep before anybody isolated, half were held first. */
static void g4_silence_sleepers_are_not_woken(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *s[SLEEPERS];
	unsigned long switches[SLEEPERS];
	int i;

	for (i = 0; i < SLEEPERS; i++) {
		s[i] = actor_member(d, "sleeper");
		if (i % 2) {
			actor_do(s[i], do_now);
			continue;
		}
		assert_goes(a, do_isolate, GATHERING);
		assert_goes(s[i], do_till_end, HELD);
		assert_where(a, DONE);
		actor_do(a, do_release);
		assert_where(s[i], DONE);
	}
	for (i = 0; i < SLEEPERS; i++)
		switches[i] = actor_switches_asleep(s[i]);
	shim_count_from_here();
	actor_do(a, do_many_isolations);
	for (i = 0; i < SLEEPERS; i++)
		assert_int_equal(unit_switches(s[i]->tid), switches[i]);
	assert_int_equal(SHIM(futex_calls), 0);
	if (!d->biased)
		assert_int_equal(SHIM(fences), 0);
	for (i = 0; i < SLEEPERS; i++)
		actor_do(s[i], do_end);
	assert_int_equal(SHIM(futex_calls), 0);
}

/* Isolators that wait for each other do not disturb them either. */
static void g4_silence_whoever_isolates(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c"), *s = actor_member(d, "sleeper");
	unsigned long switches;
	int i;

	actor_do(s, do_now);
	switches = actor_switches_asleep(s);
	for (i = 0; i < 50; i++) {
		assert_goes(a, do_isolate, GATHERING);
		assert_goes(b, do_isolate, QUEUED);
		actor_go(c, do_checkpoint);
		assert_where(a, DONE);
		actor_go(a, do_release);
		assert_where(b, DONE);
		actor_do(b, do_release);
		assert_where(c, DONE);
		assert_where(a, DONE);
	}
	assert_int_equal(unit_switches(s->tid), switches);
	assert_int_equal(s->shim->waits, 0);
}

static const struct unit_case cases[] = {
	UNIT(pairs_make_no_system_calls, BOTH),
	UNIT(pairs_do_not_nest, BOTH),
	UNIT(end_waits_for_the_round, ALL),
	UNIT(g3_the_round_ends_before_it_sleeps, STEADY),
	UNIT(g3_the_next_round_begins_before_it_looks, BOTH),
	UNIT(end_try_does_not_wait, BOTH),
	UNIT(end_until_refuses_malformed_deadlines, BOTH),
	UNIT(end_until_looks_once_if_it_is_late, ALL),
	UNIT(end_until_times_out_harmless, ALL),
	UNIT(end_until_takes_what_it_gets, STEADY),
	UNIT(end_until_never_waits_for_ever, ALL),
	UNIT(checkpoint_lets_a_rendezvous_happen, ALL),
	UNIT(checkpoint_tells_that_another_was_alone, BOTH),
	UNIT(checkpoint_elsewhere_does_nothing, BOTH),
	UNIT(till_end_returns_harmless, ALL),
	UNIT(g12_pairs_mean_nothing_when_alone, BOTH),
	UNIT(g2_isolated_writes_are_seen, STEADY),
	UNIT(g4_silence_sleepers_are_not_woken, STEADY),
	UNIT(g4_silence_whoever_isolates, ALL),
};

UNIT_MAIN("harmless", cases)
