/* SPDX-License-Identifier: MIT */
/*
 * One thread kept harmless (G14), and each in turn: who stays, who goes on, and what is left.
 */
#include "unit.h"

#include "clock.h"

#include <sched.h>
#include <sys/wait.h>

static void *of(const struct actor *b)
{
	return (void *)(uintptr_t)rdv_thread_id(b->self);
}

static unsigned id_in(const struct actor *a)
{
	return (unsigned)(uintptr_t)a->arg;
}

static void do_keep(struct actor *a)
{
	CALL(a, a->ret = rdv_keep(a->self, id_in(a)));
}

static void do_keep_try(struct actor *a)
{
	CALL(a, a->ret = rdv_keep_try(a->self, id_in(a)));
}

static void do_keep_until(struct actor *a)
{
	CALL(a, a->ret = rdv_keep_until(a->self, id_in(a), a->deadline));
}

static void do_let_go(struct actor *a)
{
	CALL(a, rdv_let_go(a->self));
}

/* a wants to keep b. */
static void assert_keeps(struct actor *a, const struct actor *b, int ret)
{
	a->arg = of(b);
	assert_does(a, do_keep, ret);
}

static void assert_waits_for(struct actor *a, const struct actor *b)
{
	a->arg = of(b);
	assert_goes(a, do_keep, KEEPING);
}

static void assert_tries(struct actor *a, const struct actor *b, int ret)
{
	a->arg = of(b);
	assert_does(a, do_keep_try, ret);
}

/* --------------------------------------------------------------------- who stays */

static void g14_waits_for_a_harmless_point(void)
{
	static actor_fn *const ways[] = {do_now, do_checkpoint, do_till_end};
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	unsigned i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		assert_waits_for(a, b);
		actor_go(b, ways[i]);
		assert_done(a, 0);
		assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
		assert_int_not_equal(actor_state(b), RDV_STATE_RUNNING);
		if (ways[i] != do_checkpoint)
			assert_goes(b, do_end, STAYING);
		assert_where(b, STAYING);
		actor_do(a, do_let_go);
		assert_where(b, DONE);
		assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
		assert_true(ways[i] != do_checkpoint || b->flag);
	}
}

/* It is not woken and not written to; nobody asks the kernel for anything. */
static void g4_the_harmless_sleep_on(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	unsigned long switches;
	int i;

	actor_do(b, do_now);
	switches = actor_switches_asleep(b);
	shim_count_from_here();
	for (i = 0; i < 10; i++) {
		assert_keeps(a, b, 0);
		actor_do(a, do_let_go);
		assert_tries(a, b, 0);
		actor_do(a, do_let_go);
	}
	assert_int_equal(SHIM(futex_calls), 0);
	assert_int_equal(SHIM(fences), d->biased ? 20 : 0);
	assert_int_equal(actor_state(b), RDV_STATE_HARMLESS);
	assert_int_equal(actor_switches_asleep(b), switches);
	actor_do(b, do_end);
}

static void g14_the_others_go_on(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(b, do_now);
	assert_keeps(a, b, 0);
	actor_do(c, do_now);
	assert_int_equal(actor_state(c), RDV_STATE_HARMLESS);
	assert_false(actor_bit(c));
	actor_do(c, do_end);
	actor_do(c, do_checkpoint);
	assert_false(c->flag);
	actor_do(a, do_now);
	actor_do(a, do_end);
	assert_goes(b, do_end, STAYING);
	actor_do(a, do_let_go);
	assert_where(b, DONE);
	assert_int_equal(d->ctl % RDV_CTL_ROUND, 0);
}

/* The claim is given back before the thread sleeps: the kernel compares. */
static void g3_let_go_before_it_sleeps(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	assert_keeps(a, b, 0);
	shim_stop_at(b->shim, SHIM_BEFORE_WAIT);
	assert_goes(b, do_end, STOPPED);
	actor_do(a, do_let_go);
	shim_resume(b->shim);
	assert_where(b, DONE);
}

static void g3_harmless_before_the_keeper_sleeps(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	a->arg = of(b);
	shim_stop_at(a->shim, SHIM_BEFORE_WAIT);
	assert_goes(a, do_keep, STOPPED);
	actor_go(b, do_checkpoint);
	shim_resume(a->shim);
	assert_done(a, 0);
	assert_where(b, STAYING);
	actor_do(a, do_let_go);
	assert_where(b, DONE);
}

