/* SPDX-License-Identifier: MIT */
/*
 * Statistics: what is counted, the histograms, what is timed and what is not.  The
 * clock is the shim's, so a time is what the case says.
 */
#include "unit.h"
#include "inside/history.h"
#include "inside/record.h"

#include <rdv/stats.h>
#include <sys/wait.h>

enum { MS = 1000000 };

/* A clock that stands, far from 0 and just after a tick. */
static void stop_clock(void)
{
	shim.clock_step = 0;
	SHIM_SET(shim.clock_ns, 1000ull * SHIM_TICK_NS + 1000);
}

static void advance(uint64_t ns)
{
	SHIM_SET(shim.clock_ns, SHIM_GET(shim.clock_ns) + ns);
}

static struct rdv_stats stats_of(const rdv_domain *d)
{
	struct rdv_stats stats;

	memset(&stats, 0xff, sizeof(stats));
	assert_int_equal(rdv_domain_stats(d, &stats, sizeof(stats)), 0);
	assert_int_equal(stats.size, sizeof(stats));
	return stats;
}

#define assert_near(value, expected)                                \
	do {                                                        \
		assert_in_range(value, (expected) - (expected) / 8, \
				(expected) + (expected) / 8);       \
	} while (0)

/* ------------------------------------------------------------------- histograms */

static uint64_t middle_of(uint64_t ns)
{
	struct rdv_histogram h = {{0}};

	h.bucket[rdv_bucket(ns)] = 1;
	return rdv_histogram_percentile(&h, 50);
}

/* All small values, and those around each bound above. */
static void buckets_are_an_eighth_wide_on_either_side(void)
{
	uint64_t ns, from, to;
	unsigned i;

	for (ns = 0; ns < 100000; ns++)
		assert_near(middle_of(ns), ns);
	for (i = 0; i < RDV_HISTOGRAM_BUCKETS; i++) {
		from = rdv_histogram_bucket_floor(i);
		to = rdv_histogram_bucket_floor(i + 1) - 1;
		assert_int_equal(rdv_bucket(from), i);
		assert_int_equal(rdv_bucket(to), i);
		assert_near(middle_of(from), from);
		assert_near(middle_of(to), to);
	}
	assert_int_equal(rdv_bucket(UINT64_MAX), RDV_HISTOGRAM_BUCKETS - 1);
	assert_int_equal(rdv_histogram_bucket_floor(RDV_HISTOGRAM_BUCKETS), 1ull << 39);
}

static void percentiles(void)
{
	struct rdv_histogram h = {{0}};

	assert_int_equal(rdv_histogram_percentile(&h, 50), 0);
	assert_int_equal(rdv_histogram_mean(&h), 0);
	h.bucket[1] = 98;
	h.bucket[rdv_bucket(100)] = 1;
	h.bucket[rdv_bucket(10 * MS)] = 1;
	assert_int_equal(rdv_histogram_count(&h), 100);
	assert_int_equal(rdv_histogram_percentile(&h, -1), 1);
	assert_int_equal(rdv_histogram_percentile(&h, 0), 1);
	assert_int_equal(rdv_histogram_percentile(&h, 98), 1);
	assert_near(rdv_histogram_percentile(&h, 98.5), 100);
	assert_near(rdv_histogram_percentile(&h, 99), 100);
	assert_near(rdv_histogram_percentile(&h, 99.1), 10 * MS);
	assert_near(rdv_histogram_percentile(&h, 100), 10 * MS);
	assert_near(rdv_histogram_percentile(&h, 1000), 10 * MS);
	assert_near(rdv_histogram_mean(&h), 100002);
}

/* ------------------------------------------------------------------- the struct */

