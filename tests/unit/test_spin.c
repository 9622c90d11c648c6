/* SPDX-License-Identifier: MIT */
/*
 * Spinning (G7): bounded, adaptive, not for more threads than there are processors
 * to spare.  The clock is the test's own, and moves with each look at it.
 */
#include "unit.h"
#include "spin.h"

#include <errno.h>

enum { US = 1000, STEP = 100, SPARE = 3 };

/* A member may run on so many. */
static rdv_domain *spinning_domain(uint32_t spin_ns, int cpus)
{
	rdv_domain_attr attr = unit_attr();
	rdv_domain *d;

	shim.cpus = cpus;
	attr.spin_ns = spin_ns;
	d = unit_domain_attr(&attr);
	rdv_spin_joined(d);
	return d;
}

static void clock_moves(uint64_t step)
{
	shim.clock_ns = 1000000000;
	shim.clock_step = step;
}

/* Spins until it is told not to, and then sleeps; returns for how long it has spun. */
static uint64_t spin_and_sleep(rdv_domain *d, enum rdv_spin_kind kind, uint64_t sleep_ns)
{
	struct rdv_spin spin;
	uint64_t start = shim.clock_ns, spun;

	rdv_spin_begin(&spin, d, kind, NULL);
	while (rdv_spin_once(&spin))
		;
	assert_false(rdv_spin_once(&spin)); /* and from then on */
	spun = shim.clock_ns - start;
	shim.clock_ns += sleep_ns;
	rdv_spin_end(&spin);
	return spun;
}

/* It was in vain. */
static uint64_t spin_out(rdv_domain *d, enum rdv_spin_kind kind)
{
	return spin_and_sleep(d, kind, 1000 * US);
}

/* What is waited for comes after so many turns. */
static void spin_and_win(rdv_domain *d, enum rdv_spin_kind kind, int turns)
{
	struct rdv_spin spin;

	rdv_spin_begin(&spin, d, kind, NULL);
	while (turns-- && rdv_spin_once(&spin))
		;
	rdv_spin_end(&spin);
}

static void g7_spinning_is_bounded(void)
{
	rdv_domain *d = spinning_domain(0, 1 + SPARE);
	uint64_t first, later;
	int i;

	clock_moves(STEP);
	first = spin_out(d, RDV_SPIN_HELD);
	assert_true(first > 0 && first <= 50 * US + 2 * STEP);
	for (i = 0; i < 100; i++)
		later = spin_out(d, RDV_SPIN_HELD);
	/* it never paid: next to nothing, but not nothing */
	assert_true(later > 0 && later <= 1 * US);
	assert_int_equal(d->spinners, 0);
}

static void g7_the_limit_follows_what_paid(void)
{
	rdv_domain *d = spinning_domain(0, 1 + SPARE);
	uint32_t low, high;
	int i;

	clock_moves(STEP);
	for (i = 0; i < 100; i++)
		spin_out(d, RDV_SPIN_GATHER);
	low = d->spin_ns[RDV_SPIN_GATHER];
	clock_moves(STEP);
	d->spin_ns[RDV_SPIN_GATHER] = 20 * US;
	for (i = 0; i < 100; i++)
		spin_and_win(d, RDV_SPIN_GATHER, 400); /* some 100 looks: 10 us */
	high = d->spin_ns[RDV_SPIN_GATHER];
	assert_true(high > 15 * US && high < 30 * US);
	assert_true(low < 1 * US);
	/* each kind of wait for itself */
	assert_int_equal(d->spin_ns[RDV_SPIN_HELD], 10 * US);
	/* and from below it finds its way up */
	d->spin_ns[RDV_SPIN_GATHER] = low;
	for (i = 0; i < 200; i++)
		spin_and_win(d, RDV_SPIN_GATHER, 12);
	assert_true(d->spin_ns[RDV_SPIN_GATHER] > low);
}

