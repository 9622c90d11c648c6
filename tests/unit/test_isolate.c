/* SPDX-License-Identifier: MIT */
/*
 * Isolation: alone (G1), woken once (P10), failing without a trace (G8), nested
 * (G12).
 */
#include "unit.h"
#include "clock.h"

/* ---------------------------------------------------------------- G1: exclusion */

/* The ways in which a running thread lets the leader have its way. */
static void g1_everybody_is_waited_for(void)
{
	static actor_fn *const ways[] = {
		do_now,        do_till_end, do_checkpoint,
		do_unregister, do_isolate,  do_pthread_exit,
	};
	enum { WAYS = sizeof(ways) / sizeof(ways[0]) };
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b[WAYS];
	int i;

	for (i = 0; i < WAYS; i++)
		b[i] = actor_member(d, "b");
	actor_go(a, do_isolate);
	for (i = 0; i < WAYS; i++) {
		assert_where(a, GATHERING);
		actor_go(b[i], ways[i]);
		if (ways[i] == do_pthread_exit)
			actor_join(b[i]);
	}
	assert_where(a, DONE);
	assert_true(rdv_isolated(a->self));
	assert_where(b[0], DONE);
	assert_where(b[1], HELD);
	assert_where(b[2], HELD);
	assert_where(b[4], QUEUED);
	assert_goes(b[0], do_end, HELD);
	actor_go(a, do_release);
	assert_where(b[4], DONE);
	assert_true(rdv_isolated(b[4]->self));
	for (i = 0; i < 3; i++)
		assert_where(b[i], HELD);
	actor_do(b[4], do_release);
	assert_where(a, DONE);
}

/* The last one to become harmless meets the leader on its way to sleep. */
static void g3_the_last_one_is_harmless_before_it_sleeps(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	shim_stop_at(a->shim, SHIM_BEFORE_WAIT);
	assert_goes(a, do_isolate, STOPPED);
	actor_do(b, do_now);
	shim_resume(a->shim);
	assert_where(a, DONE);
	actor_do(a, do_release);
}

/* ... the predecessor meets a queued one: both it and others of the same word. */
static void g3_the_token_comes_before_it_sleeps(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(b, do_now);
	actor_do(c, do_now);
	actor_do(a, do_isolate);
	shim_stop_at(b->shim, SHIM_BEFORE_WAIT);
	shim_stop_at(c->shim, SHIM_BEFORE_WAIT);
	assert_goes(b, do_isolate, STOPPED);
	assert_goes(c, do_isolate, STOPPED);
	assert_goes(a, do_release, HELD);
	shim_resume(c->shim);
	assert_where(c, QUEUED);
	shim_resume(b->shim);
	assert_where(b, DONE);
	actor_go(b, do_release);
	assert_where(c, DONE);
	actor_do(c, do_release);
	assert_where(a, DONE);
	assert_where(b, DONE);
}

/* One that has gone back to sleep, harmless, is not what the leader waits for. */
static void leaving_in_vain_does_not_end_the_gathering(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	assert_goes(a, do_isolate, GATHERING);
	actor_do(b, do_now);
	assert_does(b, do_end_try, -EBUSY);
	assert_goes(b, do_end, HELD);
	assert_where(a, GATHERING);
	actor_do(c, do_now);
	assert_where(a, DONE);
	assert_where(b, HELD);
	actor_do(a, do_release);
	assert_where(b, DONE);
}

/* ----------------------------------------------------------------- what it costs */

static void alone_in_the_domain_costs_nothing(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");

	shim_count_from_here();
	actor_do(a, do_isolate);
	assert_true(rdv_isolated(a->self));
	actor_do(a, do_release);
	assert_false(rdv_isolated(a->self));
	assert_does(a, do_isolate_try, 0);
	actor_do(a, do_release);
	assert_int_equal(SHIM(futex_calls), 0);
	assert_int_equal(SHIM(fences), 0);
}

