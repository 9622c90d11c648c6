/* SPDX-License-Identifier: MIT */
/*
 * Rounds (G5), who comes next and who may begin (G6), and how the held are woken.
 *
 * The clock is the test's own, so patience runs out when it says so.
 */
#include "unit.h"

#include <sched.h>

enum { US = 1000, MS = 1000 * US };

static const uint64_t noon = UINT64_C(43200000000000);

static void clock_set(uint64_t ns)
{
	SHIM_SET(shim.clock_ns, ns);
}

static void clock_pass(uint64_t ns)
{
	clock_set(SHIM_GET(shim.clock_ns) + ns);
}

static rdv_domain *domain_of_patience(uint64_t ns)
{
	rdv_domain_attr attr = unit_attr();

	attr.patience_ns = ns;
	return unit_domain_attr(&attr);
}

/* --------------------------------------------------------------------- G5: rounds */

static void g5_release_returns_when_the_last_has_released(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c"), *h = actor_member(d, "held");

	actor_do(b, do_now);
	actor_do(c, do_now);
	actor_do(h, do_now);
	actor_do(a, do_isolate);
	assert_goes(b, do_isolate, QUEUED);
	actor_go(h, do_end);
	actor_go(a, do_release);
	assert_where(b, DONE);
	assert_where(a, HELD);
	/* one that comes while the second is alone joins the round */
	assert_goes(c, do_isolate, QUEUED);
	actor_go(b, do_release);
	assert_where(c, DONE);
	assert_where(a, HELD);
	assert_where(b, HELD);
	assert_where(h, HELD);
	actor_do(c, do_release);
	assert_where(a, DONE);
	assert_where(b, DONE);
	assert_where(h, DONE);
}

/* Alone in its round it returns at once, and may open the next. */
static void g5_release_without_followers_does_not_wait(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	uint32_t round = d->ctl / RDV_CTL_ROUND;

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	actor_do(a, do_release);
	assert_int_equal(d->ctl / RDV_CTL_ROUND, round + 1);
	actor_do(a, do_isolate);
	actor_do(a, do_release);
	assert_int_equal(d->ctl / RDV_CTL_ROUND, round + 2);
	assert_int_equal(SHIM(waits), 0);
}

/* ------------------------------------------------------------------ G6: isolators */

/* Whatever the order in which they asked: by ids, beginning after the owner. */
static void check_order(const int *asked, int owner, const int *served, int n)
{
	rdv_domain *d = unit_domain();
	struct actor *a[40];
	int i, now = owner;

	for (i = 0; i < 40; i++) {
		a[i] = actor_member(d, "a");
		actor_do(a[i], do_now);
	}
	actor_do(a[owner], do_isolate);
	for (i = 0; i < n; i++)
		assert_goes(a[asked[i]], do_isolate, QUEUED);
	for (i = 0; i < n; i++) {
		assert_goes(a[now], do_release, HELD);
		now = served[i];
		assert_where(a[now], DONE);
		assert_true(rdv_isolated(a[now]->self));
	}
	actor_do(a[now], do_release);
	for (i = 0; i < n; i++)
		assert_where(a[asked[i]], DONE);
	unit_clear();
}

static void g6_isolators_are_served_in_the_order_of_ids(void)
{
	check_order((int[]){39, 0, 31, 32, 4}, 5, (int[]){31, 32, 39, 0, 4}, 5);
	check_order((int[]){30, 31, 33, 2}, 32, (int[]){33, 2, 30, 31}, 4);
	check_order((int[]){0, 39}, 31, (int[]){39, 0}, 2);
	check_order((int[]){31, 0}, 39, (int[]){0, 31}, 2);
}

/*
 * One that has just been alone and wants it again is not served before the others
 * that have been waiting: it is held in its release.
 */
