/* SPDX-License-Identifier: MIT */
/*
 * Rounds (G5), who comes next and who may begin (G6), and how the held are woken.
 *
 * The clock is the test's own, so patience runs out when it says so.
 */
#include "unit.h"
#include "clock.h"

#include <sched.h>

enum { US = 1000, MS = 1000 * US };

/* Later than the kernel's clock, or waits until a time of our own would end at once.  In
 * seconds it fits into a time_t of 32 bits. */
static const uint64_t noon = UINT64_C(50) * 365 * 24 * 3600 * RDV_NSEC_PER_SEC;

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

	clock_set(noon);
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

/* After the last round comes the first. */
static void g5_the_round_wraps(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *h = actor_member(d, "held");

	d->ctl = (uint32_t)-RDV_CTL_ROUND;
	actor_do(h, do_now);
	actor_do(a, do_isolate);
	assert_goes(h, do_end, HELD);
	actor_do(a, do_release);
	assert_where(h, DONE);
	assert_int_equal(d->ctl, 0);
}

/* ------------------------------------------------------------------ G6: isolators */

/* Whatever their ids. */
static void check_order(const int *asked, int owner, int n)
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
		now = asked[i];
		assert_where(a[now], DONE);
		assert_true(rdv_isolated(a[now]->self));
	}
	actor_do(a[now], do_release);
	for (i = 0; i < n; i++)
		assert_where(a[asked[i]], DONE);
	unit_clear();
}

static void g6_isolators_are_served_in_the_order_in_which_they_asked(void)
{
	check_order((int[]){39, 0, 31, 32, 4}, 5, 5);
	check_order((int[]){2, 33, 31, 30}, 32, 4);
	check_order((int[]){0, 39}, 31, 2);
}

/* The tickets that tell the order wrap. */
static void g6_the_order_when_tickets_wrap(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a[4];
	int i;

	d->tickets = UINT32_MAX - 1;
	for (i = 0; i < 4; i++) {
		a[i] = actor_member(d, "a");
		actor_do(a[i], do_now);
	}
	actor_do(a[0], do_isolate);
	for (i = 3; i > 0; i--)
		assert_goes(a[i], do_isolate, QUEUED);
	assert_goes(a[0], do_release, HELD);
	for (i = 3; i > 0; i--) {
		assert_where(a[i], DONE);
		actor_go(a[i], do_release);
	}
	for (i = 0; i < 4; i++)
		assert_where(a[i], DONE);
}

/* For a turn a thread may go past the others; then it is for the one that waits longest. */
static void check_turn(uint64_t start, uint64_t patience_ns, uint64_t turn_ns)
{
	rdv_domain *d = domain_of_patience(patience_ns);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	clock_set(start);
	actor_do(b, do_now);
	d->turn_began = (uint32_t)(start / US);
	shim_stop_at(b->shim, SHIM_AFTER_WAIT);
	actor_do(a, do_isolate);
	assert_goes(b, do_isolate, QUEUED);
	clock_pass(turn_ns - US);
	actor_do(a, do_release);
	assert_where(b, STOPPED); /* it was woken, and is too late */
	actor_do(a, do_isolate);
	shim_resume(b->shim);
	assert_where(b, QUEUED);
	clock_pass(US);
	assert_goes(a, do_release, HELD);
	assert_where(b, DONE);
	assert_int_equal(d->turn_began, (uint32_t)((start + turn_ns) / US));
	actor_do(b, do_release); /* its turn has just begun */
	assert_where(a, DONE);
	unit_clear();
}

static void g6_a_turn_ends(void)
{
	check_turn(noon, MS, MS);
	check_turn(noon, 1, US);
	check_turn(noon, 100 * MS, 100 * MS);
	/* 18 minutes, a quarter of what the clock of 32 bits can tell: no turn is longer */
	check_turn(noon, RDV_PATIENCE_NONE - 1, (UINT64_C(1) << 30) * US);
}

/* 71 minutes after the machine was started. */
static const uint64_t wrap = (UINT64_C(1) << 32) * US;