static void check_gathering(struct actor *a, struct actor **b, int n, int step)
{
	int i;

	shim_count_from_here();
	SHIM_SET(a->shim->waits, 0);
	actor_go(a, do_isolate);
	for (i = 0; i < n; i++) {
		assert_where(a, GATHERING);
		actor_do(b[i * step % n], do_now);
	}
	assert_where(a, DONE);
	assert_int_equal(SHIM_GET(a->shim->waits), 1);
	assert_int_equal(SHIM(waits), 1);
	assert_int_equal(SHIM(wakes), 1);
	assert_int_equal(SHIM(woken), 1);
	assert_int_equal(SHIM(fences), a->domain->biased);
	actor_do(a, do_release);
	for (i = 0; i < n; i++)
		actor_do(b[i], do_end);
	assert_int_equal(SHIM(futex_calls), 2);
}

/* Whatever the order in which they become harmless: one sleep, one wake-up. */
static void p10_gathering_sleeps_once(void)
{
	static const int steps[] = {1, 69, 31, 33};
	rdv_domain_attr attr = unit_attr();
	struct actor *a, *b[70];
	rdv_domain *d;
	int i;

	attr.max_threads = 71;
	d = unit_domain_attr(&attr);
	a = actor_member(d, "a");
	for (i = 0; i < 70; i++)
		b[i] = actor_member(d, "b");
	for (i = 0; i < 4; i++)
		check_gathering(a, b, 70, steps[i]);
}

/* The successor is woken, and nobody else; it need not gather again. */
static void p10_the_token_wakes_one(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a[5], *h = actor_member(d, "held");
	int i;

	for (i = 0; i < 5; i++)
		a[i] = actor_member(d, "a");
	actor_do(h, do_now);
	for (i = 1; i < 5; i++)
		actor_do(a[i], do_now);
	actor_do(a[0], do_isolate);
	actor_go(h, do_end);
	for (i = 1; i < 5; i++)
		assert_goes(a[i], do_isolate, QUEUED);
	for (i = 0; i < 4; i++) {
		shim_count_from_here();
		assert_goes(a[i], do_release, HELD);
		assert_where(a[i + 1], DONE);
		assert_int_equal(SHIM(wakes), 1);
		assert_int_equal(SHIM(woken), 1);
		assert_int_equal(SHIM(waits), 1); /* the one that is held now */
		assert_int_equal(SHIM(fences), 0);
	}
	actor_do(a[4], do_release);
	for (i = 0; i < 5; i++) {
		assert_where(a[i], DONE);
		actor_stop(a[i]);
	}
	assert_where(h, DONE);
}

/* -------------------------------------------------------------------------- try */

static void try_never_waits(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");
	struct unit_words words;

	/* others run */
	words = unit_words(d);
	assert_does(a, do_isolate_try, -EBUSY);
	unit_same_words(&words, d);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	assert_false(rdv_isolated(a->self));
	/* harmless */
	actor_do(b, do_now);
	assert_does(b, do_isolate_try, -EBUSY);
	actor_do(b, do_end);
	/* somebody gathers, somebody is isolated */
	assert_goes(b, do_isolate, GATHERING);
	words = unit_words(d);
	assert_does(a, do_isolate_try, -EBUSY);
	unit_same_words(&words, d);
	assert_where(b, GATHERING);
	actor_do(c, do_now);
	assert_does(c, do_isolate_try, -EBUSY);
	actor_do(a, do_now);
	assert_where(b, DONE);
	assert_does(c, do_isolate_try, -EBUSY);
	actor_do(b, do_release);
	assert_does(b, do_isolate_try, 0);
	assert_true(rdv_isolated(b->self));
	actor_do(b, do_release);
}

/* For other languages, which do not have the macros. */
static void try_and_until_have_addresses(void)
{
	int (*try)(rdv_thread * self) = rdv_isolate_try;
	int (*until)(rdv_thread * self, const struct timespec *deadline) =
		rdv_isolate_until;
	rdv_domain *d = unit_domain();
	rdv_thread *self;

	assert_int_equal(rdv_thread_register(d, NULL, &self), 0);
	assert_int_equal(try(self), 0);
	assert_int_equal(until(self, &unit_far), 0);
	rdv_release(self);
	assert_true(rdv_isolated(self));
	rdv_release(self);
	assert_false(rdv_isolated(self));
	rdv_thread_unregister(self);
}

