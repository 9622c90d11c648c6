/* SPDX-License-Identifier: MIT */
/*
 * The seed's own names: one domain of the process, a handle for each thread that
 * asks.
 */
#include "unit.h"

#include <rdv/hathreads.h>

#define TID_BITS (8 * sizeof(unsigned long))

/* The actors know the domain, and their handles once they have one. */
static void do_begin(struct actor *a)
{
	tid = *(unsigned *)a->arg;
	tid_bit = 1UL << tid;
	a->self = rdv_hathreads_self();
	a->domain = rdv_hathreads_domain();
}

static void ha_isolate(struct actor *a)
{
	CALL(a, thread_isolate());
}

static void ha_release(struct actor *a)
{
	CALL(a, thread_release());
}

static void ha_now(struct actor *a)
{
	CALL(a, thread_harmless_now());
}

static void ha_end(struct actor *a)
{
	CALL(a, thread_harmless_end());
}

static void ha_till_end(struct actor *a)
{
	CALL(a, thread_harmless_till_end());
}

static void ha_want(struct actor *a)
{
	CALL(a, thread_want_sync());
}

static void ha_enter(struct actor *a)
{
	CALL(a, thread_enter_sync());
}

static void ha_exit(struct actor *a)
{
	CALL(a, thread_exit_sync());
}

static void ha_no_sync(struct actor *a)
{
	CALL(a, a->flag = thread_no_sync());
}

static void ha_need_sync(struct actor *a)
{
	CALL(a, a->flag = thread_need_sync());
}

static void do_check_tid(struct actor *a)
{
	CHECK(a, tid == *(unsigned *)a->arg);
	CHECK(a, tid_bit == 1UL << tid);
	CHECK(a, rdv_hathreads_self() == a->self);
}

static bool ask(struct actor *a, actor_fn *fn)
{
	actor_do(a, fn);
	return a->flag;
}

static struct actor *begin(const char *name, unsigned *number)
{
	struct actor *a = actor_start(rdv_hathreads_domain(), name);

	a->arg = number;
	actor_do(a, do_begin);
	return a;
}

static unsigned numbers[] = {0, 1, 2};

static void the_domain_is_one(void)
{
	rdv_domain *d;

	assert_int_equal(thread_sync_init(7), 0);
	assert_int_equal(all_threads_mask, 7);
	d = rdv_hathreads_domain();
	assert_non_null(d);
	assert_ptr_equal(rdv_hathreads_domain(), d);
	assert_int_equal(d->max_threads, TID_BITS);
	assert_int_equal(d->members, 0); /* this one has not asked for a handle */
}

static void the_rendezvous(void)
{
	struct actor *a = begin("a", &numbers[0]), *b = begin("b", &numbers[1]);
	struct actor *c = begin("c", &numbers[2]);

	actor_do(c, do_check_tid);
	actor_do(a, do_check_tid);
	actor_do(c, ha_now);
	assert_goes(a, ha_isolate, GATHERING);
	actor_go(b, ha_till_end);
	assert_where(a, DONE);
	assert_where(b, HELD);
	assert_goes(c, ha_end, HELD);
	actor_do(a, ha_release);
	assert_where(b, DONE);
	assert_where(c, DONE);
	actor_do(c, ha_now);
	actor_do(a, ha_isolate); /* b is harmless still */
	actor_do(a, ha_release);
	actor_do(b, ha_end);
	actor_stop(a);
	actor_stop(b);
	actor_stop(c);
	assert_int_equal(rdv_hathreads_domain()->members, 0);
	unit_quiet(rdv_hathreads_domain());
}

static void the_sync_point(void)
{
	struct actor *a = begin("a", &numbers[0]), *b = begin("b", &numbers[1]);

	assert_true(thread_sync_enable() >= 0);
	assert_true(ask(a, ha_no_sync));
	actor_do(a, ha_want);
	assert_false(ask(b, ha_no_sync));
	assert_true(ask(a, ha_need_sync));
	assert_false(ask(b, ha_need_sync));
	assert_goes(a, ha_enter, SYNCING);
	actor_go(b, ha_enter);
	assert_where(a, DONE);
	assert_where(b, SYNCING);
	assert_true(ask(a, ha_need_sync));
	actor_go(a, ha_exit);
	assert_where(b, DONE);
	assert_false(ask(b, ha_need_sync));
	actor_do(b, ha_exit);
	assert_where(a, DONE);
	assert_true(ask(a, ha_no_sync));
	actor_stop(a);
	actor_stop(b);
	unit_quiet(rdv_hathreads_domain());
}

/* One more than there are bits. */
static void *use(void *barrier)
{
	thread_harmless_now();
	pthread_barrier_wait(barrier);
	pause();
	return NULL;
}

static void one_too_many(void *unused)
{
	pthread_barrier_t barrier;
	pthread_t thread;
	size_t i;

	(void)unused;
	pthread_barrier_init(&barrier, NULL, TID_BITS + 1);
	for (i = 0; i < TID_BITS; i++)
		CHECK(NULL, !pthread_create(&thread, NULL, use, &barrier));
	pthread_barrier_wait(&barrier);
	thread_isolate();
}

static void one_thread_too_many_aborts(void)
{
	assert_true(unit_child_aborts(one_too_many, NULL));
}

/* It is the forking thread's in the child as well. */
static void in_child(void *arg)
{
	struct actor *a = arg;

	CHECK(NULL, rdv_hathreads_self() == a->self);
	CHECK(NULL, tid == *(unsigned *)a->arg);
	thread_release();
	thread_isolate();
	thread_release();
}

static void do_fork(struct actor *a)
{
	a->ret = unit_child(in_child, a);
}

static void g10_fork(void)
{
	struct actor *a = begin("a", &numbers[2]), *b = begin("b", &numbers[1]);

	actor_do(b, ha_now);
	actor_do(a, ha_isolate);
	assert_does(a, do_fork, 0);
	actor_do(a, ha_release);
}

/* The handle goes with the thread's membership. */
static void do_leave_and_return(struct actor *a)
{
	rdv_thread *before = rdv_hathreads_self();

	rdv_thread_unregister(before);
	CHECK(a, !rdv_thread_self(a->domain));
	thread_isolate();
	CHECK(a, rdv_thread_self(a->domain) == rdv_hathreads_self());
	CHECK(a, rdv_isolated(rdv_hathreads_self()));
	thread_release();
}

static void unregistering_forgets_the_handle(void)
{
	struct actor *a = begin("a", &numbers[0]), *b;

	actor_do(a, do_leave_and_return);
	actor_stop(a);
	b = begin("b", &numbers[1]);
	actor_do(b, ha_isolate);
	actor_do(b, ha_release);
	actor_stop(b);
	unit_quiet(rdv_hathreads_domain());
}

static const struct unit_case cases[] = {
	UNIT(the_domain_is_one, ONLY_PLAIN),
	UNIT(the_rendezvous, ALL),
	UNIT(the_sync_point, ALL),
	UNIT(one_thread_too_many_aborts, ONLY_PLAIN),
	UNIT(g10_fork, ONLY_PLAIN),
	UNIT(unregistering_forgets_the_handle, ONLY_PLAIN),
};

UNIT_MAIN("hathreads", cases)
