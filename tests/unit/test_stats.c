/* SPDX-License-Identifier: MIT */
/*
 * Statistics: what is counted, the histograms, what is timed and what is not.  The
 * clock is the shim's, so a time is what the case says.
 */
#include "unit.h"
#include "inside/history.h"
#include "inside/record.h"

#include <malloc.h>
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

/*
 * P12: a member takes 256 bytes.  A default domain takes more than the 16 KiB of P12: its table
 * of members has 8 KiB, the three words that it has by id 12 KiB, and the histograms 6 KiB.
 */
static void memory_is_within_its_limits(void)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	rdv_domain *d = unit_domain_attr(&attr);

	assert_in_range(malloc_usable_size(d), 1, 29 * 1024);
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

/* The kernel's tick is late, and then the coarse clock jumps.  An isolation began after the
 * last one that was timed, whatever that clock says. */
static void a_jump_of_the_coarse_clock_is_no_isolation(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct rdv_stats s;
	int i;

	stop_clock();
	actor_do(b, do_now);
	for (i = 0; i < RDV_TIMED; i++) {
		actor_do(a, do_isolate);
		actor_do(a, do_release);
	}
	advance(1000 * MS);
	SHIM_SET(shim.coarse_late, 1000 * MS);
	actor_do(b, do_end);
	assert_goes(a, do_isolate, GATHERING); /* so it is timed */
	actor_do(b, do_now);
	actor_wait(a);
	actor_do(a, do_release);
	actor_do(a, do_isolate); /* not timed */
	advance(1000);
	SHIM_SET(shim.coarse_late, 0);
	actor_do(a, do_release);
	s = stats_of(d);
	assert_int_equal(rdv_histogram_count(&s.isolated), RDV_TIMED + 2);
	assert_in_range(rdv_histogram_percentile(&s.isolated, 100), 0, MS);
	assert_in_range(s.longest.ns, 0, MS);
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

/* ------------------------------------------------------------------- grace periods */

static struct rdv_retired items[100];
static unsigned next_item;

static void ignore(struct rdv_retired *item)
{
	(void)item;
}

static void ignore_and_exit(struct rdv_retired *item)
{
	(void)item;
	shim_call_end();
	pthread_exit(NULL);
}

static void do_retire(struct actor *a)
{
	CALL(a, rdv_retire(a->self, &items[next_item++], ignore));
}

static void do_retire_exit(struct actor *a)
{
	CALL(a, rdv_retire(a->self, &items[next_item++], ignore_and_exit));
}

static void do_run(struct actor *a)
{
	CALL(a, a->ret = (int)rdv_retire_run(a->self));
}

static void do_run_and_exit(struct actor *a)
{
	shim_call_begin();
	rdv_retire_run(a->self);
}

static void assert_delay(const struct rdv_delay *delay, const struct actor *of,
			 uint64_t ns)
{
	assert_int_equal(delay->id, rdv_thread_id(of->self));
	assert_int_equal(delay->kernel_tid, of->tid);
	assert_string_equal(delay->name, of->name);
	assert_string_equal(delay->where, "");
	assert_true(delay->ns == ns);
}

static void grace_periods_are_timed_and_blamed(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");
	struct rdv_stats s = stats_of(d);

	assert_int_equal(s.grace_periods, 0);
	assert_int_equal(s.last_grace.id, -1);
	assert_int_equal(s.worst_grace.id, -1);
	stop_clock();
	assert_goes(a, do_synchronize, ASKING);
	advance(2 * MS);
	actor_do(b, do_checkpoint);
	advance(3 * MS);
	assert_int_equal(stats_of(d).grace_periods, 0);
	actor_do(c, do_now);
	assert_where(a, DONE);
	s = stats_of(d);
	assert_int_equal(s.grace_periods, 1);
	assert_int_equal(rdv_histogram_count(&s.to_grace), 1);
	assert_int_equal(s.to_grace.bucket[rdv_bucket(5 * MS)], 1);
	assert_delay(&s.last_grace, c, 5 * MS);
	assert_delay(&s.worst_grace, c, 5 * MS);
	assert_goes(a, do_synchronize, ASKING);
	advance(1 * MS);
	actor_do(b, do_now);
	assert_where(a, DONE);
	s = stats_of(d);
	assert_int_equal(s.to_grace.bucket[rdv_bucket(1 * MS)], 1);
	assert_delay(&s.last_grace, b, 1 * MS);
	assert_delay(&s.worst_grace, c, 5 * MS);
	assert_int_equal(s.last_delay.id, -1);
	assert_int_equal(rdv_histogram_count(&s.to_isolation), 0);
	actor_do(b, do_end);
	actor_do(c, do_end);
}

/* Nobody runs, so nobody is blamed; also a thread that was harmless when it was asked. */
static void a_grace_period_without_a_wait_blames_nobody(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct rdv_stats s;
	int i;

	stop_clock();
	actor_do(b, do_now);
	for (i = 0; i < 20; i++)
		actor_do(a, do_synchronize);
	s = stats_of(d);
	assert_int_equal(s.grace_periods, 20);
	assert_int_equal(s.to_grace.bucket[0], 20);
	assert_int_equal(s.last_grace.id, -1);
	next_item = 0;
	actor_do(a, do_retire); /* it has to answer itself, alone */
	assert_does(a, do_run, 0);
	advance(1 * MS);
	actor_do(a, do_checkpoint);
	assert_does(a, do_run, 1);
	s = stats_of(d);
	assert_int_equal(s.grace_periods, 21);
	assert_int_equal(s.last_grace.id, -1);
	actor_do(a, do_isolate); /* it need not wait, and is not counted */
	actor_do(a, do_synchronize);
	actor_do(a, do_release);
	s = stats_of(d);
	assert_int_equal(s.grace_periods, 21);
	assert_int_equal(rdv_histogram_count(&s.to_grace), 20);
	actor_do(b, do_end);
	actor_do(a, do_retire); /* now b has to answer as well, and a is the last */
	assert_does(a, do_run, 0);
	actor_do(b, do_checkpoint);
	advance(1 * MS);
	actor_do(a, do_checkpoint);
	assert_does(a, do_run, 1);
	s = stats_of(d);
	assert_delay(&s.last_grace, a, 1 * MS);
}

/* Two callers, one grace period.  One more gives up. */
static void callers_that_share_and_give_up_are_counted(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");
	struct rdv_stats s;

	stop_clock();
	a->deadline = &unit_past;
	assert_does(a, do_synchronize_until, -ETIMEDOUT);
	s = stats_of(d);
	assert_int_equal(s.graces_failed, 1);
	assert_int_equal(s.grace_periods, 0);
	assert_int_equal(rdv_histogram_count(&s.to_grace), 0);
	assert_goes(a, do_synchronize,
		    ASKING); /* the one that is on is too early for these */
	assert_goes(b, do_synchronize, ASKING);
	actor_do(c, do_checkpoint);
	assert_where(a, ASKING);
	actor_do(c, do_checkpoint);
	assert_where(a, DONE);
	assert_where(b, DONE);
	s = stats_of(d);
	assert_int_equal(s.grace_periods, 2);
	assert_int_equal(rdv_histogram_count(&s.to_grace), 2);
	assert_int_equal(s.graces_failed, 1);
}

/* ------------------------------------------------------------------------- items */

static void assert_items(const rdv_domain *d, unsigned retired, unsigned waiting)
{
	struct rdv_stats s = stats_of(d);

	assert_int_equal(s.retired, retired);
	assert_int_equal(s.retired_waiting, waiting);
}

static void assert_waiting(const struct actor *a, unsigned waiting)
{
	struct rdv_thread_stats threads[4];
	size_t i, n = rdv_domain_thread_stats(a->domain, threads, 4, sizeof(threads[0]));

	for (i = 0; i < n && i < 4; i++)
		if (threads[i].kernel_tid == a->tid)
			assert_int_equal(threads[i].retired_waiting, waiting);
}

static void items_are_counted(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	next_item = 0;
	assert_items(d, 0, 0);
	actor_do(a, do_retire);
	actor_do(a, do_retire);
	actor_do(b, do_retire);
	assert_items(d, 3, 3);
	assert_waiting(a, 2);
	assert_waiting(b, 1);
	assert_does(a, do_run, 0);
	assert_items(d, 3, 3);
	actor_do(a, do_checkpoint);
	actor_do(b, do_checkpoint);
	assert_does(a, do_run, 2);
	assert_items(d, 3, 1);
	assert_waiting(a, 0);
	actor_do(b, do_now);
	actor_do(b, do_end);
	actor_do(b, do_unregister);
	assert_items(d, 3, 1); /* nobody has it */
	actor_do(a, do_retire);
	assert_does(a, do_run, 0);
	assert_waiting(a, 2);
	assert_items(d, 4, 2);
	actor_do(a, do_unregister); /* the last one calls all */
	assert_items(d, 4, 0);
}

/* Its function ends the thread: it is called all the same, and the others are inherited. */
static void an_item_that_ends_the_thread_is_counted(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	next_item = 0;
	actor_do(b, do_now);
	actor_do(a, do_retire);
	actor_do(a, do_retire_exit);
	actor_do(a, do_retire);
	assert_does(a, do_run, 0);
	actor_do(a, do_checkpoint);
	actor_go(a, do_run_and_exit);
	actor_join(a);
	assert_items(d, 3, 1);
	actor_do(b, do_end);
	assert_does(b, do_run, 1);
	assert_items(d, 3, 0);
}

static void count_items_as_a_child(void *arg)
{
	rdv_domain *d = arg;
	struct rdv_stats s;

	rdv_domain_stats(d, &s, sizeof(s));
	CHECK(NULL, s.grace_periods == 0 && s.last_grace.id == -1);
	CHECK(NULL, rdv_histogram_count(&s.to_grace) == 0);
	CHECK(NULL, s.retired == 2 && s.retired_waiting == 2);
	rdv_synchronize(rdv_thread_self(d));
	rdv_synchronize(rdv_thread_self(d));
	rdv_domain_stats(d, &s, sizeof(s));
	CHECK(NULL, s.retired == 2 && s.retired_waiting == 0);
}

static void do_fork_with_items(struct actor *a)
{
	a->ret = unit_child(count_items_as_a_child, a->domain);
}

/* It has those of its thread, and those that nobody had. */
static void g10_a_child_counts_the_items_that_it_has(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	next_item = 0;
	actor_do(a, do_retire);
	actor_do(b, do_now);
	actor_do(c, do_now);
	actor_do(a, do_synchronize); /* the first is called */
	actor_do(b, do_end);
	actor_do(c, do_end);
	actor_do(a, do_retire);
	actor_do(b, do_retire);
	actor_do(c, do_retire);
	actor_do(c, do_unregister);
	assert_items(d, 4, 3);
	assert_does(a, do_fork_with_items, 0);
	assert_items(d, 4, 3);
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
	UNIT(a_jump_of_the_coarse_clock_is_no_isolation, BOTH),
	UNIT(waiting_isolations_are_timed_exactly, BOTH),
	UNIT(each_time_held_is_counted_once, BOTH),
	UNIT(failures_are_counted, ALL),
	UNIT(system_calls_are_counted, ALL),
	UNIT(threads_come_and_go, ALL),
	UNIT(grace_periods_are_timed_and_blamed, BOTH),
	UNIT(a_grace_period_without_a_wait_blames_nobody, BOTH),
	UNIT(callers_that_share_and_give_up_are_counted, BOTH),
	UNIT(items_are_counted, BOTH),
	UNIT(an_item_that_ends_the_thread_is_counted, ONLY_PLAIN),
	UNIT(g10_a_child_begins_anew, BOTH),
	UNIT(g10_a_child_counts_the_items_that_it_has, BOTH),
};

UNIT_MAIN("stats", cases)