static void g6_nobody_is_served_twice_in_a_round(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a[4];
	int i;

	for (i = 0; i < 4; i++) {
		a[i] = actor_member(d, "a");
		actor_do(a[i], do_now);
	}
	actor_do(a[0], do_isolate);
	for (i = 1; i < 4; i++)
		assert_goes(a[i], do_isolate, QUEUED);
	for (i = 0; i < 3; i++) {
		assert_goes(a[i], do_release, HELD);
		assert_where(a[i + 1], DONE);
	}
	actor_do(a[3], do_release);
	for (i = 0; i < 4; i++) {
		assert_where(a[i], DONE);
		actor_stop(a[i]);
	}
}

/* -------------------------------------------- G6: isolators that linger, or spin early */

static const uint64_t long_patience = 1000000 * (uint64_t)MS;

static rdv_domain *spinning_domain(uint64_t patience_ns)
{
	rdv_domain_attr attr = unit_attr();

	shim.cpus = 4;
	clock_set(noon);
	attr.spin_ns = 0;
	attr.patience_ns = patience_ns;
	return unit_domain_attr(&attr);
}

/* The clock stands still, so it does not give up before we let time pass. */
static void until(const rdv_word *word, uint32_t value)
{
	while (rdv_load_sc(word) != value)
		sched_yield();
}

/*
 * Spins until so much time has passed at once that it must have lost its processor.  It may
 * only be about to begin, and would take the time that has passed for the beginning.
 */
static void go_to_sleep(struct actor *a, actor_fn *fn, enum where where)
{
	rdv_domain *d = a->domain;
	const rdv_word *asleep = where == HELD ? &d->asleep : &member(a)->asleep;

	actor_go(a, fn);
	while (!rdv_load_sc(asleep)) {
		clock_pass(100 * US);
		sched_yield();
	}
	assert_where(a, where);
}

/* An isolator that is awake looks for an open gate before it queues. */
static void g6_an_isolator_lingers(void)
{
	rdv_domain *d = spinning_domain(MS);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	uint32_t round = d->ctl / RDV_CTL_ROUND;

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	actor_go(b, do_isolate);
	until(&d->lingering, 1);
	actor_do(a, do_release); /* it is not in this round */
	actor_do(a, do_now);
	clock_pass(US);
	actor_wait(b);
	assert_true(rdv_isolated(b->self));
	assert_int_equal(d->lingering, 0);
	assert_int_equal(d->ctl / RDV_CTL_ROUND, round + 1);
	actor_do(b, do_release);
	assert_int_equal(SHIM(waits), 0);
}

/* It does so for a while, and then queues. */
static void g6_a_lingering_isolator_queues(void)
{
	rdv_domain *d = spinning_domain(MS);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	uint32_t round = d->ctl / RDV_CTL_ROUND;

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	go_to_sleep(b, do_isolate, QUEUED);
	actor_go(a, do_release);
	actor_wait(b);
	actor_do(b, do_release);
	assert_where(a, DONE);
	assert_int_equal(d->ctl / RDV_CTL_ROUND, round + 1);
}

/* a releases while b lingers and h sleeps: it relies on b, and wakes nobody. */
static void release_to_lingerer(struct actor *a, struct actor *b, struct actor *h)
{
	actor_do(b, do_now);
	actor_do(h, do_now);
	actor_do(a, do_isolate);
	go_to_sleep(h, do_end, HELD);
	actor_go(b, do_isolate);
	until(&a->domain->lingering, 1);
	actor_do(a, do_release);
	actor_do(a, do_now);
	assert_int_equal(SHIM(wakes), 0);
}

/* The held are not woken for a round that is about to follow, but after it. */
static void g6_the_held_sleep_on_while_one_lingers(void)
{
	rdv_domain *d = spinning_domain(long_patience);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *h = actor_member(d, "held");

	release_to_lingerer(a, b, h);
	clock_pass(US);
	actor_wait(b);
	assert_int_equal(d->asleep, 1);
	actor_do(b, do_release);
	assert_where(h, DONE);
	assert_int_equal(SHIM(wakes), 1);
}

/* One who may not open the next round after all wakes those that relied on it. */
static void g6_a_lingering_isolator_is_barred(void)
{
	rdv_domain *d = spinning_domain(RDV_PATIENCE_NONE);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *h = actor_member(d, "held");

	release_to_lingerer(a, b, h);
	clock_pass(US);
	actor_wait(h); /* it runs first */
	actor_do(h, do_now);
	actor_wait(b);
	actor_do(b, do_release);
}