static void the_kept_may_give_up(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	assert_keeps(a, b, 0);
	assert_does(b, do_end_try, -EBUSY);
	b->deadline = &unit_past;
	assert_does(b, do_end_until, -ETIMEDOUT);
	b->deadline = &unit_far;
	assert_goes(b, do_end_until, STAYING);
	actor_expire(b);
	assert_done(b, -ETIMEDOUT);
	assert_int_equal(actor_state(b), RDV_STATE_PARKED);
	assert_goes(b, do_end_until, STAYING);
	actor_do(a, do_let_go);
	assert_done(b, 0);
	actor_do(b, do_now);
	assert_does(b, do_end_try, 0);
}

/* ----------------------------------------------------------------------- several */

static void g14_one_keeper_at_a_time(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(b, do_now);
	assert_keeps(a, b, 0);
	assert_tries(c, b, -EBUSY);
	assert_waits_for(c, b);
	actor_do(a, do_let_go);
	assert_done(c, 0);
	assert_goes(b, do_end, STAYING);
	actor_do(c, do_let_go);
	assert_where(b, DONE);
}

/* Each of the two is harmless while it waits.  The one that has claimed first is first. */
static void g14_two_that_keep_each_other(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	assert_waits_for(a, b);
	a->arg = of(b);
	b->arg = of(a);
	actor_go(b, do_keep);
	assert_done(a, 0);
	assert_where(b, KEEPING);
	actor_do(a, do_let_go);
	assert_where(b, KEEPING); /* a is running */
	actor_go(a, do_checkpoint);
	assert_done(b, 0);
	assert_where(a, STAYING);
	actor_do(b, do_let_go);
	assert_where(a, DONE);
}

static void g14_a_circle_of_keepers(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	assert_waits_for(a, b);
	b->arg = of(c);
	actor_go(b, do_keep);
	assert_done(a, 0); /* it keeps b, which has claimed c */
	c->arg = of(a);
	actor_go(c, do_keep);
	assert_where(b, STAYING); /* c is kept for it */
	assert_where(c, KEEPING);
	actor_do(a, do_let_go);
	assert_done(b, 0);
	actor_go(a, do_checkpoint); /* c has it claimed */
	assert_where(a, STAYING);
	assert_where(c, STAYING);
	actor_do(b, do_let_go);
	assert_done(c, 0);
	assert_where(a, STAYING);
	actor_do(c, do_let_go);
	assert_where(a, DONE);
}

/* A thread that keeps another cannot be kept. */
static void g14_a_keeper_is_not_kept(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(b, do_now);
	assert_keeps(a, b, 0);
	actor_do(a, do_now);
	assert_tries(c, a, -EBUSY);
	assert_waits_for(c, a);
	actor_do(a, do_end); /* it is not held */
	actor_do(a, do_now);
	actor_do(a, do_let_go);
	assert_done(c, 0);
	assert_goes(a, do_end, STAYING);
	actor_do(b, do_end);
	actor_do(c, do_let_go);
	assert_where(a, DONE);
}

/* -------------------------------------------------------------------------- rounds */

/* It does not even queue before it is let go. */
static void g14_the_kept_do_not_queue(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(b, do_now);
	assert_keeps(a, b, 0);
	assert_goes(b, do_isolate, STAYING);
	actor_do(a, do_now);
	actor_do(c, do_isolate);
	actor_do(c, do_release);
	assert_where(b, STAYING);
	actor_do(c, do_now);
	actor_do(a, do_let_go);
	assert_where(b, DONE);
	assert_true(rdv_isolated(b->self));
	actor_do(b, do_release);
	actor_do(a, do_end);
	actor_do(c, do_end);
}