static void g6_a_turn_ends_when_the_clock_wraps(void)
{
	check_turn(wrap - MS, MS, MS);
	check_turn(wrap - MS / 2, MS, MS);
	check_turn(wrap - US, 1, US);
	check_turn(wrap - MS, RDV_PATIENCE_NONE - 1, (UINT64_C(1) << 30) * US);
}

/*
 * The owner opens short rounds, and then one that takes so long.  Returns how many more it
 * opens before it passes the token on.
 */
static unsigned rounds_after(uint64_t ns, uint64_t coarse_late)
{
	rdv_domain *d = domain_of_patience(MS);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	unsigned n;

	actor_do(b, do_now);
	d->turn_began = (uint32_t)(noon / US);
	shim_stop_at(b->shim, SHIM_AFTER_WAIT);
	actor_do(a, do_isolate);
	assert_goes(b, do_isolate, QUEUED);
	for (n = 0; n < 4; n++) {
		actor_do(a, do_release);
		actor_do(a, do_isolate);
	}
	clock_pass(ns);
	SHIM_SET(shim.coarse_late, coarse_late);
	for (n = 0; n < 100; n++) {
		actor_go(a, do_release);
		if (actor_where(a) == HELD)
			break;
		actor_do(a, do_isolate);
	}
	shim_resume(b->shim);
	assert_where(b, DONE);
	actor_do(b, do_release); /* its turn has just begun */
	assert_where(a, DONE);
	SHIM_SET(shim.coarse_late, 0);
	unit_clear();
	return n;
}

/* While rounds are short the clock is read at some releases only, and when the coarse clock
 * has changed. */
static void g6_a_turn_of_short_rounds_ends(void)
{
	assert_in_range(rounds_after(MS, 0), 1, 7);
	assert_int_equal(rounds_after(SHIM_TICK_NS, 0), 0);
}

/* It stands still, goes back, or is ahead. */
static void g6_a_turn_ends_when_the_coarse_clock_is_wrong(void)
{
	assert_in_range(rounds_after(SHIM_TICK_NS, SHIM_TICK_NS), 1, 7);
	assert_int_equal(rounds_after(MS, 10 * SHIM_TICK_NS), 0);
	assert_int_equal(rounds_after(MS, -(uint64_t)(10 * SHIM_TICK_NS)), 0);
}

/* The new owner's turn is not measured by a time from before it. */
static void g6_a_turn_begins_with_the_hand_over(void)
{
	rdv_domain *d = domain_of_patience(MS);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c"), *r = actor_member(d, "runs");

	d->turn_began = (uint32_t)(noon / US);
	a->deadline = &unit_far;
	assert_goes(a, do_isolate_until, GATHERING);
	assert_goes(b, do_isolate, QUEUED);
	assert_goes(c, do_isolate, QUEUED);
	d->turn_clock = (struct rdv_turn_clock){.now = d->turn_began, .left = 7};
	clock_pass(2 * MS);
	actor_expire(a);
	assert_done(a, -ETIMEDOUT);
	assert_where(b, GATHERING);
	assert_false(rdv_turn_over(d, rdv_turn_clock(d, d->turn_clock.tick)));
	actor_do(a, do_now);
	actor_do(r, do_now);
	assert_where(b, DONE);
	actor_do(b, do_release); /* it is not held: it goes on, and c waits for it */
	actor_do(b, do_now);
	assert_where(c, DONE);
	actor_do(c, do_release);
}