static void release_and_rest(struct actor *a)
{
	do_release(a);
	do_now(a);
}

/* One that comes when it is barred wakes them too, whoever lingers. */
static void g6_a_barred_isolator_relies_on_nobody(void)
{
	rdv_domain *d = spinning_domain(RDV_PATIENCE_NONE);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c"), *h = actor_member(d, "held");

	actor_do(c, do_now);
	release_to_lingerer(a, b, h);
	actor_go(c, do_isolate);
	actor_wait(h); /* b has not noticed anything yet */
	assert_int_equal(d->lingering, 1);
	actor_do(h, do_now);
	clock_pass(100 * US);
	actor_wait(c);
	actor_go(c, release_and_rest); /* is b in this round? */
	actor_wait(b);
	actor_do(b, do_release);
	actor_wait(c);
}

/* The isolator after the next is woken with it, and needs no wake-up in its turn. */
static void g6_the_isolator_after_the_next_is_woken_early(void)
{
	rdv_domain *d = spinning_domain(long_patience);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(b, do_now);
	actor_do(c, do_now);
	actor_do(a, do_isolate);
	go_to_sleep(b, do_isolate, QUEUED);
	go_to_sleep(c, do_isolate, QUEUED);
	actor_go(a, do_release);
	actor_wait(b);
	until(&member(c)->asleep, 0);
	assert_int_equal(SHIM(wakes), 2);
	assert_true(actor_wants(c));
	actor_go(b, do_release);
	actor_wait(c);
	assert_int_equal(SHIM(wakes), 2);
	actor_do(c, do_release);
	actor_wait(a);
	actor_wait(b);
}

/* ------------------------------------------------------------------ G6: the held */

static void g6_patience_lets_rounds_follow_one_another(void)
{
	rdv_domain *d;
	struct actor *a, *h;

	clock_set(noon);
	d = domain_of_patience(MS);
	a = actor_member(d, "a");
	h = actor_member(d, "held");
	actor_hold(h, a);
	assert_does(a, do_isolate_try, 0);
	actor_do(a, do_release);
	clock_pass(MS);
	assert_does(a, do_isolate_try, 0);
	actor_do(a, do_release);
	clock_pass(US);
	actor_do(a, do_isolate_try);
	assert_ret(a, -EBUSY); /* not any more */
	shim_resume(h->shim);
	assert_where(h, DONE);
	actor_do(a, do_isolate_try);
	assert_ret(a, -EBUSY); /* h runs */
	actor_do(h, do_now);
	assert_does(a, do_isolate_try, 0);
	actor_do(a, do_release);
}

/* The barred isolator sleeps although the gate is open; the held one sees to it. */
static void g6_the_held_run_before_a_barred_isolator(void)
{
	rdv_domain *d;
	struct actor *a, *h;

	clock_set(noon);
	d = domain_of_patience(MS);
	a = actor_member(d, "a");
	h = actor_member(d, "held");
	actor_hold(h, a);
	clock_pass(MS + US);
	assert_goes(a, do_isolate, QUEUED);
	assert_int_equal(d->barred, 1);
	assert_int_equal(d->ctl & RDV_GATE_CLOSED, 0);
	shim_resume(h->shim);
	assert_where(h, DONE); /* it runs, so: */
	assert_where(a, GATHERING);
	assert_int_equal(d->barred, 0);
	actor_do(h, do_now);
	assert_where(a, DONE);
	actor_do(a, do_release);
}

/* The isolator on its way to sleep, barred, meets the last held one leaving. */
static void g3_the_bar_falls_before_it_sleeps(void)
{
	rdv_domain *d;
	struct actor *a, *h;

	clock_set(noon);
	d = domain_of_patience(RDV_PATIENCE_NONE);
	a = actor_member(d, "a");
	h = actor_member(d, "held");
	actor_hold(h, a);
	shim_stop_at(a->shim, SHIM_BEFORE_WAIT);
	assert_goes(a, do_isolate, STOPPED);
	shim_resume(h->shim);
	assert_where(h, DONE);
	shim_resume(a->shim);
	assert_where(a, GATHERING);
	actor_do(h, do_now);
	assert_where(a, DONE);
	actor_do(a, do_release);
}

