/* SPDX-License-Identifier: MIT */
/*
 * Free later: when the functions are called, by whom, and that each is called once.
 */
#include "unit.h"

#include <rdv/stats.h>

enum { ITEMS = 200 };

static struct object {
	int filler;
	struct rdv_retired retired;
	pid_t by; /* who called its function */
	unsigned place, called;
} objects[ITEMS];

static unsigned retired_n, called_n;

static void begin(void)
{
	memset(objects, 0, sizeof(objects));
	retired_n = called_n = 0;
}

static struct object *object_of(struct rdv_retired *item)
{
	return (struct object *)(void *)((char *)item - offsetof(struct object, retired));
}

static void collect(struct rdv_retired *item)
{
	struct object *object = object_of(item);

	object->by = gettid();
	object->place = called_n++;
	object->called++;
}

static void do_retire(struct actor *a)
{
	CALL(a, rdv_retire(a->self, &objects[retired_n++].retired, collect));
}

static void do_run(struct actor *a)
{
	CALL(a, a->ret = (int)rdv_retire_run(a->self));
}

/* --------------------------------------------------------------------------- when */

static void called_once_everybody_has_been_harmless(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	begin();
	shim_count_from_here();
	actor_do(a, do_retire);
	actor_do(a, do_retire);
	assert_does(a, do_run, 0);
	assert_does(a, do_run, 0);
	actor_do(b, do_checkpoint);
	assert_does(a, do_run, 0); /* the caller has not been harmless either */
	actor_do(a, do_checkpoint);
	assert_does(a, do_run, 2);
	assert_does(a, do_run, 0);
	assert_int_equal(objects[0].place, 0);
	assert_int_equal(objects[1].place, 1);
	assert_int_equal(objects[0].by, a->tid);
	assert_int_equal(SHIM(futex_calls), 0);
}

/* One that comes while others wait is not called with them. */
static void latecomers_have_a_grace_period_of_their_own(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	begin();
	actor_do(a, do_retire);
	assert_does(a, do_run, 0);
	actor_do(b, do_checkpoint);
	actor_do(a, do_retire);
	actor_do(a, do_checkpoint);
	assert_does(a, do_run, 1);
	actor_do(a, do_checkpoint);
	assert_does(a, do_run, 0);
	actor_do(b, do_checkpoint);
	assert_does(a, do_run, 1);
	assert_int_equal(objects[1].called, 1);
}

static void synchronize_covers_all_of_them(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	begin();
	actor_do(a, do_retire);
	assert_does(a, do_run, 0);
	actor_do(a, do_retire);
	assert_goes(a, do_synchronize, ASKING);
	assert_int_equal(called_n, 0);
	actor_do(b, do_checkpoint);
	if (actor_where(a) != DONE) /* the round of asking was from before */
		actor_do(b, do_checkpoint);
	assert_where(a, DONE);
	assert_int_equal(called_n, 2);
}

/* Nothing is called by a thread that is harmless. */
static void never_while_harmless(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");

	begin();
	actor_do(a, do_retire);
	actor_do(a, do_now);
	actor_do(a, do_synchronize);
	assert_does(a, do_run, 0);
	assert_int_equal(called_n, 0);
	actor_do(a, do_end);
	assert_int_equal(called_n, 0);
	assert_does(a, do_run, 1);
}

/* Whoever retires many need not call anything else. */
static void retire_looks_now_and_then(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	unsigned i;

	begin();
	actor_do(b, do_now);
	for (i = 0; i < ITEMS; i++) {
		actor_do(a, do_retire);
		actor_do(a, do_checkpoint);
	}
	assert_true(called_n >= 64);
	for (i = 0; i < called_n; i++)
		assert_int_equal(objects[i].place, i);
	actor_do(b, do_end);
	actor_do(b, do_now);
	actor_do(a, do_synchronize);
	assert_int_equal(called_n, ITEMS);
	for (i = 0; i < ITEMS; i++)
		assert_int_equal(objects[i].called, 1);
	actor_do(b, do_end);
}

/* In an isolated section nobody else runs, but the caller does. */
static void isolated_the_caller_has_to_be_harmless(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");

	begin();
	actor_do(a, do_isolate);
	actor_do(a, do_retire);
	assert_does(a, do_run, 0);
	actor_do(a, do_release);
	assert_does(a, do_run, 0);
	actor_do(a, do_checkpoint);
	assert_does(a, do_run, 1);
}

/* -------------------------------------------------------------- from such a function */

static struct actor *caller;