/* Of all that it does it waits for nothing, and it wakes nobody who need not know. */
static void g8_try_leaves_no_trace(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *s = actor_member(d, "sleeper");
	struct unit_words words;
	int i;

	actor_do(s, do_now);
	actor_do(a, do_isolate_try); /* parks the sleeper */
	assert_ret(a, -EBUSY);
	words = unit_words(d);
	shim_count_from_here();
	for (i = 0; i < 100; i++) {
		assert_does(a, do_isolate_try, -EBUSY);
		unit_same_words(&words, d);
	}
	assert_int_equal(SHIM(futex_calls), 0);
	actor_do(b, do_checkpoint);
	assert_false(b->flag);
	actor_do(s, do_end);
}

/* -------------------------------------------------------------------- deadlines */

static void until_refuses_malformed_deadlines(void)
{
	static const struct timespec malformed[] = {
		{.tv_sec = 1, .tv_nsec = -1},
		{.tv_sec = 1, .tv_nsec = 1000000000},
		{.tv_sec = -1, .tv_nsec = 1000000000},
	};
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");
	struct unit_words words = unit_words(d);
	int i;

	for (i = 0; i < 3; i++) {
		a->deadline = &malformed[i];
		assert_does(a, do_isolate_until, -EINVAL);
		assert_false(rdv_isolated(a->self));
		unit_same_words(&words, d);
		actor_do(a, do_isolate);
		actor_do(a, do_isolate_until);
		assert_ret(a, -EINVAL); /* also where it would nest */
		actor_do(a, do_release);
		assert_false(rdv_isolated(a->self));
	}
}

static void until_does_not_wait_if_it_is_late(void)
{
	static const struct timespec *const late[] = {&unit_past, &unit_negative};
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct unit_words words;
	int i;

	for (i = 0; i < 2; i++) {
		a->deadline = late[i];
		words = unit_words(d);
		shim_count_from_here();
		assert_does(a, do_isolate_until, -ETIMEDOUT);
		assert_int_equal(SHIM(futex_calls), 0);
		unit_same_words(&words, d);
		assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
		actor_do(b, do_checkpoint);
		assert_false(b->flag);
		/* nothing to wait for */
		actor_do(b, do_now);
		assert_does(a, do_isolate_until, 0);
		actor_do(a, do_release);
		actor_do(b, do_end);
	}
}

/* The round of another is on: it cannot run before that is over. */
static void until_returns_when_it_may_run(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	assert_goes(a, do_isolate, GATHERING);
	b->deadline = &unit_past;
	assert_goes(b, do_isolate_until, HELD);
	assert_false(actor_wants(b));
	assert_where(a, DONE);
	actor_do(a, do_release);
	assert_done(b, -ETIMEDOUT);
	assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
	assert_false(rdv_isolated(b->self));
}

static void until_succeeds_in_time(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	a->deadline = &unit_far;
	b->deadline = NULL;
	assert_goes(a, do_isolate_until, GATHERING);
	assert_goes(b, do_isolate_until, QUEUED);
	assert_done(a, 0);
	actor_go(a, do_release);
	assert_done(b, 0);
	actor_do(b, do_release);
	assert_where(a, DONE);
}

/* ------------------------------------------------- G8: no trace, at every stage */