/* The token comes to a kept thread, and goes on at once. */
static void g14_the_token_passes_the_kept_by(void)
{
	rdv_domain_attr attr = unit_attr();
	struct actor *a, *b, *c;
	rdv_domain *d;

	attr.patience_ns = 1000000000000; /* c opens the gate, and b takes the token */
	d = unit_domain_attr(&attr);
	d->turn_began = rdv_now_us();
	a = actor_member(d, "a");
	b = actor_member(d, "b");
	c = actor_member(d, "c");
	actor_do(a, do_now);
	actor_do(b, do_now);
	actor_do(c, do_isolate);
	assert_goes(a, do_end, HELD);
	assert_goes(b, do_isolate, QUEUED);
	shim_stop_at(b->shim, SHIM_AFTER_WAIT);
	actor_do(c, do_release);
	assert_where(a, DONE);
	assert_where(b, STOPPED);
	assert_keeps(a, b, 0);
	shim_resume(b->shim); /* it takes the token */
	assert_where(b, STAYING);
	assert_int_equal(d->ctl % RDV_CTL_ROUND, RDV_GATE_KEPT);
	actor_do(c, do_now);
	assert_does(a, do_isolate_try, 0);
	actor_do(a, do_release);
	actor_do(a, do_let_go);
	actor_do(a, do_now);
	assert_where(b, DONE);
	assert_true(rdv_isolated(b->self));
	actor_do(b, do_release);
	actor_do(a, do_end);
	actor_do(c, do_end);
}

/* No window is for a thread that is kept. */
static void g6_the_kept_are_not_held(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(a, do_now);
	actor_do(b, do_now);
	actor_do(c, do_isolate);
	assert_goes(a, do_end, HELD);
	assert_goes(b, do_end, HELD);
	shim_stop_at(b->shim, SHIM_AFTER_WAIT);
	actor_do(c, do_release);
	assert_where(a, DONE);
	assert_where(b, STOPPED);
	assert_keeps(a, b, 0);
	assert_int_equal(rdv_held_count(d->held), 1);
	shim_resume(b->shim);
	assert_where(b, STAYING);
	assert_int_equal(rdv_held_count(d->held), 0);
	actor_do(a, do_let_go);
	assert_where(b, DONE);
}

static void g14_a_keeper_may_isolate(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	assert_keeps(a, b, 0);
	actor_do(a, do_isolate);
	assert_goes(b, do_end, STAYING);
	actor_do(a, do_release);
	assert_where(b, STAYING);
	actor_do(a, do_isolate);
	actor_do(a, do_let_go);
	assert_where(b, HELD);
	actor_do(a, do_release);
	assert_where(b, DONE);
}

/* Harmless calls of an isolated thread are none. */
static void g14_the_isolated_run(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(a, do_now);
	actor_do(b, do_isolate);
	assert_goes(a, do_end, HELD);
	actor_do(b, do_release);
	assert_where(a, DONE);
	a->arg = of(b);
	assert_goes(a, do_keep, KEEPING);
	actor_do(b, do_isolate);
	actor_do(b, do_now);
	assert_where(a, KEEPING);
	actor_do(b, do_end);
	actor_do(b, do_release);
	assert_where(a, KEEPING);
	actor_go(b, do_checkpoint);
	assert_done(a, 0);
	assert_where(b, STAYING);
	actor_do(a, do_let_go);
	assert_where(b, DONE);
}

static void a_keeper_may_wait_for_a_grace_period(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	assert_keeps(a, b, 0);
	actor_do(a, do_synchronize);
	actor_do(a, do_let_go);
	actor_do(b, do_end);
}

/* --------------------------------------------------------------------- try and until */

static void g8_try_and_until_leave_no_trace(void)
{
	static const struct timespec malformed = {.tv_sec = 1, .tv_nsec = 1000000000};
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct unit_words before = unit_words(d);

	shim_count_from_here();
	assert_tries(a, b, -EBUSY);
	unit_same_words(&before, d);
	a->deadline = &malformed;
	assert_does(a, do_keep_until, -EINVAL);
	unit_same_words(&before, d);
	assert_int_equal(SHIM(futex_calls), 0);
	a->deadline = &unit_past;
	assert_does(a, do_keep_until, -ETIMEDOUT);
	a->deadline = &unit_negative;
	assert_does(a, do_keep_until, -ETIMEDOUT);
	a->deadline = &unit_far;
	assert_goes(a, do_keep_until, KEEPING);
	actor_expire(a);
	assert_done(a, -ETIMEDOUT);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	unit_same_words(&before, d);
	actor_do(b, do_checkpoint);
	assert_false(b->flag);
	assert_goes(a, do_keep_until, KEEPING);
	actor_go(b, do_checkpoint);
	assert_done(a, 0);
	actor_do(a, do_let_go);
	assert_where(b, DONE);
}