static void an_older_or_newer_struct_is_filled_as_far_as_known(void)
{
	struct {
		struct rdv_stats s;
		char more[64];
	} big;
	rdv_domain_attr attr = unit_attr();
	rdv_domain *d;

	attr.name = "named";
	d = unit_domain_attr(&attr);
	memset(&big, 0x55, sizeof(big));
	assert_int_equal(rdv_domain_stats(d, &big.s, sizeof(big)), 0);
	assert_int_equal(big.s.size, sizeof(big.s));
	assert_int_equal(big.more[0], 0);
	assert_int_equal(big.more[63], 0);
	assert_string_equal(big.s.name, "named");
	assert_int_equal(big.s.max_threads, 64);
	assert_int_equal(big.s.fence, d->biased);
	memset(&big, 0x55, sizeof(big));
	assert_int_equal(rdv_domain_stats(d, &big.s, offsetof(struct rdv_stats, rounds)),
			 0);
	assert_int_equal(big.s.size, offsetof(struct rdv_stats, rounds));
	assert_int_equal(big.s.isolations, 0);
	assert_int_equal(big.s.rounds, 0x5555555555555555);
	assert_int_equal(rdv_domain_stats(d, &big.s, 3), -EINVAL);
	assert_int_equal(rdv_domain_stats(d, &big.s, 4), 0);
}

/* P12: all that a default domain and a thread take, with malloc's own. */
static void memory_is_within_its_limits(void)
{
	size_t domain = sizeof(rdv_domain) + 4 * 128 + sizeof(struct rdv_history) +
			1024 * sizeof(struct rdv_member *);

	assert_in_range(domain, 1, 16384 - 256);
	assert_in_range(sizeof(struct rdv_member), 1, 256);
}

/* --------------------------------------------------------------------- isolations */

static void the_first_isolations_of_a_tick_are_timed(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");
	struct rdv_stats s;
	int i;

	stop_clock();
	for (i = 0; i < RDV_TIMED; i++) {
		actor_do(a, do_isolate);
		advance(1000);
		actor_do(a, do_release);
	}
	s = stats_of(d);
	assert_int_equal(s.isolations, RDV_TIMED);
	assert_int_equal(s.rounds, RDV_TIMED);
	assert_int_equal(s.isolated.bucket[rdv_bucket(1000)], RDV_TIMED);
	assert_int_equal(s.to_isolation.bucket[0], RDV_TIMED);
	assert_int_equal(s.to_release.bucket[0], RDV_TIMED);
	assert_int_equal(rdv_histogram_count(&s.to_release), RDV_TIMED);
}

/* Those beyond are counted with the last that was; one that takes long is not. */
static void the_others_are_counted_unless_they_take_long(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");
	struct rdv_stats s;
	int i;

	stop_clock();
	for (i = 0; i < 100; i++) {
		actor_do(a, do_isolate);
		if (i < RDV_TIMED)
			advance(1000);
		actor_do(a, do_release);
	}
	s = stats_of(d);
	assert_int_equal(s.isolated.bucket[rdv_bucket(1000)], 100);
	actor_do(a, do_isolate);
	advance(100 * MS);
	actor_do(a, do_release);
	s = stats_of(d);
	assert_int_equal(s.isolations, 101);
	assert_int_equal(s.isolated.bucket[rdv_bucket(1000)], 100);
	assert_int_equal(rdv_histogram_count(&s.isolated), 101);
	assert_in_range(rdv_histogram_percentile(&s.isolated, 100), 92 * MS, 106 * MS);
	assert_int_equal(rdv_histogram_count(&s.to_isolation), 101);
}

/* What an operator does once a minute is there, always: whatever happened before. */
static void a_rare_long_one_is_always_there(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct rdv_stats s;
	uint64_t longest;
	int before, i;

	actor_do(b, do_now);
	stop_clock();
	for (before = 0; before < 40; before++) {
		for (i = 0; i < before; i++) {
			actor_do(a, do_isolate);
			actor_do(a, do_release);
			advance(100);
		}
		actor_do(a, do_isolate);
		advance(10 * MS);
		actor_do(a, do_release);
		s = stats_of(d);
		for (longest = 0, i = 0; i < (int)RDV_HISTOGRAM_BUCKETS; i++)
			if (rdv_histogram_bucket_floor((unsigned)i) >= 7 * MS)
				longest += s.isolated.bucket[i];
		assert_int_equal(longest, before + 1);
		assert_int_equal(rdv_histogram_count(&s.isolated), s.isolations);
		advance(60000ull * MS);
	}
}