static void check_competing(uint64_t start)
{
	rdv_domain *d = domain_of_patience(1000000 * (uint64_t)MS);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");
	int i;

	clock_set(start);
	shim_count_from_here();
	actor_do(b, do_now);
	actor_do(c, do_now);
	d->turn_began = (uint32_t)(start / US);
	shim_stop_at(b->shim, SHIM_AFTER_WAIT);
	actor_do(a, do_isolate);
	assert_goes(b, do_isolate, QUEUED);
	assert_goes(c, do_isolate, QUEUED);
	for (i = 0; i < 3; i++) {
		actor_do(a, do_release);
		assert_where(b, STOPPED);
		assert_where(c, QUEUED);
		assert_int_equal(SHIM(wakes), 1);
		actor_do(a, do_isolate);
	}
	/* b gets no CPU, and must not keep c; a reads the clock as a tick has passed */
	clock_pass(SHIM_TICK_NS);
	actor_do(a, do_release);
	assert_where(c, GATHERING);
	actor_do(a, do_now);
	assert_where(c, DONE);
	actor_do(c, do_release);
	actor_do(c, do_now);
	shim_resume(b->shim);
	assert_where(b, DONE);
	actor_do(b, do_release);
	unit_clear();
}

/* While the gate opens again and again one at a time is woken for it. */
static void g6_one_is_woken_to_compete(void)
{
	/* of the time in competing */
	const uint64_t short_wrap = (UINT64_C(1) << 17) * US;

	check_competing(noon);
	check_competing(wrap - MS / 2);
	check_competing(noon / short_wrap * short_wrap - MS / 2);
	check_competing(noon / short_wrap * short_wrap - MS);
}

/* One that was woken to compete gives up: it leaves that to another. */
static void g8_who_was_woken_to_compete_gives_up(void)
{
	const uint64_t end = noon + MS + MS / 2;
	struct timespec deadline = {.tv_sec = end / RDV_NSEC_PER_SEC,
				    .tv_nsec = end % RDV_NSEC_PER_SEC};
	rdv_domain *d = domain_of_patience(MS);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c"), *h = actor_member(d, "held");

	actor_do(b, do_now);
	actor_do(c, do_now);
	actor_do(h, do_now);
	actor_do(a, do_isolate);
	shim_stop_at(h->shim, SHIM_AFTER_WAIT);
	assert_goes(h, do_end, HELD);
	b->deadline = &deadline;
	assert_goes(b, do_isolate_until, QUEUED);
	assert_goes(c, do_isolate, QUEUED);
	clock_pass(MS);
	d->turn_began = (uint32_t)((noon + MS) / US);
	actor_do(a, do_release);
	actor_do(a, do_now);
	assert_where(b, QUEUED); /* until its deadline, as it is barred */
	assert_int_equal(SHIM(wakes), 2);
	actor_expire(b);
	assert_done(b, -ETIMEDOUT);
	assert_int_equal(SHIM(wakes), 3);
	assert_where(c, QUEUED); /* until the window is over */
	actor_do(b, do_now);
	clock_pass(MS);
	actor_expire(c);
	assert_where(c, DONE);
	actor_do(c, do_release);
	shim_resume(h->shim);
	assert_where(h, DONE);
}

/*
 * A leader that gives up may come back in the same round.  Two of them do not keep the gate
 * closed by passing the token to one another.
 */
static void g6_leaders_that_give_up_open_the_gate(void)
{
	rdv_domain *d = domain_of_patience(RDV_PATIENCE_NONE);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c"), *h = actor_member(d, "held");
	uint32_t round = d->ctl / RDV_CTL_ROUND;

	actor_do(h, do_now);
	a->deadline = b->deadline = &unit_far;
	assert_goes(a, do_isolate_until, GATHERING);
	assert_goes(h, do_end, HELD);
	assert_goes(b, do_isolate_until, QUEUED);
	actor_expire(a);
	assert_done(a, -ETIMEDOUT);
	assert_where(b, GATHERING);
	assert_where(h, HELD);
	assert_int_equal(rdv_load_sc(&d->ctl) / RDV_CTL_ROUND, round);
	assert_goes(a, do_isolate_until, QUEUED);
	actor_expire(b);
	assert_done(b, -ETIMEDOUT);
	assert_int_not_equal(rdv_load_sc(&d->ctl) / RDV_CTL_ROUND, round);
	actor_do(b, do_now);
	actor_do(c, do_now);
	if (actor_where(h) == DONE)
		actor_do(h, do_now);
	assert_where(a, DONE);
	assert_int_equal(a->ret, 0);
	actor_do(a, do_release);
	assert_where(h, DONE);
}