static void g8_no_trace_of_a_queued_one(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");
	struct unit_words words = unit_words(d);

	actor_do(b, do_now);
	actor_do(c, do_now);
	actor_do(a, do_isolate);
	b->deadline = &unit_far;
	assert_goes(b, do_isolate_until, QUEUED);
	assert_goes(c, do_isolate, QUEUED);
	actor_expire(b);
	assert_where(b, HELD);
	assert_false(actor_wants(b));
	actor_go(a, do_release);
	assert_where(c, DONE);
	assert_where(b, HELD);
	actor_do(c, do_release);
	assert_done(b, -ETIMEDOUT);
	assert_where(a, DONE);
	unit_same_words(&words, d);
	/* the same when it was the only one: the round ends in one step again */
	actor_do(b, do_now);
	actor_do(c, do_now);
	actor_do(a, do_isolate);
	assert_goes(b, do_isolate_until, QUEUED);
	actor_expire(b);
	assert_where(b, HELD);
	actor_do(a, do_release);
	assert_done(b, -ETIMEDOUT);
	actor_do(c, do_end);
	unit_same_words(&words, d);
}

static void g8_no_trace_of_a_leader(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");
	struct unit_words words = unit_words(d);

	actor_do(c, do_now);
	a->deadline = &unit_far;
	assert_goes(a, do_isolate_until, GATHERING);
	actor_go(c, do_end); /* held for it, and no longer than it */
	assert_where(c, HELD);
	actor_expire(a);
	assert_done(a, -ETIMEDOUT);
	assert_where(c, DONE);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	unit_same_words(&words, d);
	actor_do(b, do_checkpoint);
	assert_false(b->flag);
}

/* The leader gives up with others behind it, who must gather for themselves. */
static void g8_a_leader_passes_the_token_on(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	a->deadline = &unit_far;
	assert_goes(a, do_isolate_until, GATHERING);
	assert_goes(c, do_isolate, QUEUED);
	assert_where(a, GATHERING);
	actor_expire(a);
	assert_done(a, -ETIMEDOUT);
	assert_where(c, GATHERING);
	actor_do(b, do_now);
	assert_where(c, GATHERING); /* a runs */
	assert_goes(a, do_checkpoint, HELD);
	assert_where(c, DONE);
	actor_do(c, do_release);
	assert_where(a, DONE);
}

/* The deadline passes, the last one becomes harmless, the leader finds out. */
static void g8_a_leader_takes_what_it_gets(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	a->deadline = &unit_far;
	shim_stop_at(a->shim, SHIM_AFTER_WAIT);
	assert_goes(a, do_isolate_until, GATHERING);
	actor_expire(a);
	assert_where(a, STOPPED);
	actor_do(b, do_now);
	shim_resume(a->shim);
	assert_done(a, 0);
	actor_do(a, do_release);
}

/* The deadline passes, the token arrives, the queued one finds out: accepts it. */
static void g8_a_queued_one_takes_what_it_gets(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct unit_words words = unit_words(d);

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	b->deadline = &unit_far;
	shim_stop_at(b->shim, SHIM_AFTER_WAIT);
	assert_goes(b, do_isolate_until, QUEUED);
	actor_expire(b);
	assert_where(b, STOPPED);
	assert_goes(a, do_release, HELD);
	shim_resume(b->shim);
	assert_done(b, 0);
	assert_true(rdv_isolated(b->self));
	assert_int_equal(d->ctl & RDV_CTL_OWNER, rdv_ctl_name(member(b)));
	actor_do(b, do_release);
	assert_where(a, DONE);
	unit_same_words(&words, d);
}

/* ... from a leader who gave up: it is too late for it to gather, so it passes on. */
static void g8_a_late_successor_passes_the_token_on(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");
	struct unit_words words = unit_words(d);

	a->deadline = b->deadline = &unit_far;
	assert_goes(a, do_isolate_until, GATHERING);
	shim_stop_at(b->shim, SHIM_AFTER_WAIT);
	assert_goes(b, do_isolate_until, QUEUED);
	actor_expire(b);
	assert_where(b, STOPPED);
	actor_expire(a);
	assert_done(a, -ETIMEDOUT); /* b has the token */
	assert_false(actor_wants(b));
	shim_return(b->shim, -ETIMEDOUT, 1);
	shim_resume(b->shim);
	assert_done(b, -ETIMEDOUT);
	unit_same_words(&words, d);
	actor_do(c, do_checkpoint);
	assert_false(c->flag);
}