static void waiting_isolations_are_timed_exactly(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct rdv_stats s;
	int i;

	stop_clock();
	actor_do(b, do_now);
	for (i = 0; i < 30; i++) {
		actor_do(a, do_isolate);
		actor_do(a, do_release);
	}
	actor_do(b, do_end);
	assert_goes(a, do_isolate, GATHERING);
	advance(5 * MS);
	actor_do(b, do_now);
	actor_wait(a);
	s = stats_of(d);
	assert_int_equal(s.to_isolation.bucket[rdv_bucket(5 * MS)], 1);
	assert_int_equal(s.isolations, 31);
	assert_int_equal(s.rounds, 31);
	assert_goes(b, do_isolate, QUEUED);
	advance(3 * MS);
	actor_go(a, do_release);
	actor_wait(b);
	s = stats_of(d);
	assert_int_equal(s.isolated.bucket[rdv_bucket(3 * MS)], 1);
	assert_int_equal(s.to_isolation.bucket[rdv_bucket(3 * MS)], 1);
	assert_int_equal(s.rounds, 31);
	assert_where(a, HELD);
	advance(2 * MS);
	actor_do(b, do_release);
	actor_wait(a);
	s = stats_of(d);
	assert_int_equal(s.isolations, 32);
	assert_int_equal(s.isolated.bucket[rdv_bucket(2 * MS)], 1);
	assert_int_equal(s.to_release.bucket[rdv_bucket(2 * MS)], 1);
	assert_int_equal(s.held.bucket[rdv_bucket(2 * MS)], 1);
	assert_int_equal(s.held_waits, 1);
}

/* More than the log of a thread holds, so that some are in it and some are not. */
static void each_time_held_is_counted_once(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct rdv_stats s;
	unsigned i;

	stop_clock();
	actor_do(b, do_now);
	for (i = 1; i <= 40; i++) {
		actor_do(a, do_isolate);
		assert_goes(b, do_end, HELD);
		advance(1 * MS);
		actor_do(a, do_release);
		actor_wait(b);
		actor_do(b, do_now);
		s = stats_of(d);
		assert_int_equal(s.held_waits, i);
		assert_int_equal(s.held.bucket[rdv_bucket(1 * MS)], i);
		assert_int_equal(rdv_histogram_count(&s.to_release), i);
	}
}

static void failures_are_counted(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct rdv_stats s;

	actor_do(a, do_isolate_try); /* b runs */
	assert_ret(a, -EBUSY);
	a->deadline = &unit_past;
	assert_does(a, do_isolate_until, -ETIMEDOUT);
	actor_do(b, do_now);
	actor_do(a, do_isolate);
	actor_do(b, do_isolate_try); /* a round is on */
	assert_ret(b, -EBUSY);
	actor_do(a, do_release);
	s = stats_of(d);
	assert_int_equal(s.tries_failed, 2);
	assert_int_equal(s.timeouts_failed, 1);
	assert_int_equal(s.isolations, 1);
	assert_int_equal(s.rounds, 3);
	assert_int_equal(rdv_histogram_count(&s.to_isolation), 1);
}