static void g6_all_the_held_run_first(void)
{
	rdv_domain *d;
	struct actor *a, *h[4];
	int i;

	clock_set(noon);
	d = domain_of_patience(MS);
	a = actor_member(d, "a");
	for (i = 0; i < 4; i++) {
		h[i] = actor_member(d, "held");
		actor_do(h[i], do_now);
		shim_stop_at(h[i]->shim, SHIM_AFTER_WAIT);
	}
	actor_do(a, do_isolate);
	for (i = 0; i < 4; i++)
		assert_goes(h[i], do_end, HELD);
	actor_do(a, do_release);
	clock_pass(MS + US);
	assert_goes(a, do_isolate, QUEUED);
	/* the two that were woken wake the next two */
	for (i = 0; i < 4; i++) {
		assert_where(h[i], STOPPED);
		assert_where(a, QUEUED);
		shim_resume(h[i]->shim);
		assert_where(h[i], DONE);
	}
	assert_where(a, GATHERING);
	for (i = 0; i < 4; i++) {
		assert_where(a, GATHERING);
		actor_do(h[i], do_now);
	}
	assert_where(a, DONE);
	actor_do(a, do_release);
}

/* Without patience each held thread runs between two rounds. */
static void g6_no_patience(void)
{
	rdv_domain *d;
	struct actor *a, *h;

	clock_set(noon);
	d = domain_of_patience(RDV_PATIENCE_NONE);
	a = actor_member(d, "a");
	h = actor_member(d, "held");
	actor_hold(h, a);
	assert_does(a, do_isolate_try, -EBUSY);
	assert_goes(a, do_isolate, QUEUED);
	shim_resume(h->shim);
	assert_where(h, DONE);
	actor_do(h, do_now);
	assert_where(a, DONE);
	actor_do(a, do_release);
}

static void g6_huge_patience(void)
{
	rdv_domain *d;
	struct actor *a, *h;

	clock_set(noon);
	d = domain_of_patience(INT64_MAX);
	a = actor_member(d, "a");
	h = actor_member(d, "held");
	actor_hold(h, a);
	clock_pass(UINT64_C(600) * 1000 * MS);
	assert_does(a, do_isolate_try, 0);
	actor_do(a, do_release);
	shim_resume(h->shim);
	assert_where(h, DONE);
}

/* The clock of 32 bits wraps while a thread is held. */
static void g6_patience_when_the_clock_wraps(void)
{
	const uint64_t wrap = (UINT64_C(1) << 32) * US;
	rdv_domain *d;
	struct actor *a, *h;

	clock_set(wrap - 500 * US);
	d = domain_of_patience(MS);
	a = actor_member(d, "a");
	h = actor_member(d, "held");
	actor_hold(h, a);
	clock_pass(MS);
	assert_does(a, do_isolate_try, 0);
	actor_do(a, do_release);
	clock_pass(US);
	assert_does(a, do_isolate_try, -EBUSY);
	shim_resume(h->shim);
	assert_where(h, DONE);
}

/* Held through a round that has many isolators, a thread does not stop it. */
static void g6_joining_a_round_is_always_allowed(void)
{
	rdv_domain *d;
	struct actor *a, *b, *h;

	clock_set(noon);
	d = domain_of_patience(RDV_PATIENCE_NONE);
	a = actor_member(d, "a");
	b = actor_member(d, "b");
	h = actor_member(d, "held");
	actor_do(b, do_now);
	actor_do(h, do_now);
	actor_do(a, do_isolate);
	assert_goes(h, do_end, HELD);
	clock_pass(10 * MS);
	assert_goes(b, do_isolate, QUEUED);
	assert_int_equal(d->barred, 0);
	actor_go(a, do_release);
	assert_where(b, DONE);
	assert_where(h, HELD);
	actor_do(b, do_release);
	assert_where(h, DONE);
	assert_where(a, DONE);
}