/* A user's cap is for spinning, not for what a sleep may cost. */
static void g7_a_high_cap_teaches_nothing(void)
{
	rdv_domain *d = spinning_domain(10000 * US, 1 + SPARE);
	struct rdv_spin spin;
	uint64_t start;
	int i;

	clock_moves(STEP);
	for (i = 0; i < 100; i++)
		spin_and_sleep(d, RDV_SPIN_HELD, 5000 * US);
	assert_in_range(d->spin_ns[RDV_SPIN_HELD], 1, 1 * US);
	start = shim.clock_ns;
	rdv_spin_begin(&spin, d, RDV_SPIN_ROUNDS, NULL);
	while (rdv_spin_once(&spin))
		rdv_spin_prolong(&spin);
	rdv_spin_end(&spin);
	assert_in_range(shim.clock_ns - start, 49 * US, 51 * US);
}

/* In ns it does not fit into 64 bits. */
static void g7_before_the_last_deadline_there_is(void)
{
	const struct timespec last = {
		.tv_sec = (time_t)(UINT64_MAX >> 1 >> (64 - 8 * sizeof(time_t)))};
	rdv_domain *d = spinning_domain(0, 1 + SPARE);
	struct rdv_spin spin;

	clock_moves(STEP);
	assert_true(rdv_spin_begin(&spin, d, RDV_SPIN_HELD, &last));
	assert_true(rdv_spin_once(&spin));
	rdv_spin_end(&spin);
}

/* A leader that waits for threads which all have CPUs begins with the cap; and finds its way
 * back to it, if it could not spin for so long for a while. */
static void g7_a_leader_spins_where_it_takes_nothing(void)
{
	rdv_domain *d = spinning_domain(0, 1 + SPARE);
	int i;

	clock_moves(97);
	assert_int_equal(rdv_spin_for(d, SPARE), RDV_SPIN_FREE);
	assert_int_equal(rdv_spin_for(d, SPARE + 1), RDV_SPIN_GATHER);
	d->spinners = 1; /* it needs a CPU too */
	assert_int_equal(rdv_spin_for(d, SPARE), RDV_SPIN_GATHER);
	d->spinners = 0;
	assert_in_range(spin_out(d, RDV_SPIN_FREE), 50 * US, 51 * US);
	for (i = 0; i < 100; i++)
		spin_out(d, RDV_SPIN_FREE);
	assert_in_range(d->spin_ns[RDV_SPIN_FREE], 1, 1 * US);
	for (i = 0; i < 200; i++)
		spin_and_win(d, RDV_SPIN_FREE, 1600); /* some 400 looks: 40 us */
	assert_int_equal(d->spin_ns[RDV_SPIN_FREE], 50 * US);
}

/* One that has bound itself first, or created the domain, does not count for all. */
static void g7_the_cpus_are_those_of_the_members(void)
{
	rdv_domain *d = spinning_domain(0, 1);

	assert_int_equal(d->cpus, 1);
	shim.cpus = 3;
	actor_member(d, "a");
	assert_int_equal(d->cpus, 3);
	shim.cpus = 1;
	actor_member(d, "b");
	assert_int_equal(d->cpus, 3);
}

/* A limit that is too low is found out: now and then a wait tries 10 us. */
static void g7_the_limit_is_probed(void)
{
	rdv_domain *d = spinning_domain(0, 1 + SPARE);
	int i, probes = 0;

	clock_moves(97); /* not in step with the ones that are chosen */
	for (i = 0; i < 1000; i++) {
		d->spin_ns[RDV_SPIN_HELD] = 1 * US;
		probes += spin_out(d, RDV_SPIN_HELD) > 9 * US;
	}
	assert_in_range(probes, 20, 200);
	for (i = 0; i < 1000 && d->spin_ns[RDV_SPIN_HELD] < 10 * US; i++)
		spin_and_win(d, RDV_SPIN_HELD, 200); /* some 50 looks: 5 us */
	assert_true(i < 1000);
}

static void g7_a_cap_is_kept(void)
{
	rdv_domain *d = spinning_domain(2 * US, 1 + SPARE);
	int i;

	clock_moves(STEP);
	for (i = 0; i < 50; i++) {
		spin_and_win(d, RDV_SPIN_GATHER, 60); /* some 15 looks: 1.5 us */
		assert_true(d->spin_ns[RDV_SPIN_GATHER] <= 2 * US);
	}
	assert_true(spin_out(d, RDV_SPIN_GATHER) <= 2 * US + 2 * STEP);
}