static void collect_and_retire(struct rdv_retired *item)
{
	collect(item);
	assert_int_equal(rdv_retire_run(caller->self), 0);
	rdv_retire(caller->self, &objects[retired_n++].retired, collect);
	rdv_isolate(caller->self);
	rdv_release(caller->self);
	rdv_synchronize(caller->self);
}

static void do_retire_chain(struct actor *a)
{
	CALL(a, rdv_retire(a->self, &objects[retired_n++].retired, collect_and_retire));
}

static void a_function_may_retire_isolate_and_wait(void)
{
	rdv_domain *d = unit_domain();

	begin();
	caller = actor_member(d, "a");
	actor_do(caller, do_retire_chain);
	actor_do(caller, do_synchronize);
	assert_true(called_n >= 1);
	actor_do(caller, do_checkpoint);
	actor_do(caller, do_run);
	assert_int_equal(called_n, 2);
	assert_int_equal(objects[1].called, 1);
}

static void exits(struct rdv_retired *item)
{
	collect(item);
	shim_call_end();
	pthread_exit(NULL);
}

static void do_retire_exit(struct actor *a)
{
	rdv_retire(a->self, &objects[retired_n++].retired, exits);
	rdv_retire(a->self, &objects[retired_n++].retired, collect);
}

static void do_synchronize_and_exit(struct actor *a)
{
	shim_call_begin();
	rdv_synchronize(a->self);
}

static void a_function_may_end_the_thread(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	begin();
	actor_do(b, do_now);
	actor_do(a, do_retire_exit);
	actor_go(a, do_synchronize_and_exit);
	actor_join(a);
	assert_int_equal(objects[0].called, 1);
	assert_int_equal(objects[1].called, 0);
	actor_do(b, do_end);
	assert_does(b, do_run, 1); /* it was due as well */
	assert_int_equal(objects[1].by, b->tid);
}

/* The thread is exiting, and a function ends it once more.  It leaves its other domain, too. */
static void do_retire_in(struct actor *a)
{
	rdv_thread *self;

	CHECK(a, !rdv_thread_register(a->arg, "a", &self));
	rdv_retire(self, &objects[retired_n++].retired, exits);
}

static void a_function_may_end_a_thread_that_exits(void)
{
	rdv_domain *first = unit_domain(), *second = unit_domain();
	struct actor *a = actor_member(first, "a"), *b = actor_member(first, "b");

	begin();
	a->arg = second;
	actor_do(a, do_retire_in);
	actor_go(a, do_pthread_exit);
	actor_join(a);
	assert_int_equal(objects[0].called, 1);
	assert_int_equal(first->members, 1);
	actor_do(b, do_isolate);
	actor_do(b, do_release);
}

/* ------------------------------------------------------------------ those who leave */

static void g9_what_a_thread_leaves_is_inherited(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	begin();
	actor_do(a, do_retire);
	actor_do(a, do_retire);
	actor_do(a, do_unregister);
	assert_int_equal(called_n, 0);
	actor_do(b, do_retire);
	assert_does(b, do_run, 0);
	actor_do(b, do_checkpoint);
	assert_does(b, do_run, 0);
	actor_do(c, do_checkpoint);
	assert_does(b, do_run, 3);
	assert_int_equal(objects[0].by, b->tid);
}

static void g9_the_last_one_calls_all(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	begin();
	actor_do(a, do_retire);
	actor_do(b, do_retire);
	assert_does(b, do_run, 0);
	actor_go(a, do_pthread_exit);
	actor_join(a);
	assert_int_equal(called_n, 0);
	actor_do(b, do_retire);
	actor_do(b, do_unregister);
	assert_int_equal(called_n, 3);
	assert_int_equal(objects[0].by, b->tid);
}

static void cancelled_by_itself(struct rdv_retired *item)
{
	collect(item);
	pthread_cancel(pthread_self());
	pthread_testcancel();
}

static void leave_with_three(struct actor *a, void (*fn)(struct rdv_retired *))
{
	int i;

	for (i = 0; i < 3; i++)
		rdv_retire(a->self, &objects[retired_n++].retired, fn);
	shim_call_begin();
	rdv_thread_unregister(a->self);
	shim_call_end();
	pthread_testcancel();
}

static void do_retire_three_and_leave(struct actor *a)
{
	leave_with_three(a, cancelled_by_itself);
}

static void do_leave_by_exit(struct actor *a)
{
	leave_with_three(a, exits);
}