/* One that gives up waiting, and one that only waited for the end, bar nobody. */
static void check_unbarring(actor_fn *wait, bool expire)
{
	rdv_domain *d = domain_of_patience(RDV_PATIENCE_NONE);
	struct actor *a = actor_member(d, "a"), *h = actor_member(d, "held");

	h->deadline = &unit_far;
	actor_do(h, do_now);
	actor_do(a, do_isolate);
	shim_stop_at(h->shim, SHIM_AFTER_WAIT);
	assert_goes(h, wait, HELD);
	if (expire) {
		actor_expire(h);
		assert_where(h, STOPPED);
		shim_resume(h->shim);
		assert_done(h, -ETIMEDOUT);
		actor_do(a, do_release);
	} else {
		actor_do(a, do_release);
		assert_where(h, STOPPED);
		assert_goes(a, do_isolate, QUEUED);
		shim_resume(h->shim);
		assert_where(h, DONE);
		assert_where(a, DONE);
		actor_do(a, do_release);
	}
	assert_int_not_equal(actor_state(h), RDV_STATE_RUNNING);
	assert_does(a, do_isolate_try, 0);
	actor_do(a, do_release);
	unit_clear();
}

static void g6_whoever_stops_waiting_bars_nobody(void)
{
	clock_set(noon);
	check_unbarring(do_end_until, true);
	check_unbarring(do_till_end, false);
}

/* The last held one gives up while an isolator is barred and the gate is open. */
static void g6_a_barred_isolator_outlives_a_timeout(void)
{
	rdv_domain *d;
	struct actor *a, *b, *h;

	clock_set(noon);
	d = domain_of_patience(RDV_PATIENCE_NONE);
	a = actor_member(d, "a");
	b = actor_member(d, "b");
	h = actor_member(d, "held");
	h->deadline = &unit_far;
	actor_do(b, do_now);
	actor_do(h, do_now);
	actor_do(a, do_isolate);
	shim_stop_at(h->shim, SHIM_AFTER_WAIT);
	assert_goes(h, do_end_until, HELD);
	actor_expire(h);
	assert_where(h, STOPPED);
	actor_do(a, do_release);
	assert_goes(b, do_isolate, QUEUED);
	assert_int_equal(d->barred, 1);
	shim_resume(h->shim);
	assert_done(h, 0); /* the gate was open after all */
	actor_do(h, do_now);
	actor_do(a, do_now);
	assert_where(b, DONE);
	actor_do(b, do_release);
}

/* G8 for the barred. */
static void g8_no_trace_of_a_barred_isolator(void)
{
	rdv_domain *d;
	struct actor *a, *b, *h;

	clock_set(noon);
	d = domain_of_patience(RDV_PATIENCE_NONE);
	a = actor_member(d, "a");
	b = actor_member(d, "b");
	h = actor_member(d, "held");
	actor_do(b, do_now);
	actor_hold(h, a);
	b->deadline = &unit_far;
	assert_goes(b, do_isolate_until, QUEUED);
	assert_int_equal(d->barred, 1);
	actor_expire(b);
	assert_done(b, -ETIMEDOUT);
	assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
	assert_false(actor_wants(b));
	assert_int_equal(d->barred, 0);
	assert_int_equal(d->ctl % RDV_CTL_ROUND, 0);
	actor_go(a, do_isolate); /* barred, in its place */
	assert_where(a, QUEUED);
	shim_resume(h->shim);
	assert_where(h, DONE);
	assert_where(a, GATHERING);
	actor_do(h, do_now);
	actor_do(b, do_now);
	assert_where(a, DONE);
	actor_do(a, do_release);
}

/*
 * Two isolators, barred again and again: either is the first of them in its turn, or
 * one would have all the rounds that patience allows.
 */
