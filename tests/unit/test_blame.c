/* SPDX-License-Identifier: MIT */
/*
 * Who was waited for: the one who was last, always, by whatever way it becomes
 * harmless; and who is waited for now.
 */
#include "unit.h"

#include <rdv/stats.h>

enum { N = 4 };

static struct rdv_stats stats_of(const rdv_domain *d)
{
	struct rdv_stats stats;

	rdv_domain_stats(d, &stats, sizeof(stats));
	return stats;
}

static struct rdv_thread_stats thread_of(const struct actor *a)
{
	struct rdv_thread_stats threads[N + 1];
	size_t i, n = rdv_domain_thread_stats(a->domain, threads, N + 1,
					      sizeof(threads[0]));

	for (i = 0; i < n; i++)
		if (threads[i].kernel_tid == a->tid)
			return threads[i];
	fail();
	return threads[0];
}

static void assert_blames(const struct actor *a, const struct actor *laggard)
{
	struct rdv_delay delay;
	struct rdv_stats s = stats_of(a->domain);

	assert_int_equal(rdv_thread_last_delay(a->self, &delay), 0);
	assert_string_equal(delay.name, laggard->name);
	assert_int_equal(delay.id, rdv_thread_id(laggard->self));
	assert_int_equal(delay.kernel_tid, laggard->tid);
	assert_int_equal(s.last_delay.id, delay.id);
	assert_string_equal(s.last_delay.name, laggard->name);
	assert_true(s.last_delay.ns == delay.ns);
	assert_true(s.worst_delay.ns >= delay.ns);
	assert_true(thread_of(laggard).worst_delay_ns >= delay.ns);
}

/* Each of them in turn is the last, in each way. */
static void a_planted_laggard_is_named(void)
{
	static actor_fn *const ways[] = {do_now, do_till_end, do_checkpoint, do_isolate};
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "leader"), *b[N];
	unsigned way;
	int last, i;

	b[0] = actor_member(d, "zero");
	b[1] = actor_member(d, "one");
	b[2] = actor_member(d, "two");
	b[3] = actor_member(d, "three");
	for (way = 0; way < 4; way++) {
		for (last = 0; last < N; last++) {
			assert_goes(a, do_isolate, GATHERING);
			for (i = 0; i < N; i++)
				if (i != last)
					actor_do(b[i], do_now);
			assert_where(a, GATHERING);
			actor_go(b[last], ways[way]);
			assert_where(a, DONE);
			assert_blames(a, b[last]);
			actor_go(a, do_release);
			if (ways[way] == do_isolate) {
				actor_wait(b[last]);
				actor_do(b[last], do_release);
			}
			actor_wait(a);
			for (i = 0; i < N; i++) {
				actor_wait(b[i]);
				if (actor_state(b[i]) != RDV_STATE_RUNNING)
					actor_do(b[i], do_end);
			}
		}
	}
}

/* Those that came before look as if they had come now: the leader slept all the while. */
static void a_leader_that_is_interrupted_names_it_too(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	assert_goes(a, do_isolate, GATHERING);
	actor_do(b, do_now);
	shim_stop_at(c->shim, SHIM_BEFORE_WAKE);
	assert_goes(c, do_now, STOPPED);
	actor_interrupt(a); /* and finds that nobody is missing */
	assert_where(a, DONE);
	shim_resume(c->shim);
	assert_where(c, DONE);
	assert_blames(a, c);
	actor_do(a, do_release);
}

static void nobody_is_blamed_for_nothing(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct rdv_delay delay;
	struct rdv_stats s;

	assert_int_equal(rdv_thread_last_delay(a->self, &delay), -ENOENT);
	s = stats_of(d);
	assert_int_equal(s.last_delay.id, -1);
	assert_goes(a, do_isolate, GATHERING);
	actor_do(b, do_now);
	actor_wait(a);
	actor_do(a, do_release);
	assert_blames(a, b);
	actor_do(a, do_isolate);
	assert_int_equal(rdv_thread_last_delay(a->self, &delay), -ENOENT);
	actor_do(a, do_release);
	/* the worst one is remembered, but not when another has its id */
	assert_true(thread_of(b).worst_delay_ns > 0);
	actor_stop(b);
	b = actor_member(d, "other");
	assert_int_equal(thread_of(b).worst_delay_ns, 0);
	assert_string_equal(stats_of(d).worst_delay.name, "b");
}