static void g7_the_smallest_and_the_largest_cap(void)
{
	struct timespec deadline = {.tv_sec = 1, .tv_nsec = 100 * US};
	rdv_domain *d = spinning_domain(1, 1 + SPARE);
	struct rdv_spin spin;

	clock_moves(STEP);
	assert_true(spin_out(d, RDV_SPIN_FREE) <= 2 * STEP);
	assert_true(spin_out(d, RDV_SPIN_ROUNDS) <= 2 * US);
	d = spinning_domain(RDV_SPIN_NEVER - 1, 1 + SPARE);
	d->spin_ns[RDV_SPIN_HELD] = RDV_SPIN_NEVER - 1;
	clock_moves(10 * US);
	assert_true(rdv_spin_begin(&spin, d, RDV_SPIN_HELD, &deadline));
	while (rdv_spin_once(&spin))
		;
	rdv_spin_end(&spin);
	assert_in_range(shim.clock_ns, 1000000000 + 100 * US, 1000000000 + 130 * US);
	spin_and_win(d, RDV_SPIN_HELD, 400);
	assert_in_range(d->spin_ns[RDV_SPIN_HELD], 1, RDV_SPIN_NEVER - 1);
}

static void g7_never_if_told_so_or_alone(void)
{
	rdv_domain *d = spinning_domain(RDV_SPIN_NEVER, 1 + SPARE);
	rdv_domain *e = spinning_domain(0, 1);

	clock_moves(STEP);
	assert_int_equal(spin_out(d, RDV_SPIN_HELD), 0);
	assert_int_equal(spin_out(e, RDV_SPIN_HELD), 0);
}

/* ... which does not fit in a cpu_set_t. */
static void g7_on_a_very_large_machine(void)
{
	rdv_domain *d;

	shim.deny_affinity = EINVAL;
	errno = 0;
	d = spinning_domain(0, 0);
	assert_int_equal(errno, 0);
	assert_int_equal(d->cpus, sysconf(_SC_NPROCESSORS_ONLN));
}

/* Returns for how long. */
static uint64_t waits_for_a_slot(struct rdv_spin *spin)
{
	uint64_t start = shim.clock_ns;

	while (rdv_spin_once(spin))
		;
	return shim.clock_ns - start;
}

static void g7_one_processor_is_left_to_the_others(void)
{
	rdv_domain *d = spinning_domain(0, 1 + SPARE);
	struct rdv_spin spin[SPARE + 1];
	int i;

	clock_moves(STEP);
	for (i = 0; i <= SPARE; i++)
		rdv_spin_begin(&spin[i], d, RDV_SPIN_HELD, NULL);
	assert_int_equal(d->spinners, SPARE);
	for (i = 0; i < SPARE; i++)
		assert_true(rdv_spin_once(&spin[i]));
	assert_true(waits_for_a_slot(&spin[SPARE]) <= 1 * US + STEP);
	rdv_spin_end(&spin[SPARE]);
	rdv_spin_end(&spin[0]);
	assert_int_equal(d->spinners, SPARE - 1);
	rdv_spin_begin(&spin[0], d, RDV_SPIN_HELD, NULL);
	assert_true(rdv_spin_once(&spin[0]));
	for (i = 0; i < SPARE; i++)
		rdv_spin_end(&spin[i]);
	assert_int_equal(d->spinners, 0);
}

/* The one who is passed the token is about to stop spinning; who passed it takes over. */
static void g7_a_slot_that_becomes_free(void)
{
	rdv_domain *d = spinning_domain(0, 2);
	struct rdv_spin first, second;
	uint64_t start;

	clock_moves(STEP);
	rdv_spin_begin(&first, d, RDV_SPIN_GATHER, NULL);
	rdv_spin_begin(&second, d, RDV_SPIN_HELD, NULL);
	assert_true(rdv_spin_once(&second));
	rdv_spin_end(&first);
	assert_int_equal(d->spinners, 0);
	start = shim.clock_ns;
	while (rdv_spin_once(&second) && shim.clock_ns - start < 5 * US)
		;
	assert_true(rdv_spin_once(&second));
	assert_int_equal(d->spinners, 1);
	rdv_spin_end(&second);
	assert_int_equal(d->spinners, 0);
}