/* ... even if it is cancelled meanwhile. */
static void g9_the_last_one_calls_all_before_it_is_cancelled(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");

	begin();
	actor_go(a, do_retire_three_and_leave);
	actor_join(a);
	assert_int_equal(called_n, 3);
}

/* ... and if one of them ends the thread. */
static void g9_the_last_one_calls_all_on_its_way(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");
	unsigned i;

	begin();
	actor_go(a, do_leave_by_exit);
	actor_join(a);
	assert_int_equal(called_n, 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(objects[i].place, i);
}

/* ----------------------------------------------------------------------- on_stall */

enum { MS = 1000000 };

static struct actor *isolator;

static struct {
	sem_t gathering;
	bool may_give_up, isolated;
	unsigned called; /* by rdv_retire_run() in on_stall */
} report;

/* Gives up what it can, and looks for items that are due. */
static int on_stall(const struct rdv_stall *stall, void *arg)
{
	(void)arg;
	if (stall->kind != RDV_STALL_GATHER)
		return 0;
	report.may_give_up |= stall->may_give_up != 0;
	report.called += rdv_retire_run(isolator->self);
	sem_post(&report.gathering);
	return 1;
}

/* Retires another item, once. */
static int retire_in_report(const struct rdv_stall *stall, void *arg)
{
	(void)arg;
	if (stall->kind != RDV_STALL_GRACE || stall->count > 1)
		return 0;
	rdv_retire(isolator->self, &objects[retired_n++].retired, collect);
	sem_post(&report.gathering);
	return 0;
}

static rdv_domain *stalling_domain(rdv_stall_fn *fn)
{
	rdv_domain_attr attr = unit_attr();

	memset(&report, 0, sizeof(report));
	sem_init(&report.gathering, 0, 0);
	attr.stall_ns = MS;
	attr.on_stall = fn;
	return unit_domain_attr(&attr);
}

static void await_report(void)
{
	while (sem_wait(&report.gathering))
		;
}

static void isolate_in_function(struct rdv_retired *item)
{
	collect(item);
	rdv_isolate(isolator->self);
	report.isolated = rdv_isolated(isolator->self);
	rdv_release(isolator->self);
}

static void do_retire_isolation(struct actor *a)
{
	CALL(a, rdv_retire(a->self, &objects[retired_n++].retired, isolate_in_function));
}

/* rdv_synchronize_until() may be given up; rdv_isolate() in a function that it calls may not. */
static void a_function_is_not_given_up(void)
{
	rdv_domain *d = stalling_domain(on_stall);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	begin();
	isolator = a;
	actor_do(a, do_retire_isolation);
	a->deadline = &unit_far;
	actor_go(a, do_synchronize_until);
	assert_where(a, ASKING);
	actor_do(b, do_checkpoint);
	await_report();
	actor_do(b, do_now);
	actor_wait(a);
	assert_int_equal(a->ret, 0);
	assert_false(report.may_give_up);
	assert_true(report.isolated);
	actor_do(b, do_end);
}

/* The function may isolate, and on_stall is called in the middle of a wait for that. */
static void none_is_called_in_on_stall(void)
{
	rdv_domain *d = stalling_domain(on_stall);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	begin();
	isolator = a;
	actor_do(a, do_retire);
	assert_does(a, do_run, 0);
	actor_do(b, do_checkpoint);
	actor_do(a, do_checkpoint);
	actor_go(a, do_isolate);
	await_report();
	actor_do(b, do_now);
	actor_wait(a);
	assert_int_equal(report.called + called_n, 0);
	actor_do(a, do_release);
	assert_does(a, do_run, 1);
	actor_do(b, do_end);
}

/* The grace period that the thread waits for began before that. */
static void not_covered_if_retired_in_on_stall(void)
{
	rdv_domain *d = stalling_domain(retire_in_report);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	begin();
	isolator = a;
	actor_do(a, do_retire);
	actor_go(a, do_synchronize);
	await_report();
	actor_do(b, do_checkpoint);
	actor_wait(a);
	assert_int_equal(objects[0].called, 1);
	assert_int_equal(objects[1].called, 0);
	actor_do(b, do_now);
	actor_do(a, do_synchronize);
	assert_int_equal(objects[1].called, 1);
	actor_do(b, do_end);
}

/* ---------------------------------------------------------------------------- fork */

static void in_child(void *arg)
{
	struct actor *a = arg;

	rdv_synchronize(a->self);
	rdv_synchronize(a->self); /* for what it has inherited meanwhile */
	CHECK(NULL, objects[0].called && !objects[1].called && objects[2].called);
	rdv_thread_unregister(a->self);
	CHECK(NULL, called_n == 2);
	CHECK(NULL, !rdv_domain_destroy(a->domain));
}

static void do_fork(struct actor *a)
{
	a->ret = unit_child(in_child, a);
}

/* The child calls what its thread has retired, and what it inherits. */
static void g10_the_child_has_its_own(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	begin();
	actor_do(a, do_retire);
	actor_do(b, do_retire);
	actor_do(c, do_retire);
	actor_do(c, do_unregister);
	assert_does(a, do_fork, 0);
	assert_int_equal(called_n, 0);
	actor_do(b, do_now);
	actor_do(a, do_synchronize);
	assert_int_equal(called_n, 1);
	assert_does(a, do_run, 0);
	actor_do(a, do_checkpoint);
	assert_does(a, do_run, 1); /* what c has left */
	actor_do(b, do_end);
	actor_do(b, do_unregister);
	actor_do(a, do_unregister);
	assert_int_equal(called_n, 3);
}

static void owes_in_child(void *arg)
{
	struct actor *a = arg;

	CHECK(NULL, !rdv_retire_run(a->self));
	CHECK(NULL, !rdv_retire_run(a->self));
	rdv_checkpoint(a->self);
	CHECK(NULL, rdv_retire_run(a->self) == 1);
	CHECK(NULL, called_n == 1);
	rdv_thread_unregister(a->self);
	CHECK(NULL, !rdv_domain_destroy(a->domain));
}

static void do_fork_owing(struct actor *a)
{
	a->ret = unit_child(owes_in_child, a);
}

/* The round of asking that was on is over, but the thread has not answered. */
static void g10_the_child_owes_an_answer(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	begin();
	actor_do(a, do_retire);
	assert_does(a, do_run, 0);
	assert_does(a, do_fork_owing, 0);
	assert_int_equal(called_n, 0);
	actor_do(b, do_unregister);
	actor_do(a, do_unregister);
	assert_int_equal(called_n, 1);
}

static void g10_it_owes_one_for_what_it_inherits(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	begin();
	actor_do(b, do_retire);
	assert_does(b, do_run, 0);
	actor_do(b, do_unregister);
	assert_does(a, do_fork_owing, 0);
	assert_int_equal(called_n, 0);
	actor_do(a, do_unregister);
	assert_int_equal(called_n, 1);
}

static void destroy_in_child(void *arg)
{
	rdv_domain *d = arg;

	CHECK(NULL, !rdv_domain_destroy(d));
	CHECK(NULL, called_n == 1);
}

/* The child of a thread that is no member has a domain without members. */
static void g10_destroy_calls_what_is_left(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	begin();
	actor_do(a, do_retire);
	actor_do(a, do_unregister);
	assert_int_equal(unit_child(destroy_in_child, d), 0);
	actor_do(b, do_unregister);
	assert_int_equal(called_n, 1);
}

static const struct unit_case cases[] = {
	UNIT(called_once_everybody_has_been_harmless, BOTH),
	UNIT(latecomers_have_a_grace_period_of_their_own, BOTH),
	UNIT(synchronize_covers_all_of_them, ALL),
	UNIT(never_while_harmless, BOTH),
	UNIT(retire_looks_now_and_then, BOTH),
	UNIT(isolated_the_caller_has_to_be_harmless, BOTH),
	UNIT(a_function_may_retire_isolate_and_wait, BOTH),
	UNIT(a_function_may_end_a_thread_that_exits, BOTH),
	UNIT(a_function_may_end_the_thread, ONLY_PLAIN),
	UNIT(g9_what_a_thread_leaves_is_inherited, BOTH),
	UNIT(g9_the_last_one_calls_all, BOTH),
	UNIT(g9_the_last_one_calls_all_before_it_is_cancelled, ONLY_PLAIN),
	UNIT(g9_the_last_one_calls_all_on_its_way, ONLY_PLAIN),
	UNIT(g10_the_child_has_its_own, BOTH),
	UNIT(g10_the_child_owes_an_answer, BOTH),
	UNIT(g10_it_owes_one_for_what_it_inherits, BOTH),
	UNIT(g10_destroy_calls_what_is_left, ONLY_PLAIN),
	UNIT(a_function_is_not_given_up, BOTH),
	UNIT(not_covered_if_retired_in_on_stall, BOTH),
	UNIT(none_is_called_in_on_stall, BOTH),
};

UNIT_MAIN("retire", cases)