/* One that gave up and passed the token on counts for its round only. */
static void g6_giving_up_counts_for_one_round(void)
{
	rdv_domain *d = domain_of_patience(RDV_PATIENCE_NONE);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");
	uint32_t round;
	int i;

	a->deadline = &unit_far;
	for (i = 0; i < 2; i++) {
		round = d->ctl / RDV_CTL_ROUND;
		assert_goes(a, do_isolate_until, GATHERING);
		assert_goes(b, do_isolate, QUEUED);
		actor_expire(a);
		assert_done(a, -ETIMEDOUT);
		assert_where(b, GATHERING);
		assert_int_equal(rdv_load_sc(&d->ctl) / RDV_CTL_ROUND, round);
		actor_do(a, do_now);
		actor_do(c, do_now);
		assert_where(b, DONE);
		actor_do(b, do_release);
		actor_do(a, do_end);
		actor_do(c, do_end);
	}
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

/* ------------------------------------------------------ G6: isolators that compete */

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

static uint32_t competing(const rdv_domain *d)
{
	return rdv_load_sc(&d->competing) & RDV_COMPETING;
}

static bool looked;

static void note_look(enum shim_place place, void *domain)
{
	if (place == SHIM_AT_CLOCK && competing(domain))
		SHIM_SET(looked, true);
}

/*
 * Until it has seen the gate closed, and looks at the clock.  That stands still, so it neither
 * looks at the gate again nor gives up before we let time pass.
 */
static void go_and_compete(struct actor *a)
{
	SHIM_SET(looked, false);
	a->shim->hook_arg = a->domain;
	a->shim->hook = note_look;
	actor_go(a, do_isolate);
	while (!SHIM_GET(looked))
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
static void g6_an_isolator_competes(void)
{
	rdv_domain *d = spinning_domain(MS);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	uint32_t round = d->ctl / RDV_CTL_ROUND;

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	go_and_compete(b);
	actor_do(a, do_release); /* it is not in this round */
	actor_do(a, do_now);
	clock_pass(US);
	actor_wait(b);
	assert_true(rdv_isolated(b->self));
	assert_int_equal(competing(d), 0);
	assert_int_equal(d->ctl / RDV_CTL_ROUND, round + 1);
	actor_do(b, do_release);
	assert_int_equal(SHIM(waits), 0);
}

/* It does so for a while, and then queues. */
static void g6_a_competing_isolator_queues(void)
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

/* It may have lost its CPU, so whoever opens the gate does not rely on it for the held. */
static void g6_the_held_are_woken_while_one_competes(void)
{
	rdv_domain *d = spinning_domain(long_patience);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *h = actor_member(d, "held");

	actor_do(b, do_now);
	actor_do(h, do_now);
	actor_do(a, do_isolate);
	go_to_sleep(h, do_end, HELD);
	go_and_compete(b);
	actor_do(a, do_release);
	actor_wait(h); /* b has not noticed anything yet */
	assert_int_equal(competing(d), 1);
	actor_do(a, do_now);
	actor_do(h, do_now);
	clock_pass(US);
	actor_wait(b);
	actor_do(b, do_release);
}

/* ------------------------------------------------------------------ G6: the held */

/* a, alone, works for so long. */
static void round_of(struct actor *a, uint64_t ns)
{
	assert_does(a, do_isolate_try, 0);
	clock_pass(ns);
	actor_do(a, do_release);
}

/* No round is opened for so long, and then one is, which is over at once. */
static void assert_barred_for(struct actor *a, uint64_t ns)
{
	assert_does(a, do_isolate_try, -EBUSY);
	clock_pass(ns - US);
	assert_does(a, do_isolate_try, -EBUSY);
	clock_pass(US);
	round_of(a, 0);
}

/* All that the rounds have taken counts, and not what is in between. */
static void g6_a_window_is_as_long_as_the_gate_was_closed(void)
{
	rdv_domain *d = domain_of_patience(MS);
	struct actor *a = actor_member(d, "a"), *h = actor_member(d, "held");

	actor_hold_for(h, a, 300 * US);
	round_of(a, 400 * US);
	clock_pass(100 * US);
	round_of(a, 299 * US);
	round_of(a, 1 * US);
	assert_barred_for(a, MS - 100 * US);
	shim_resume(h->shim);
	assert_where(h, DONE);
	assert_does(a, do_isolate_try, -EBUSY); /* it runs */
	actor_do(h, do_now);
	round_of(a, 5 * MS); /* nobody is held */
	round_of(a, 0);
}

/* Rounds far enough apart bar nobody, however long somebody is held. */
static void g6_no_window_where_the_gate_is_mostly_open(void)
{
	rdv_domain *d = domain_of_patience(MS);
	struct actor *a = actor_member(d, "a"), *h = actor_member(d, "held");
	int i;

	actor_hold_for(h, a, 300 * US);
	for (i = 0; i < 50; i++) {
		clock_pass(1000 * US);
		round_of(a, 400 * US);
	}
	shim_resume(h->shim);
	assert_where(h, DONE);
}

/* G3: a held thread that gets no CPU makes windows longer, up to a bound. */
static void g6_windows_grow_for_one_that_misses_them(void)
{
	rdv_domain *d = domain_of_patience(MS);
	struct actor *a = actor_member(d, "a"), *h = actor_member(d, "held");
	struct actor *g = actor_member(d, "held too");
	int i;

	actor_do(g, do_now);
	actor_hold_for(h, a, MS);
	for (i = 0; i < 8; i++) {
		assert_barred_for(a, (i < 6 ? MS << i : 64 * MS));
		round_of(a, MS);
	}
	/* another one, that has missed none, makes no difference */
	clock_pass(64 * MS);
	shim_stop_at(g->shim, SHIM_AFTER_WAIT);
	assert_does(a, do_isolate_try, 0);
	assert_goes(g, do_end, HELD);
	clock_pass(MS);
	actor_do(a, do_release);
	assert_where(g, STOPPED);
	assert_does(a, do_isolate_try, -EBUSY);
	/* without the one that missed them they are as short as before */
	shim_resume(h->shim);
	assert_where(h, DONE);
	actor_do(h, do_now);
	clock_pass(64 * MS);
	round_of(a, MS);
	assert_barred_for(a, MS);
	shim_resume(g->shim);
	assert_where(g, DONE);
}

/* A round of an hour is followed by a window, but not by one of an hour. */
static void g6_a_window_has_a_bound(void)
{
	rdv_domain *d = domain_of_patience(MS);
	struct actor *a = actor_member(d, "a"), *h = actor_member(d, "held");

	actor_hold_for(h, a, UINT64_C(3600000) * MS);
	assert_barred_for(a, 64 * MS);
	shim_resume(h->shim);
	assert_where(h, DONE);
}

/* The barred isolator sleeps although the gate is open; the held one sees to it. */
static void g6_the_held_run_before_a_barred_isolator(void)
{
	rdv_domain *d = domain_of_patience(MS);
	struct actor *a = actor_member(d, "a"), *h = actor_member(d, "held");

	actor_hold_for(h, a, MS);
	assert_goes(a, do_isolate, QUEUED);
	assert_int_equal(d->ctl & RDV_GATE_CLOSED, 0);
	shim_resume(h->shim);
	assert_where(h, DONE); /* it runs, so: */
	assert_where(a, GATHERING);
	actor_do(h, do_now);
	assert_where(a, DONE);
	actor_do(a, do_release);
}

/* ... or nobody does, and the wait ends by itself. */
static void g3_a_window_ends_without_the_held(void)
{
	rdv_domain *d = domain_of_patience(MS);
	struct actor *a = actor_member(d, "a"), *h = actor_member(d, "held");

	actor_hold_for(h, a, MS);
	assert_goes(a, do_isolate, QUEUED);
	actor_expire(a); /* too early, by our clock */
	assert_where(a, QUEUED);
	clock_pass(MS);
	actor_expire(a);
	assert_where(a, DONE);
	actor_do(a, do_release);
	shim_resume(h->shim);
	assert_where(h, DONE);
}

/* The isolator on its way to sleep, barred, meets the last held one leaving. */
static void g3_the_bar_falls_before_it_sleeps(void)
{
	rdv_domain *d = domain_of_patience(MS);
	struct actor *a = actor_member(d, "a"), *h = actor_member(d, "held");

	actor_hold_for(h, a, MS);
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
	clock_pass(MS);
	actor_do(a, do_release);
	assert_goes(a, do_isolate, QUEUED);
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

/* Without patience the gate is open for as long as it is closed. */
static void g6_no_patience(void)
{
	rdv_domain *d = domain_of_patience(RDV_PATIENCE_NONE);
	struct actor *a = actor_member(d, "a"), *h = actor_member(d, "held");

	actor_hold_for(h, a, 5 * US);
	assert_barred_for(a, 5 * US);
	round_of(a, 7 * US); /* h has missed a window */
	assert_goes(a, do_isolate, QUEUED);
	shim_resume(h->shim);
	assert_where(h, DONE);
	actor_do(h, do_now);
	assert_where(a, DONE);
	actor_do(a, do_release);
}

static void g6_huge_patience(void)
{
	rdv_domain *d = domain_of_patience(RDV_PATIENCE_NONE - 1);
	struct actor *a = actor_member(d, "a"), *h = actor_member(d, "held");

	actor_hold_for(h, a, UINT64_C(400) * 1000 * MS);
	round_of(a, UINT64_C(400) * 1000 * MS);
	round_of(a, 0);
	shim_resume(h->shim);
	assert_where(h, DONE);
}

/* The clock of 32 bits wraps while a thread is held, or while isolators are barred. */
static void check_wrap(uint64_t before)
{
	rdv_domain *d = domain_of_patience(MS);
	struct actor *a = actor_member(d, "a"), *h = actor_member(d, "held");

	clock_set((UINT64_C(1) << 32) * US - before);
	actor_hold_for(h, a, 999 * US);
	round_of(a, US);
	assert_barred_for(a, MS);
	round_of(a, MS);
	assert_barred_for(a, 2 * MS);
	shim_resume(h->shim);
	assert_where(h, DONE);
	unit_clear();
}

static void g6_patience_when_the_clock_wraps(void)
{
	for (uint64_t before = 10 * US; before <= 5 * MS; before += MS / 2)
		check_wrap(before);
	check_wrap(2 * MS - US);
}

/* Held through a round that has many isolators, a thread does not stop it. */
static void g6_joining_a_round_is_always_allowed(void)
{
	rdv_domain *d;
	struct actor *a, *b, *h;

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
		clock_pass(MS);
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
	clock_pass(MS);
	actor_do(a, do_release);
	assert_goes(b, do_isolate, QUEUED);
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
	const uint64_t end = noon + MS + MS / 2;
	struct timespec deadline = {.tv_sec = end / RDV_NSEC_PER_SEC,
				    .tv_nsec = end % RDV_NSEC_PER_SEC};
	rdv_domain *d = domain_of_patience(MS);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *h = actor_member(d, "held");

	actor_do(b, do_now);
	actor_hold_for(h, a, MS);
	b->deadline = &deadline;
	assert_goes(b, do_isolate_until, QUEUED);
	actor_expire(b);
	assert_done(b, -ETIMEDOUT);
	assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
	assert_false(actor_wants(b));
	assert_int_equal(d->queued, 0);
	assert_int_equal(d->ctl % RDV_CTL_ROUND, 0);
	assert_goes(a, do_isolate, QUEUED); /* barred, in its place */
	shim_resume(h->shim);
	assert_where(h, DONE);
	assert_where(a, GATHERING);
	actor_do(h, do_now);
	actor_do(b, do_now);
	assert_where(a, DONE);
	actor_do(a, do_release);
}

/* When the held have run, the isolators that were barred are not all served in one go. */
static void g6_the_barred_compete(void)
{
	rdv_domain *d = domain_of_patience(MS);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *h = actor_member(d, "held");
	struct actor *first, *second;
	int i;

	actor_do(b, do_now);
	for (i = 0; i < 4; i++) {
		first = i % 2 ? a : b;
		second = i % 2 ? b : a;
		actor_hold_for(h, a, MS);
		d->turn_began = (uint32_t)(SHIM_GET(shim.clock_ns) / US);
		actor_do(a, do_now);
		assert_goes(first, do_isolate, QUEUED);
		assert_goes(second, do_isolate, QUEUED);
		shim_resume(h->shim);
		assert_where(h, DONE);
		assert_where(first, GATHERING);
		assert_where(second, QUEUED);
		actor_do(h, do_now);
		assert_where(first, DONE);
		actor_do(first, do_release); /* the next round is another one */
		actor_do(first, do_now);
		assert_where(second, DONE);
		actor_do(second, do_release);
		actor_do(second, do_now);
		actor_do(a, do_end);
	}
}

/* ------------------------------------------------------------- waking the held */

enum { CROWD = 20 };

/* Each sleeps once; the releaser wakes a few, and these the others. */
static void p10_the_held_sleep_once(void)
{
	struct actor *a, *h[CROWD];
	rdv_domain *d;
	int i;

	clock_set(noon);
	shim.cpus = 1;
	d = unit_domain();
	a = actor_member(d, "a");
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

/* After a long round more are woken at once: that is cheap then. */
static void p10_all_are_woken_after_a_long_round(void)
{
	struct actor *a, *h[CROWD];
	rdv_domain *d;
	int i;

	clock_set(noon);
	shim.cpus = 1;
	d = unit_domain();
	a = actor_member(d, "a");
	for (i = 0; i < CROWD; i++) {
		h[i] = actor_member(d, "held");
		actor_do(h[i], do_now);
	}
	actor_do(a, do_isolate);
	for (i = 0; i < CROWD; i++) {
		assert_goes(h[i], do_end, HELD);
		shim_stop_at(h[i]->shim, SHIM_AFTER_WAIT);
	}
	clock_pass(CROWD * US);
	actor_do(a, do_release);
	for (i = 0; i < CROWD; i++)
		assert_where(h[i], STOPPED);
	for (i = 0; i < CROWD; i++) {
		shim_resume(h[i]->shim);
		assert_where(h[i], DONE);
	}
}

/* Those who were woken get no CPU.  Whoever opens the gate later must not rely on them. */
static void check_lost(uint64_t start)
{
	struct actor *a, *h[4];
	rdv_domain *d;
	int i, awake = 0;

	shim.cpus = 1;
	d = domain_of_patience(INT64_MAX);
	clock_set(start);
	shim_count_from_here();
	a = actor_member(d, "a");
	for (i = 0; i < 4; i++) {
		h[i] = actor_member(d, "held");
		actor_do(h[i], do_now);
	}
	actor_do(a, do_isolate);
	for (i = 0; i < 4; i++) {
		assert_goes(h[i], do_end, HELD);
		shim_stop_at(h[i]->shim, SHIM_AFTER_WAIT);
	}
	actor_do(a, do_release);
	for (i = 0; i < 4; i++)
		awake += actor_where(h[i]) == STOPPED;
	assert_int_equal(awake, 2);
	assert_does(a, do_isolate_try, 0);
	actor_do(a, do_release);
	assert_int_equal(SHIM(wakes), 1);
	clock_pass(MS + US);
	assert_does(a, do_isolate_try, 0);
	actor_do(a, do_release);
	for (i = 0; i < 4; i++)
		assert_where(h[i], STOPPED);
	for (i = 0; i < 4; i++) {
		shim_resume(h[i]->shim);
		assert_where(h[i], DONE);
	}
	unit_clear();
}

static void g3_a_wake_up_is_lost(void)
{
	check_lost(noon);
	check_lost(wrap - US);
	check_lost(wrap);
	check_lost(wrap - MS / 2);
}

/* After 2^14 rounds ctl is what it was, for a thread on its way to sleep, too. */
static void g3_the_round_returns(void)
{
	rdv_domain *d = domain_of_patience(INT64_MAX);
	struct actor *a = actor_member(d, "a"), *h = actor_member(d, "held");
	uint32_t ctl;

	actor_do(h, do_now);
	actor_do(a, do_isolate);
	ctl = d->ctl;
	shim_stop_at(h->shim, SHIM_BEFORE_WAIT);
	assert_goes(h, do_end, STOPPED);
	actor_do(a, do_release);
	actor_do(a, do_isolate);
	d->ctl = ctl;
	shim_resume(h->shim);
	assert_where(h, HELD);
	d->ctl = ctl - RDV_CTL_ROUND;
	actor_do(a, do_release);
	assert_where(h, DONE);
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
	UNIT(g5_the_round_wraps, BOTH),
	UNIT(g6_isolators_are_served_in_the_order_in_which_they_asked, ALL),
	UNIT(g6_the_order_when_tickets_wrap, BOTH),
	UNIT(g6_leaders_that_give_up_open_the_gate, BOTH),
	UNIT(g6_giving_up_counts_for_one_round, BOTH),
	UNIT(g6_nobody_is_served_twice_in_a_round, ALL),
	UNIT(g6_a_turn_ends, BOTH),
	UNIT(g6_a_turn_of_short_rounds_ends, BOTH),
	UNIT(g6_a_turn_ends_when_the_coarse_clock_is_wrong, BOTH),
	UNIT(g6_a_turn_begins_with_the_hand_over, BOTH),
	UNIT(g6_a_turn_ends_when_the_clock_wraps, ONLY_PLAIN),
	UNIT(g6_one_is_woken_to_compete, BOTH),
	UNIT(g8_who_was_woken_to_compete_gives_up, BOTH),
	UNIT(g6_an_isolator_competes, BOTH),
	UNIT(g6_a_competing_isolator_queues, BOTH),
	UNIT(g6_the_held_are_woken_while_one_competes, BOTH),
	UNIT(g6_a_window_is_as_long_as_the_gate_was_closed, BOTH),
	UNIT(g6_no_window_where_the_gate_is_mostly_open, BOTH),
	UNIT(g6_windows_grow_for_one_that_misses_them, BOTH),
	UNIT(g6_a_window_has_a_bound, BOTH),
	UNIT(g6_the_held_run_before_a_barred_isolator, BOTH),
	UNIT(g3_a_window_ends_without_the_held, BOTH),
	UNIT(g3_the_bar_falls_before_it_sleeps, BOTH),
	UNIT(g6_all_the_held_run_first, BOTH),
	UNIT(g6_no_patience, BOTH),
	UNIT(g6_huge_patience, BOTH),
	UNIT(g6_patience_when_the_clock_wraps, ONLY_PLAIN),
	UNIT(g6_joining_a_round_is_always_allowed, BOTH),
	UNIT(g6_whoever_stops_waiting_bars_nobody, BOTH),
	UNIT(g6_a_barred_isolator_outlives_a_timeout, BOTH),
	UNIT(g8_no_trace_of_a_barred_isolator, BOTH),
	UNIT(g6_the_barred_compete, BOTH),
	UNIT(p10_the_held_sleep_once, BOTH),
	UNIT(p10_all_are_woken_after_a_long_round, BOTH),
	UNIT(g3_a_wake_up_is_lost, BOTH),
	UNIT(g3_the_round_returns, BOTH),
	UNIT(g3_the_woken_come_too_late, BOTH),
	UNIT(g3_a_slow_one_keeps_nobody, BOTH),
	UNIT(g3_those_who_do_not_run_wake_the_others, ALL),
	UNIT(g3_the_held_are_on_their_way_to_sleep, BOTH),
};

UNIT_MAIN("round", cases)