/* Competing goes on for as long as rounds end, up to the cap, and looks seldom. */
static void g7_competing_is_bounded(void)
{
	rdv_domain *d = spinning_domain(0, 2);
	struct rdv_spin spin;
	uint64_t start, looks;

	clock_moves(STEP);
	assert_in_range(spin_out(d, RDV_SPIN_ROUNDS), 9 * US, 11 * US);
	start = shim.clock_ns;
	assert_true(rdv_spin_begin(&spin, d, RDV_SPIN_ROUNDS, NULL));
	for (looks = 0; rdv_spin_once(&spin); looks++)
		rdv_spin_prolong(&spin);
	rdv_spin_end(&spin);
	assert_in_range(shim.clock_ns - start, 49 * US, 51 * US);
	assert_in_range(looks, 40, 50);
	assert_int_equal(d->spinners, 0);
	unit_destroy(d);
	d = spinning_domain(2 * US, 2);
	assert_in_range(spin_out(d, RDV_SPIN_ROUNDS), 1 * US, 3 * US);
	unit_destroy(d);
	d = spinning_domain(RDV_SPIN_NEVER, 2);
	assert_false(rdv_spin_begin(&spin, d, RDV_SPIN_ROUNDS, NULL));
}

/* A held thread, by a clock of our own. */
struct held_view {
	int ret;           /* of its first sleep */
	uint32_t round_us; /* what the last round took */
	uint64_t round_ns; /* a round ends so often, and another begins; 0: never */
	rdv_domain *domain;
	uint64_t round_ended;
	uint64_t slept[2], woken; /* when its sleeps began, when the first one ended */
	unsigned sleeps;
};

static void view(enum shim_place place, void *arg)
{
	struct held_view *v = arg;
	uint64_t now = SHIM_GET(shim.clock_ns);

	if (place == SHIM_BEFORE_WAIT && v->sleeps < 2)
		v->slept[v->sleeps++] = now;
	if (place == SHIM_AFTER_WAIT && v->sleeps == 1)
		v->woken = now;
	if (place == SHIM_AT_CLOCK && v->woken && v->round_ns &&
	    now - v->round_ended > v->round_ns) {
		v->round_ended = now;
		__atomic_fetch_add(&v->domain->ctl, RDV_CTL_ROUND, __ATOMIC_SEQ_CST);
	}
}

/* For how long it spins after its first sleep. */
static uint64_t spins_woken(rdv_domain *d, struct actor *a, struct actor *b,
			    struct held_view v)
{
	v.domain = d;
	d->spin_ns[RDV_SPIN_HELD] = US / 2;
	actor_do(b, do_now);
	actor_do(a, do_isolate);
	d->round_us = v.round_us;
	clock_moves(STEP);
	b->shim->hook_arg = &v;
	b->shim->hook = view;
	shim_return(b->shim, v.ret, 1);
	assert_goes(b, do_end, HELD);
	SHIM_SET(shim.clock_ns, 0);
	actor_do(a, do_release);
	assert_where(b, DONE);
	b->shim->hook = NULL;
	assert_int_equal(d->spinners, 0);
	assert_in_range(v.slept[0] - 1000000000, 1, 2 * US);
	return v.slept[1] - v.woken;
}

/* Otherwise each short round would end with a wake-up. */
static void g7_woken_in_vain(void)
{
	rdv_domain *d = spinning_domain(0, 2);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

#define SPINS(...) spins_woken(d, a, b, (struct held_view){__VA_ARGS__})
	assert_in_range(SPINS(.round_us = 6), 9 * US, 11 * US);
	assert_in_range(SPINS(.round_us = 6, .round_ns = 5 * US), 48 * US, 52 * US);
	assert_in_range(SPINS(.round_us = 10, .round_ns = 20 * US), 9 * US, 11 * US);
	/* as at first, if rounds are long, or if it was not woken */
	assert_in_range(SPINS(.round_us = 11, .round_ns = 5 * US), 1, 2 * US);
	assert_in_range(SPINS(.round_us = 6, .ret = -EINTR), 1, 2 * US);
#undef SPINS
}