/* Who was refused gives up, too. */
static void g8_until_while_another_keeps(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(b, do_now);
	assert_keeps(a, b, 0);
	c->arg = of(b);
	c->deadline = &unit_far;
	assert_goes(c, do_keep_until, KEEPING);
	actor_expire(c);
	assert_done(c, -ETIMEDOUT);
	shim_count_from_here();
	actor_do(a, do_let_go);
	assert_int_equal(SHIM(futex_calls), 0);
	actor_do(b, do_end);
}

static void each_bad_call_has_its_answer(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	a->arg = of(a);
	assert_does(a, do_keep, -EDEADLK);
	assert_does(a, do_keep_try, -EDEADLK);
	a->arg = (void *)(uintptr_t)2;
	assert_does(a, do_keep, -ESRCH);
	a->arg = (void *)(uintptr_t)d->max_threads;
	assert_does(a, do_keep_try, -ESRCH);
	a->arg = (void *)(uintptr_t)UINT32_MAX;
	assert_does(a, do_keep, -ESRCH);
	a->arg = of(b);
	actor_do(a, do_now);
	assert_does(a, do_keep, -EPERM);
	actor_do(a, do_end);
	actor_do(a, do_isolate);
	assert_does(a, do_keep_try, -EPERM);
	actor_do(a, do_release);
#ifndef RDV_DEBUG
	actor_do(a, do_let_go);
	assert_keeps(a, b, 0);
	assert_does(a, do_keep, -EDEADLK);
	assert_does(a, do_keep_try, -EDEADLK);
	actor_do(a, do_let_go);
	actor_do(a, do_let_go);
#endif
	actor_do(b, do_end);
}

/* ----------------------------------------------------------------- coming and going */

static void do_keep_or_not(struct actor *a)
{
	do_keep(a);
	if (!a->ret)
		do_let_go(a);
	CHECK(a, a->ret == 0 || a->ret == -ESRCH);
}

static void g9_the_awaited_one_leaves(void)
{
	static actor_fn *const ways[] = {do_unregister, do_pthread_exit};
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b;
	unsigned i;

	for (i = 0; i < 2; i++) {
		b = actor_member(d, "b");
		a->arg = of(b);
		assert_goes(a, do_keep_or_not, KEEPING);
		actor_go(b, ways[i]);
		if (i)
			actor_join(b);
		else
			actor_stop(b);
		actor_wait(a);
		assert_does(a, do_keep, -ESRCH);
	}
}

/* It does not wait, and nobody gets its id. */
static void g9_the_kept_one_leaves(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b"), *c;
	unsigned id = rdv_thread_id(b->self);

	actor_do(b, do_now);
	assert_keeps(a, b, 0);
	actor_do(b, do_unregister);
	c = actor_member(d, "c");
	assert_int_not_equal(rdv_thread_id(c->self), id);
	actor_do(a, do_let_go);
	actor_do(b, do_register);
	assert_int_equal(rdv_thread_id(b->self), id);
}

/* A thread that wants the one that leaves waits no longer, although another keeps that one. */
static void g9_a_wanted_one_leaves(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(b, do_now);
	assert_keeps(a, b, 0);
	assert_waits_for(c, b);
	actor_do(b, do_unregister);
	assert_done(c, -ESRCH);
	actor_do(a, do_let_go);
}

/* Who is refused for the sake of a thread that leaves waits no longer. */
static void g9_a_wanted_keeper_leaves(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(b, do_now);
	assert_keeps(a, b, 0);
	assert_waits_for(c, a);
	actor_do(a, do_unregister);
	assert_done(c, -ESRCH);
	actor_do(b, do_end);
}

static void g9_a_keeper_that_ends_lets_go(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(b, do_now);
	assert_keeps(a, b, 0);
	assert_goes(b, do_end, STAYING);
	assert_waits_for(c, b);
	actor_go(a, do_pthread_exit);
	actor_join(a);
	if (actor_where(b) == DONE) /* it ran before c claimed it */
		actor_go(b, do_checkpoint);
	assert_done(c, 0);
	assert_where(b, STAYING);
	actor_do(c, do_unregister);
	assert_where(b, DONE);
}