/* ------------------------------------------------------------------ G12: nesting */

/* Asked by somebody who is no member. */
static void others_can_ask_who_is_isolated_and_who_harmless(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	assert_int_equal(rdv_domain_isolated(d), -1);
	assert_false(rdv_thread_harmless(d, 0));
	assert_true(rdv_thread_harmless(d, 3)); /* there is none */
	assert_true(rdv_thread_harmless(d, 64));
	assert_true(rdv_thread_harmless(d, UINT32_MAX));
	actor_do(c, do_now);
	assert_true(rdv_thread_harmless(d, 2));
	assert_goes(b, do_isolate, GATHERING); /* it runs, to be alone */
	assert_int_equal(rdv_domain_isolated(d), -1);
	assert_false(rdv_thread_harmless(d, 1));
	assert_false(rdv_thread_harmless(d, 0));
	actor_go(a, do_isolate);
	assert_where(a, QUEUED);
	assert_where(b, DONE);
	assert_int_equal(rdv_domain_isolated(d), 1);
	assert_true(rdv_thread_harmless(d, 0));
	assert_false(rdv_thread_harmless(d, 1));
	actor_go(b, do_release);
	assert_where(b, HELD);
	assert_where(a, DONE);
	assert_int_equal(rdv_domain_isolated(d), 0);
	assert_true(rdv_thread_harmless(d, 1));
	actor_do(a, do_release);
	actor_wait(b);
	assert_int_equal(rdv_domain_isolated(d), -1);
	assert_false(rdv_thread_harmless(d, 1));
	actor_stop(b);
	assert_true(rdv_thread_harmless(d, 1));
}

static void a_deadline_is_so_far_from_now(void)
{
	struct timespec t;

	SHIM_SET(shim.clock_ns, 1999999999);
	t = rdv_deadline(0);
	assert_true(t.tv_sec == 1 && t.tv_nsec == 999999999);
	t = rdv_deadline(1);
	assert_true(t.tv_sec == 2 && t.tv_nsec == 0);
	t = rdv_deadline(3000000000);
	assert_true(t.tv_sec == 4 && t.tv_nsec == 999999999);
	t = rdv_deadline(UINT64_MAX - 1);
	assert_true(t.tv_sec > 1000000000 && t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
	t = rdv_deadline(UINT64_MAX);
	assert_true(t.tv_sec > 0 && t.tv_sec + (uint64_t)1 > INT32_MAX);
	assert_int_equal(t.tv_nsec, 999999999);
	SHIM_SET(shim.clock_ns, 0);
	t = rdv_deadline(0);
	assert_true(rdv_deadline_passed(&t));
}

static void g12_isolation_nests(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	int i;

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	assert_goes(b, do_end, HELD);
	shim_count_from_here();
	actor_do(a, do_isolate);
	assert_does(a, do_isolate_try, 0);
	a->deadline = &unit_past;
	assert_does(a, do_isolate_until, 0);
	for (i = 0; i < 3; i++) {
		actor_do(a, do_release);
		assert_true(rdv_isolated(a->self));
		assert_where(b, HELD);
	}
	assert_int_equal(SHIM(futex_calls), 0);
	actor_do(a, do_release);
	assert_false(rdv_isolated(a->self));
	assert_where(b, DONE);
}

/* A nested release does not hand over, although somebody is queued. */
static void g12_a_nested_release_keeps_the_token(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	actor_do(a, do_isolate);
	assert_goes(b, do_isolate, QUEUED);
	actor_do(a, do_release);
	assert_where(b, QUEUED);
	actor_go(a, do_release);
	assert_where(b, DONE);
	assert_where(a, HELD);
	actor_do(b, do_release);
	assert_where(a, DONE);
}

#ifndef RDV_DEBUG
static void release_by_another_does_nothing(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct unit_words words;

	words = unit_words(d);
	actor_do(a, do_release);
	unit_same_words(&words, d);
	actor_do(b, do_now);
	actor_do(a, do_isolate);
	words = unit_words(d);
	actor_do(b, do_release);
	unit_same_words(&words, d);
	assert_goes(b, do_end, HELD);
	actor_do(a, do_release);
	assert_where(b, DONE);
}
#endif

/* ------------------------------------------------------------------ and the rest */

static void check_isolating_harmless(actor_fn *isolate)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	actor_do(a, do_now);
	actor_do(a, isolate);
	assert_true(rdv_isolated(a->self));
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	assert_false(actor_bit(a));
	actor_do(a, do_release);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	assert_goes(b, do_isolate, GATHERING);
	actor_do(a, do_now);
	assert_where(b, DONE);
	/* also if it has to wait for it, and in vain */
	a->deadline = &unit_past;
	assert_goes(a, do_isolate_until, HELD);
	actor_do(b, do_release);
	assert_done(a, -ETIMEDOUT);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	assert_false(actor_bit(a));
	unit_clear();
}