static void g6_the_barred_take_turns(void)
{
	rdv_domain *d;
	struct actor *a, *b, *h, *first, *second, *last = NULL;
	int i;

	clock_set(noon);
	d = domain_of_patience(RDV_PATIENCE_NONE);
	a = actor_member(d, "a");
	h = actor_member(d, "held");
	b = actor_member(d, "b");
	actor_do(b, do_now);
	for (i = 0; i < 4; i++) {
		actor_hold(h, a);
		assert_goes(a, do_isolate, QUEUED);
		assert_goes(b, do_isolate, QUEUED);
		shim_resume(h->shim);
		assert_where(h, DONE);
		actor_do(h, do_now);
		first = actor_where(a) == DONE ? a : b;
		second = first == a ? b : a;
		assert_where(first, DONE);
		assert_where(second, QUEUED);
		assert_ptr_not_equal(first, last);
		last = first;
		actor_go(first, do_release);
		assert_where(second, DONE);
		actor_do(second, do_release);
		assert_where(first, DONE);
		actor_do(b, do_now);
	}
}

/* ------------------------------------------------------------- waking the held */

enum { CROWD = 20 };

/* Each sleeps once; the releaser wakes a few, and these the others. */
static void p10_the_held_sleep_once(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *h[CROWD];
	int i;

	for (i = 0; i < CROWD; i++) {
		h[i] = actor_member(d, "held");
		actor_do(h[i], do_now);
	}
	actor_do(a, do_isolate);
	for (i = 0; i < CROWD; i++)
		assert_goes(h[i], do_end, HELD);
	shim_count_from_here();
	SHIM_SET(a->shim->wakes, 0);
	SHIM_SET(a->shim->woken, 0);
	actor_do(a, do_release);
	for (i = 0; i < CROWD; i++) {
		assert_where(h[i], DONE);
		assert_int_equal(SHIM_GET(h[i]->shim->waits), 1);
	}
	assert_int_equal(SHIM_GET(a->shim->wakes), 1);
	assert_true(SHIM_GET(a->shim->woken) <= 2);
	assert_int_equal(SHIM(waits), 0);
	assert_int_equal(SHIM(woken), CROWD);
	/* one that finds nobody looks twice, see [WAKING] */
	assert_true(SHIM(wakes) <= 2 * CROWD + 1);
}

/* Those who were woken find the next round on, and sleep again: nobody is forgotten. */
static void g3_the_woken_come_too_late(void)
{
	rdv_domain *d;
	struct actor *a, *h[5];
	int i, round;

	clock_set(noon);
	d = domain_of_patience(INT64_MAX);
	a = actor_member(d, "a");
	for (i = 0; i < 5; i++) {
		h[i] = actor_member(d, "held");
		actor_do(h[i], do_now);
	}
	actor_do(a, do_isolate);
	for (i = 0; i < 5; i++)
		assert_goes(h[i], do_end, HELD);
	for (round = 0; round < 4; round++) {
		for (i = 0; i < 5; i++)
			shim_stop_at(h[i]->shim, SHIM_AFTER_WAIT);
		actor_do(a, do_release);
		for (i = 0; i < 5; i++)
			actor_where(h[i]);
		actor_do(a, do_isolate);
		for (i = 0; i < 5; i++) {
			if (actor_where(h[i]) == STOPPED)
				shim_resume(h[i]->shim);
			shim_stop_at(h[i]->shim, SHIM_NOWHERE);
			assert_where(h[i], HELD);
		}
	}
	actor_do(a, do_release);
	for (i = 0; i < 5; i++) {
		assert_where(h[i], DONE);
		actor_stop(h[i]);
	}
}

/* Two were woken; one of them is slow, and a third one still gets to run. */
static void g3_a_slow_one_keeps_nobody(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *h[6];
	int i, slow = 0;

	for (i = 0; i < 6; i++) {
		h[i] = actor_member(d, "held");
		actor_do(h[i], do_now);
	}
	actor_do(a, do_isolate);
	for (i = 0; i < 6; i++)
		assert_goes(h[i], do_end, HELD);
	shim_stop_at(h[0]->shim, SHIM_AFTER_WAIT);
	actor_do(a, do_release);
	for (i = 0; i < 6; i++)
		slow += actor_where(h[i]) != DONE;
	assert_int_equal(slow, 1);
	assert_where(h[0], STOPPED);
	shim_resume(h[0]->shim);
	assert_where(h[0], DONE);
}