/* A thread may be kept before it has ever run. */
static void g9_newcomers_may_be_kept(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_start(d, "c");

	actor_do(a, do_now);
	actor_do(b, do_isolate);
	assert_goes(c, do_register, HELD);
	shim_stop_at(c->shim, SHIM_AFTER_WAIT);
	actor_do(b, do_release);
	assert_where(c, STOPPED);
	actor_do(a, do_end);
	a->arg = (void *)(uintptr_t)2; /* as c, whose handle nobody knows yet */
	assert_does(a, do_keep, 0);
	shim_resume(c->shim);
	assert_where(c, STAYING);
	actor_do(a, do_let_go);
	assert_where(c, DONE);
	assert_int_equal(rdv_thread_id(c->self), 2);
}

/* -------------------------------------------------------------------- each in turn */

enum { MANY = 70 };

static struct {
	unsigned visits[MANY + 2], order[MANY + 2], n;
	struct actor *walker;
	void (*also)(unsigned id);
} walk;

static void visit(unsigned id, void *arg)
{
	struct actor *a = arg;
	const struct rdv_member *m = member(a);

	CHECK(a, id != m->id && id < MANY + 2);
	CHECK(a, actor_state(a) == RDV_STATE_RUNNING);
	CHECK(a,
	      m->depth || (rdv_load_sc(&m->domain->kept[id]) & RDV_KEPT_BY) == m->id + 1);
	/* it may have begun to run, and not seen yet that it must not */
	while (rdv_load_sc(&m->domain->member[id]->self.state) == RDV_STATE_RUNNING)
		sched_yield();
	walk.visits[id]++;
	walk.order[walk.n++] = id;
	if (walk.also)
		walk.also(id);
}

static void do_for_each(struct actor *a)
{
	CALL(a, a->ret = (int)rdv_for_each(a->self, visit, a));
}

static void begin_walk(struct actor *a)
{
	memset(&walk, 0, sizeof(walk));
	walk.walker = a;
}

static void each_once_in_the_order_of_harmless_points(void)
{
	rdv_domain_attr attr = unit_attr();
	struct actor *a, *b[MANY];
	rdv_domain *d;
	unsigned i, id;

	attr.max_threads = MANY + 1;
	d = unit_domain_attr(&attr);
	a = actor_member(d, "a");
	for (i = 0; i < MANY; i++)
		b[i] = actor_member(d, "b");
	actor_do(b[3], do_now);
	begin_walk(a);
	shim_count_from_here();
	assert_goes(a, do_for_each, KEEPING);
	assert_int_equal(SHIM_GET(walk.n), 1);
	actor_do(b[3], do_end); /* it had its turn */
	for (i = 0; i < MANY; i++) {
		id = i * 31 % MANY;
		if (id == 3)
			continue;
		assert_where(a, KEEPING);
		actor_do(b[id], do_checkpoint);
	}
	assert_done(a, MANY);
	assert_int_equal(walk.n, MANY);
	assert_int_equal(walk.order[0], rdv_thread_id(b[3]->self));
	for (i = 0; i < MANY; i++)
		assert_int_equal(walk.visits[rdv_thread_id(b[i]->self)], 1);
	assert_int_equal(walk.visits[rdv_thread_id(a->self)], 0);
	assert_int_equal(SHIM(fences), d->biased);
}

static void each_of_nobody(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");

	begin_walk(a);
	shim_count_from_here();
	assert_does(a, do_for_each, 0);
	assert_int_equal(walk.n, 0);
	assert_int_equal(SHIM(futex_calls), 0);
}

/* Two walks meet.  Each thread is visited by both, the walkers by each other. */
static void two_walk(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c"), *e = actor_member(d, "e");
	int i;

	begin_walk(a);
	assert_goes(a, do_for_each, KEEPING);
	actor_go(b, do_for_each); /* it is harmless: a visits it, and lets it go */
	assert_where(b, KEEPING);
	assert_where(a, KEEPING);
	assert_int_equal(SHIM_GET(walk.n), 1);
	/* for a, and then for b, which may come too late the first time */
	for (i = 0; i < 2; i++) {
		actor_go(c, do_checkpoint);
		assert_where(c, DONE);
		actor_go(e, do_checkpoint);
		assert_where(e, DONE);
		assert_where(b, KEEPING);
	}
	assert_done(a, 3);
	assert_where(b, KEEPING); /* a runs */
	actor_do(a, do_checkpoint);
	assert_done(b, 3);
	assert_int_equal(walk.visits[rdv_thread_id(a->self)], 1);
	assert_int_equal(walk.visits[rdv_thread_id(b->self)], 1);
	assert_int_equal(walk.visits[rdv_thread_id(c->self)], 2);
	assert_int_equal(walk.visits[rdv_thread_id(e->self)], 2);
}