/* Between two looks at the clock somebody else had the processor. */
static void g7_a_descheduled_thread_sleeps(void)
{
	rdv_domain *d = spinning_domain(1000 * US, 1 + SPARE);
	struct rdv_spin spin;
	int turns = 0;

	d->spin_ns[RDV_SPIN_HELD] = 1000 * US;
	clock_moves(STEP);
	rdv_spin_begin(&spin, d, RDV_SPIN_HELD, NULL);
	assert_true(rdv_spin_once(&spin));
	shim.clock_ns += 100 * US;
	while (rdv_spin_once(&spin))
		turns++;
	assert_true(turns < 16);
	rdv_spin_end(&spin);
	assert_int_equal(d->spinners, 0);
}

static void g7_not_if_it_is_late(void)
{
	rdv_domain *d = spinning_domain(0, 1 + SPARE);
	struct rdv_spin spin;

	rdv_spin_begin(&spin, d, RDV_SPIN_HELD, &unit_past);
	assert_false(rdv_spin_once(&spin));
	rdv_spin_end(&spin);
	rdv_spin_begin(&spin, d, RDV_SPIN_HELD, &unit_far);
	assert_true(rdv_spin_once(&spin));
	rdv_spin_end(&spin);
	assert_int_equal(d->spinners, 0);
}

/* A cap of the user's may be longer than the caller has time. */
static void g7_not_beyond_the_deadline(void)
{
	rdv_domain *d = spinning_domain(2000000 * US, 1 + SPARE);
	struct timespec deadline = {.tv_sec = 1, .tv_nsec = 5000 * US};
	struct rdv_spin spin;
	uint64_t start;

	d->spin_ns[RDV_SPIN_FREE] = 2000000 * US;
	clock_moves(STEP);
	start = shim.clock_ns;
	rdv_spin_begin(&spin, d, RDV_SPIN_FREE, &deadline);
	while (rdv_spin_once(&spin))
		;
	rdv_spin_end(&spin);
	assert_in_range(shim.clock_ns - start, 4999 * US, 5001 * US);
}

/* Waits of all kinds end asleep, and what they wait for still wakes them. */
static void g7_all_waits_end_asleep(void)
{
	rdv_domain *d = spinning_domain(0, 1 + SPARE);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");
	int i;

	for (i = 0; i < 10; i++) {
		assert_goes(a, do_isolate, GATHERING);
		assert_goes(b, do_isolate, QUEUED);
		assert_where(a, GATHERING);
		assert_goes(c, do_checkpoint, HELD);
		assert_where(a, DONE);
		actor_go(a, do_release);
		assert_where(b, DONE);
		assert_where(a, HELD);
		actor_do(b, do_release);
		assert_where(a, DONE);
		assert_where(c, DONE);
	}
}

static const struct unit_case cases[] = {
	UNIT(g7_spinning_is_bounded, ONLY_PLAIN),
	UNIT(g7_the_limit_follows_what_paid, ONLY_PLAIN),
	UNIT(g7_a_high_cap_teaches_nothing, ONLY_PLAIN),
	UNIT(g7_a_leader_spins_where_it_takes_nothing, ONLY_PLAIN),
	UNIT(g7_the_cpus_are_those_of_the_members, ONLY_PLAIN),
	UNIT(g7_the_limit_is_probed, ONLY_PLAIN),
	UNIT(g7_a_cap_is_kept, ONLY_PLAIN),
	UNIT(g7_the_smallest_and_the_largest_cap, ONLY_PLAIN),
	UNIT(g7_never_if_told_so_or_alone, ONLY_PLAIN),
	UNIT(g7_on_a_very_large_machine, ONLY_PLAIN),
	UNIT(g7_one_processor_is_left_to_the_others, ONLY_PLAIN),
	UNIT(g7_a_slot_that_becomes_free, ONLY_PLAIN),
	UNIT(g7_competing_is_bounded, ONLY_PLAIN),
	UNIT(g7_woken_in_vain, ONLY_PLAIN),
	UNIT(g7_a_descheduled_thread_sleeps, ONLY_PLAIN),
	UNIT(g7_not_if_it_is_late, ONLY_PLAIN),
	UNIT(g7_not_beyond_the_deadline, ONLY_PLAIN),
	UNIT(g7_before_the_last_deadline_there_is, ONLY_PLAIN),
	UNIT(g7_all_waits_end_asleep, BOTH),
};

UNIT_MAIN("spin", cases)