static void assert_blocked_by(const rdv_domain *d, const struct actor *a, uint32_t why)
{
	struct rdv_blocker b;

	assert_int_equal(rdv_domain_blockers(d, &b, 1, sizeof(struct rdv_blocker)), 1);
	assert_int_equal(b.id, rdv_thread_id(a->self));
	assert_int_equal(b.kernel_tid, a->tid);
	assert_int_equal(b.why, why);
	assert_string_equal(b.name, a->name);
	assert_true(b.since > 0);
}

/* Of another version: the elements are as large as the caller's. */
static void elements_are_as_large_as_the_caller_says(void)
{
	struct {
		struct rdv_blocker b;
		uint64_t more;
	} big[2];
	struct {
		struct rdv_thread_stats t;
		uint64_t more;
	} threads[3];
	struct {
		uint32_t id;
	} small[2];
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");
	int i;

	actor_member(d, "b");
	actor_member(d, "c");
	assert_goes(a, do_isolate, GATHERING);
	memset(big, 0x55, sizeof(big));
	memset(threads, 0x55, sizeof(threads));
	assert_int_equal(rdv_domain_blockers(d, &big[0].b, 2, sizeof(big[0])), 2);
	assert_int_equal(rdv_domain_thread_stats(d, &threads[0].t, 3, sizeof(threads[0])),
			 3);
	for (i = 0; i < 2; i++) {
		assert_int_equal(big[i].b.id, i + 1);
		assert_int_equal(big[i].more, 0);
		assert_int_equal(threads[i + 1].t.id, i + 1);
		assert_int_equal(threads[i + 1].more, 0);
	}
	memset(small, 0x55, sizeof(small));
	assert_int_equal(rdv_domain_blockers(d, (void *)small, 2, sizeof(small[0])), 2);
	assert_int_equal(small[0].id, 1);
	assert_int_equal(small[1].id, 2);
	memset(small, 0x55, sizeof(small));
	assert_int_equal(rdv_domain_thread_stats(d, (void *)small, 2, sizeof(small[0])),
			 3);
	assert_int_equal(small[1].id, 1);
}

static void isolate_nested(struct actor *a)
{
	rdv_isolate_at(a->self, "here, by hand");
	rdv_isolate_at(a->self, "inside");
	rdv_release(a->self);
}

static void isolate_unnoted(struct actor *a)
{
	(rdv_isolate)(a->self);
}

/* Where the isolation was called is told of who is in the way, and of the longest. */
static void where_it_isolated_is_told(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct rdv_blocker blocker;
	struct rdv_delay delay;
	struct rdv_stats s;

	shim.clock_ns = 1000000000;
	assert_goes(a, do_isolate, GATHERING);
	assert_int_equal(rdv_domain_blockers(d, &blocker, 1, sizeof(blocker)), 1);
	assert_string_equal(blocker.where, "");
	assert_goes(b, do_checkpoint, HELD);
	assert_where(a, DONE);
	assert_int_equal(rdv_thread_last_delay(a->self, &delay), 0);
	assert_string_equal(delay.where, "do_isolate");
	assert_string_equal(stats_of(d).last_delay.where, "do_isolate");
	assert_int_equal(stats_of(d).longest.id, -1);
	assert_int_equal(rdv_domain_blockers(d, &blocker, 1, sizeof(blocker)), 1);
	assert_string_equal(blocker.where, "do_isolate");
	SHIM_SET(shim.clock_ns, shim.clock_ns + 5000000);
	actor_do(a, do_release);
	actor_wait(b);
	s = stats_of(d);
	assert_int_equal(s.longest.id, rdv_thread_id(a->self));
	assert_string_equal(s.longest.name, "a");
	assert_string_equal(s.longest.where, "do_isolate");
	assert_true(s.longest.ns == 5000000);
	/* a shorter one changes nothing */
	actor_do(b, do_now);
	actor_do(a, do_isolate_try);
	actor_do(a, do_release);
	assert_true(stats_of(d).longest.ns == 5000000);
	/* the outermost counts; and the functions behind the macros note nothing */
	actor_do(a, isolate_nested);
	actor_go(b, do_end);
	assert_where(b, HELD);
	assert_int_equal(rdv_domain_blockers(d, &blocker, 1, sizeof(blocker)), 1);
	assert_string_equal(blocker.where, "here, by hand");
	actor_do(a, do_release);
	actor_wait(b);
	actor_do(b, do_now);
	actor_do(a, isolate_unnoted);
	actor_go(b, do_end);
	assert_where(b, HELD);
	assert_int_equal(rdv_domain_blockers(d, &blocker, 1, sizeof(blocker)), 1);
	assert_string_equal(blocker.where, "");
	actor_do(a, do_release);
	actor_wait(b);
}