static void system_calls_are_counted(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct rdv_stats s;

	shim_count_from_here();
	assert_goes(a, do_isolate, GATHERING);
	actor_go(b, do_isolate);
	actor_wait(a);
	assert_where(b, QUEUED);
	actor_go(a, do_release);
	actor_wait(b);
	assert_where(a, HELD);
	actor_do(b, do_release);
	actor_wait(a);
	actor_do(a, do_want);
	assert_goes(a, do_enter, SYNCING);
	actor_go(b, do_enter);
	actor_wait(a);
	actor_go(a, do_exit);
	actor_wait(b);
	actor_do(b, do_exit);
	actor_wait(a);
	s = stats_of(d);
	assert_int_equal(s.futex_waits, SHIM(waits));
	assert_int_equal(s.futex_wakes, SHIM(wakes));
	assert_int_equal(s.membarriers, SHIM(fences));
	assert_true(s.futex_waits >= 4);
}

/* What a thread has done stays when it is gone, and when another has its slot. */
static void threads_come_and_go(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b;
	struct rdv_stats s;
	int i;

	for (i = 0; i < 3; i++) {
		b = actor_member(d, "b");
		actor_do(a, do_now);
		actor_do(b, do_isolate);
		actor_do(b, i ? do_unregister : do_release);
		actor_do(a, do_end);
		actor_stop(b);
	}
	s = stats_of(d);
	assert_int_equal(s.threads, 1);
	assert_int_equal(s.threads_max, 2);
	assert_int_equal(s.isolations, 3);
	assert_int_equal(rdv_histogram_count(&s.isolated), 3);
	assert_int_equal(rdv_histogram_count(&s.to_release), 3);
	actor_stop(a);
	s = stats_of(d);
	assert_int_equal(s.threads, 0);
	assert_int_equal(s.isolations, 3);
}

/* --------------------------------------------------------------------------- fork */

static void look_as_a_child(void *arg)
{
	rdv_domain *d = arg;
	rdv_thread *self = rdv_thread_self(d);
	struct rdv_stats s;

	rdv_domain_stats(d, &s, sizeof(s));
	CHECK(NULL, s.isolations == 1 && s.rounds == 1 && s.held_waits == 0);
	CHECK(NULL, s.threads == 1 && s.threads_max == 1);
	CHECK(NULL, rdv_histogram_count(&s.to_isolation) == 1);
	CHECK(NULL, rdv_histogram_count(&s.isolated) == 0);
	CHECK(NULL, rdv_member_of(self)->record.tid == getpid());
	rdv_release(self);
	rdv_domain_stats(d, &s, sizeof(s));
	CHECK(NULL, s.isolations == 1 && rdv_histogram_count(&s.isolated) == 1);
}

static void do_fork(struct actor *a)
{
	a->ret = unit_child(look_as_a_child, a->domain);
}

static void g10_a_child_begins_anew(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct rdv_stats s;
	int i;

	actor_do(b, do_now);
	for (i = 0; i < 50; i++) {
		actor_do(a, do_isolate);
		actor_do(a, do_release);
	}
	actor_do(a, do_isolate);
	assert_goes(b, do_end, HELD);
	assert_does(a, do_fork, 0);
	actor_do(a, do_release);
	actor_wait(b);
	s = stats_of(d);
	assert_int_equal(s.isolations, 51);
	assert_int_equal(s.held_waits, 1);
}

static const struct unit_case cases[] = {
	UNIT(buckets_are_an_eighth_wide_on_either_side, ONLY_PLAIN),
	UNIT(percentiles, ONLY_PLAIN),
	UNIT(an_older_or_newer_struct_is_filled_as_far_as_known, BOTH),
	UNIT(memory_is_within_its_limits, ONLY_PLAIN),
	UNIT(the_first_isolations_of_a_tick_are_timed, BOTH),
	UNIT(the_others_are_counted_unless_they_take_long, BOTH),
	UNIT(a_rare_long_one_is_always_there, BOTH),
	UNIT(waiting_isolations_are_timed_exactly, BOTH),
	UNIT(each_time_held_is_counted_once, BOTH),
	UNIT(failures_are_counted, ALL),
	UNIT(system_calls_are_counted, ALL),
	UNIT(threads_come_and_go, ALL),
	UNIT(g10_a_child_begins_anew, BOTH),
};

UNIT_MAIN("stats", cases)