/* The one that would wake the others gives up instead, or only waited. */
static void g3_those_who_do_not_run_wake_the_others(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *h[6];
	int i;

	for (i = 0; i < 6; i++) {
		h[i] = actor_member(d, "held");
		h[i]->deadline = &unit_far;
		actor_do(h[i], do_now);
	}
	actor_do(a, do_isolate);
	for (i = 0; i < 6; i++) {
		actor_go(h[i], i < 2 ? do_till_end : do_end_until);
		assert_where(h[i], HELD);
	}
	actor_expire(h[2]);
	assert_done(h[2], -ETIMEDOUT);
	actor_do(a, do_release);
	for (i = 0; i < 6; i++) {
		assert_where(h[i], DONE);
		actor_stop(h[i]);
	}
}

/*
 * The released are woken although the thread that was to wake them is itself on its
 * way to sleep when the round ends.
 */
static void g3_the_held_are_on_their_way_to_sleep(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *h[4];
	int i;

	for (i = 0; i < 4; i++) {
		h[i] = actor_member(d, "held");
		actor_do(h[i], do_now);
	}
	actor_do(a, do_isolate);
	for (i = 0; i < 4; i++) {
		if (i < 2)
			shim_stop_at(h[i]->shim, SHIM_BEFORE_WAIT);
		actor_go(h[i], do_end);
		assert_where(h[i], i < 2 ? STOPPED : HELD);
	}
	actor_do(a, do_release);
	assert_where(h[2], DONE);
	assert_where(h[3], DONE);
	for (i = 0; i < 2; i++) {
		shim_resume(h[i]->shim);
		assert_where(h[i], DONE);
	}
}

static const struct unit_case cases[] = {
	UNIT(g5_release_returns_when_the_last_has_released, ALL),
	UNIT(g5_release_without_followers_does_not_wait, BOTH),
	UNIT(g6_isolators_are_served_in_the_order_of_ids, ALL),
	UNIT(g6_nobody_is_served_twice_in_a_round, ALL),
	UNIT(g6_an_isolator_lingers, BOTH),
	UNIT(g6_a_lingering_isolator_queues, BOTH),
	UNIT(g6_the_held_sleep_on_while_one_lingers, BOTH),
	UNIT(g6_a_lingering_isolator_is_barred, BOTH),
	UNIT(g6_a_barred_isolator_relies_on_nobody, BOTH),
	UNIT(g6_the_isolator_after_the_next_is_woken_early, BOTH),
	UNIT(g6_patience_lets_rounds_follow_one_another, BOTH),
	UNIT(g6_the_held_run_before_a_barred_isolator, BOTH),
	UNIT(g3_the_bar_falls_before_it_sleeps, BOTH),
	UNIT(g6_all_the_held_run_first, BOTH),
	UNIT(g6_no_patience, BOTH),
	UNIT(g6_huge_patience, BOTH),
	UNIT(g6_patience_when_the_clock_wraps, ONLY_PLAIN),
	UNIT(g6_joining_a_round_is_always_allowed, BOTH),
	UNIT(g6_whoever_stops_waiting_bars_nobody, BOTH),
	UNIT(g6_a_barred_isolator_outlives_a_timeout, BOTH),
	UNIT(g8_no_trace_of_a_barred_isolator, BOTH),
	UNIT(g6_the_barred_take_turns, BOTH),
	UNIT(p10_the_held_sleep_once, BOTH),
	UNIT(g3_the_woken_come_too_late, BOTH),
	UNIT(g3_a_slow_one_keeps_nobody, BOTH),
	UNIT(g3_those_who_do_not_run_wake_the_others, ALL),
	UNIT(g3_the_held_are_on_their_way_to_sleep, BOTH),
};

UNIT_MAIN("round", cases)