static void blockers_are_those_awaited(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");
	struct rdv_blocker list[3];

	assert_int_equal(rdv_domain_blockers(d, list, 3, sizeof(struct rdv_blocker)), 0);
	assert_goes(a, do_isolate, GATHERING);
	assert_int_equal(rdv_domain_blockers(d, list, 3, sizeof(struct rdv_blocker)), 2);
	assert_int_equal(list[0].id, 1);
	assert_int_equal(list[1].id, 2);
	assert_true(list[0].since == list[1].since);
	assert_int_equal(rdv_domain_blockers(d, list, 1, sizeof(struct rdv_blocker)), 2);
	assert_int_equal(rdv_domain_blockers(d, NULL, 0, 0), 2);
	actor_do(b, do_now);
	assert_blocked_by(d, c, RDV_BLOCKER_RUNNING);
	actor_go(c, do_isolate);
	assert_where(a, DONE);
	assert_where(c, QUEUED);
	assert_blocked_by(d, a, RDV_BLOCKER_ISOLATED);
	actor_go(a, do_release);
	actor_wait(c);
	assert_where(a, HELD);
	assert_blocked_by(d, c, RDV_BLOCKER_ISOLATED);
	actor_do(c, do_release);
	actor_wait(a);
	actor_do(a, do_isolate_try);
	assert_int_equal(rdv_domain_blockers(d, list, 3, sizeof(struct rdv_blocker)), 0);
}

/* The gate is open, and an isolator waits for the held to run: they are what it waits for. */
static void the_held_block_the_barred(void)
{
	rdv_domain_attr attr = unit_attr();
	struct actor *a, *b, *h;
	rdv_domain *d;

	attr.patience_ns = RDV_PATIENCE_NONE;
	d = unit_domain_attr(&attr);
	a = actor_member(d, "a");
	b = actor_member(d, "b");
	h = actor_member(d, "held");
	actor_do(b, do_now);
	unit_clock_begin();
	actor_hold_for(h, a, 1000000);
	actor_do(a, do_now);
	assert_goes(b, do_isolate, QUEUED);
	assert_blocked_by(d, h, RDV_BLOCKER_HELD);
	shim_resume(h->shim);
	actor_wait(h);
	actor_do(h, do_now);
	actor_wait(b);
	actor_do(b, do_release);
}

static const struct unit_case cases[] = {
	UNIT(a_planted_laggard_is_named, ALL),
	UNIT(a_leader_that_is_interrupted_names_it_too, BOTH),
	UNIT(nobody_is_blamed_for_nothing, ALL),
	UNIT(elements_are_as_large_as_the_caller_says, ONLY_PLAIN),
	UNIT(where_it_isolated_is_told, BOTH),
	UNIT(blockers_are_those_awaited, ALL),
	UNIT(the_held_block_the_barred, BOTH),
};

UNIT_MAIN("blame", cases)