static void those_that_leave_are_left_out(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	begin_walk(a);
	assert_goes(a, do_for_each, KEEPING);
	actor_do(c, do_checkpoint);
	actor_do(c, do_unregister);
	actor_do(c, do_register); /* a newcomer */
	assert_where(a, KEEPING);
	shim_stop_at(a->shim, SHIM_AFTER_WAIT);
	actor_go(b, do_unregister);
	assert_where(b, DONE);
	shim_resume(a->shim);
	assert_done(a, 1);
	assert_int_equal(walk.n, 1);
}

/* All others are harmless, whoever keeps them. */
static void an_isolated_thread_walks_at_once(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(c, do_now);
	assert_keeps(b, c, 0);
	actor_do(b, do_now);
	actor_do(a, do_isolate);
	begin_walk(a);
	shim_count_from_here();
	assert_does(a, do_for_each, 2);
	assert_int_equal(SHIM(futex_calls), 0);
	actor_do(a, do_release);
	actor_do(b, do_end);
	actor_do(b, do_let_go);
	actor_do(c, do_end);
}

static sem_t visited, go_on;

static void pause_there(unsigned id)
{
	(void)id;
	sem_post(&visited);
	sem_wait(&go_on);
}

/* A thread that is harmless may leave at any time. */
static void those_that_leave_an_isolated_walk_are_left_out(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	sem_init(&visited, 0, 0);
	sem_init(&go_on, 0, 0);
	actor_do(b, do_now);
	actor_do(c, do_now);
	actor_do(a, do_isolate);
	begin_walk(a);
	walk.also = pause_there;
	actor_go(a, do_for_each);
	sem_wait(&visited);
	actor_do(c, do_unregister);
	sem_post(&go_on);
	actor_wait(a);
	assert_ret(a, 1);
	assert_int_equal(walk.order[0], rdv_thread_id(b->self));
	actor_do(a, do_release);
	actor_do(b, do_end);
}

/* One whose bit is not in the first word of the masks. */
static void one_of_many_is_kept(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = NULL;
	int i;

	for (i = 0; i < 40; i++)
		b = actor_member(d, "b");
	actor_do(b, do_now);
	assert_keeps(a, b, 0);
	actor_do(a, do_let_go);
	actor_do(b, do_end);
}

#ifndef RDV_DEBUG
static void call_all(unsigned id)
{
	struct actor *a = walk.walker;

	CHECK(a, rdv_keep_try(a->self, id) == -EDEADLK);
	CHECK(a, rdv_keep(a->self, id) == -EDEADLK);
	CHECK(a, rdv_for_each(a->self, visit, a) == 0);
	rdv_let_go(a->self);
	CHECK(a, rdv_load_sc(&a->domain->kept[id]));
}

static void each_bad_walk_has_its_answer(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	begin_walk(a);
	walk.also = call_all;
	assert_does(a, do_for_each, 1);
	walk.also = NULL;
	actor_do(a, do_now);
	assert_does(a, do_for_each, 0);
	actor_do(a, do_end);
	assert_keeps(a, b, 0);
	assert_does(a, do_for_each, 0);
	actor_do(a, do_let_go);
	assert_int_equal(walk.n, 1);
	actor_do(b, do_end);
}
#endif

static void end_there(unsigned id)
{
	(void)id;
	pthread_exit(NULL);
}

static void g9_who_ends_in_a_walk_lets_go(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	begin_walk(a);
	walk.also = end_there;
	assert_goes(a, do_for_each, KEEPING);
	actor_go(b, do_checkpoint);
	actor_join(a);
	assert_where(b, DONE);
	actor_do(c, do_checkpoint);
	assert_int_equal(walk.n, 1);
}

/* --------------------------------------------------------------------------- fork */