static void isolating_ends_harmlessness(void)
{
	check_isolating_harmless(do_isolate);
	check_isolating_harmless(do_isolate_until);
}

/* More isolators than the machine has processors, with one word of data. */
enum { CROWD = 12, TURNS = 200 };

static unsigned long canary;

static void do_many(struct actor *a)
{
	unsigned long before;
	int i;

	for (i = 0; i < TURNS; i++) {
		rdv_isolate(a->self);
		before = canary;
		canary = before + 1;
		rdv_release(a->self);
	}
	rdv_harmless_now(a->self);
}

static void g1_a_crowd_of_isolators(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a[CROWD];
	int i;

	canary = 0;
	for (i = 0; i < CROWD; i++)
		a[i] = actor_member(d, "a");
	for (i = 0; i < CROWD; i++)
		actor_go(a[i], do_many);
	for (i = 0; i < CROWD; i++)
		actor_wait(a[i]);
	assert_int_equal(canary, CROWD * TURNS);
}

static const struct unit_case cases[] = {
	UNIT(g1_everybody_is_waited_for, ALL),
	UNIT(g3_the_last_one_is_harmless_before_it_sleeps, STEADY),
	UNIT(g3_the_token_comes_before_it_sleeps, BOTH),
	UNIT(leaving_in_vain_does_not_end_the_gathering, ALL),
	UNIT(alone_in_the_domain_costs_nothing, BOTH),
	UNIT(p10_gathering_sleeps_once, BOTH),
	UNIT(p10_the_token_wakes_one, BOTH),
	UNIT(try_never_waits, ALL),
	UNIT(try_and_until_have_addresses, ONLY_PLAIN),
	UNIT(g8_try_leaves_no_trace, BOTH),
	UNIT(until_refuses_malformed_deadlines, BOTH),
	UNIT(until_does_not_wait_if_it_is_late, ALL),
	UNIT(until_returns_when_it_may_run, ALL),
	UNIT(until_succeeds_in_time, ALL),
	UNIT(g8_no_trace_of_a_queued_one, ALL),
	UNIT(g8_no_trace_of_a_leader, ALL),
	UNIT(g8_a_leader_passes_the_token_on, ALL),
	UNIT(g8_a_leader_takes_what_it_gets, STEADY),
	UNIT(g8_a_queued_one_takes_what_it_gets, STEADY),
	UNIT(g8_a_late_successor_passes_the_token_on, STEADY),
	UNIT(others_can_ask_who_is_isolated_and_who_harmless, BOTH),
	UNIT(a_deadline_is_so_far_from_now, ONLY_PLAIN),
	UNIT(g12_isolation_nests, BOTH),
	UNIT(g12_a_nested_release_keeps_the_token, ALL),
#ifndef RDV_DEBUG
	UNIT(release_by_another_does_nothing, BOTH),
#endif
	UNIT(isolating_ends_harmlessness, ALL),
	UNIT(g1_a_crowd_of_isolators, ALL),
};

UNIT_MAIN("isolate", cases)