static void go_on_in_the_child(void *arg)
{
	struct actor *b = arg;
	rdv_domain *d = b->domain;
	rdv_thread *self = rdv_thread_self(d);

	CHECK(NULL, d->ctl % RDV_CTL_ROUND == 0 && !d->claims);
	CHECK(NULL, !d->kept[member(b)->id]);
	rdv_let_go(self);
	CHECK(NULL, rdv_keep(self, member(b)->id) == -ESRCH);
	CHECK(NULL, rdv_for_each(self, visit, b) == 0);
	rdv_thread_unregister(self);
	CHECK(NULL, rdv_domain_destroy(d) == 0);
}

static void g10_the_child_keeps_nobody(void)
{
	rdv_domain *d = unit_domain();
	struct actor *b = actor_member(d, "b");
	rdv_thread *self;

	actor_do(b, do_now);
	assert_int_equal(rdv_thread_register(d, "main", &self), 0);
	assert_int_equal(rdv_keep(self, rdv_thread_id(b->self)), 0);
	assert_int_equal(unit_child(go_on_in_the_child, b), 0);
	assert_goes(b, do_end, STAYING);
	rdv_let_go(self);
	assert_where(b, DONE);
	rdv_thread_unregister(self);
}

static void run_in_the_child(void *arg)
{
	rdv_thread *self = rdv_thread_self(arg);

	rdv_harmless_end(self);
	CHECK(NULL, rdv_member_of(self)->self.state == RDV_STATE_RUNNING);
	rdv_thread_unregister(self);
	CHECK(NULL, rdv_domain_destroy(arg) == 0);
}

static void g10_nobody_keeps_the_child(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");
	rdv_thread *self;

	assert_int_equal(rdv_thread_register(d, "main", &self), 0);
	rdv_harmless_now(self);
	a->arg = (void *)(uintptr_t)rdv_thread_id(self);
	assert_does(a, do_keep, 0);
	assert_int_equal(unit_child(run_in_the_child, d), 0);
	actor_do(a, do_let_go);
	rdv_harmless_end(self);
	rdv_thread_unregister(self);
}

static const struct unit_case cases[] = {
	UNIT(g14_waits_for_a_harmless_point, ALL),
	UNIT(g4_the_harmless_sleep_on, BOTH),
	UNIT(g14_the_others_go_on, ALL),
	UNIT(g3_let_go_before_it_sleeps, BOTH),
	UNIT(g3_harmless_before_the_keeper_sleeps, BOTH),
	UNIT(the_kept_may_give_up, ALL),
	UNIT(g14_one_keeper_at_a_time, ALL),
	UNIT(g14_two_that_keep_each_other, ALL),
	UNIT(g14_a_circle_of_keepers, ALL),
	UNIT(g14_a_keeper_is_not_kept, ALL),
	UNIT(g14_the_kept_do_not_queue, ALL),
	UNIT(g14_the_token_passes_the_kept_by, BOTH),
	UNIT(g6_the_kept_are_not_held, BOTH),
	UNIT(g14_a_keeper_may_isolate, ALL),
	UNIT(g14_the_isolated_run, ALL),
	UNIT(a_keeper_may_wait_for_a_grace_period, ALL),
	UNIT(g8_try_and_until_leave_no_trace, BOTH),
	UNIT(g8_until_while_another_keeps, BOTH),
	UNIT(each_bad_call_has_its_answer, BOTH),
	UNIT(g9_the_awaited_one_leaves, ALL),
	UNIT(g9_the_kept_one_leaves, ALL),
	UNIT(g9_a_wanted_one_leaves, ALL),
	UNIT(g9_a_wanted_keeper_leaves, ALL),
	UNIT(g9_a_keeper_that_ends_lets_go, ALL),
	UNIT(g9_newcomers_may_be_kept, BOTH),
	UNIT(each_once_in_the_order_of_harmless_points, BOTH),
	UNIT(each_of_nobody, BOTH),
	UNIT(two_walk, ALL),
	UNIT(those_that_leave_are_left_out, BOTH),
	UNIT(an_isolated_thread_walks_at_once, BOTH),
	UNIT(those_that_leave_an_isolated_walk_are_left_out, BOTH),
	UNIT(one_of_many_is_kept, BOTH),
#ifndef RDV_DEBUG
	UNIT(each_bad_walk_has_its_answer, BOTH),
#endif
	UNIT(g9_who_ends_in_a_walk_lets_go, BOTH),
	UNIT(g10_the_child_keeps_nobody, BOTH),
	UNIT(g10_nobody_keeps_the_child, BOTH),
};

UNIT_MAIN("keep", cases)
