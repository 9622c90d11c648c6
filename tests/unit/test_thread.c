/* SPDX-License-Identifier: MIT */
/*
 * Members: ids, coming and going in every state (G9), full domains.
 */
#include "unit.h"

#include <sys/syscall.h>

enum { SMALL_STACK = 128 * 1024 };

/* ----------------------------------------------------------------- registration */

static void registering_returns_running(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_start(d, "0123456789abcdefghi");

	assert_does(a, do_register, 0);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	assert_false(actor_bit(a));
	assert_false(rdv_isolated(a->self));
	assert_string_equal(member(a)->name, "0123456789abcde");
	assert_int_equal(SHIM(waits) + SHIM(wakes), 0);
}

static void do_register_again(struct actor *a)
{
	rdv_thread *untouched = a->self;

	CALL(a, a->ret = rdv_thread_register(a->domain, NULL, &untouched));
	CHECK(a, untouched == a->self);
	CHECK(a, rdv_thread_self(a->domain) == a->self);
}

static void registering_twice_is_eexist(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");

	assert_does(a, do_register_again, -EEXIST);
	actor_do(a, do_isolate);
	assert_does(a, do_register_again, -EEXIST);
	assert_int_equal(d->members, 1);
	actor_do(a, do_unregister);
	assert_does(a, do_register, 0);
}

static void do_compare_self(struct actor *a)
{
	CALL(a, a->flag = rdv_thread_self(a->domain) == a->self);
}

/* The handle of a domain is found among those of others. */
static void self_is_the_handle_or_null(void)
{
	rdv_domain *d = unit_domain(), *e = unit_domain(), *f = unit_domain();
	rdv_thread *in_d, *in_e, *in_f;
	struct actor *a = actor_start(d, "a");

	actor_do(a, do_compare_self);
	assert_true(a->flag); /* NULL */
	assert_int_equal(rdv_thread_register(d, NULL, &in_d), 0);
	actor_do(a, do_compare_self);
	assert_true(a->flag);
	actor_stop(a);
	assert_int_equal(rdv_thread_register(e, NULL, &in_e), 0);
	assert_int_equal(rdv_thread_register(f, NULL, &in_f), 0);
	assert_ptr_equal(rdv_thread_self(d), in_d);
	assert_ptr_equal(rdv_thread_self(e), in_e);
	assert_ptr_equal(rdv_thread_self(f), in_f);
	rdv_thread_unregister(in_e);
	assert_ptr_equal(rdv_thread_self(d), in_d);
	assert_null(rdv_thread_self(e));
	assert_ptr_equal(rdv_thread_self(f), in_f);
	rdv_thread_unregister(in_f);
	rdv_thread_unregister(in_d);
	assert_null(rdv_thread_self(d));
}

static void ids_are_the_lowest_and_reused(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a[40];
	rdv_thread *handle;
	unsigned i;

	for (i = 0; i < 40; i++) {
		a[i] = actor_member(d, "a");
		assert_int_equal(rdv_thread_id(a[i]->self), i);
	}
	handle = a[33]->self;
	actor_do(a[33], do_unregister);
	actor_do(a[31], do_unregister);
	actor_do(a[5], do_unregister);
	actor_do(a[33], do_register);
	assert_int_equal(rdv_thread_id(a[33]->self), 5);
	actor_do(a[5], do_register);
	assert_int_equal(rdv_thread_id(a[5]->self), 31);
	actor_do(a[31], do_register);
	assert_int_equal(rdv_thread_id(a[31]->self), 33);
	/* a leader may look at a thread that leaves: its memory stays */
	assert_ptr_equal(a[31]->self, handle);
}

static void a_full_domain_is_enospc(void)
{
	rdv_domain_attr attr = unit_attr();
	rdv_domain *d;
	struct actor *a, *b, *c;

	attr.max_threads = 2;
	d = unit_domain_attr(&attr);
	a = actor_member(d, "a");
	b = actor_member(d, "b");
	c = actor_start(d, "c");
	assert_does(c, do_register, -ENOSPC);
	actor_do(c, do_compare_self);
	assert_true(c->flag);
	assert_does(a, do_isolate_try, -EBUSY);
	actor_do(b, do_unregister);
	assert_does(c, do_register, 0);
	assert_does(b, do_register, -ENOSPC);
}

/* No trace of a registration that failed, wherever it did. */
static void no_memory_is_enomem(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_start(d, "a");
	struct unit_words words = unit_words(d);
	int i;

	for (i = 0; i < 3; i++) {
		shim.deny_memory = i == 0;
		shim.deny_specific = i == 1;
		assert_does(a, do_register, i < 2 ? -ENOMEM : 0);
		if (i == 2)
			break;
		assert_int_equal(d->members, 0);
		assert_int_equal(d->registered[0], 0);
		unit_same_words(&words, d);
		assert_null(a->self);
		actor_do(a, do_compare_self);
		assert_true(a->flag);
	}
}

/* -------------------------------------------------- bits 31, 32 and the last one */

/*
 * x and y are the only ones that are not parked.  Each is waited for by the other,
 * held by it, and alone in its turn.
 */
static void check_pair(struct actor *x, struct actor *y)
{
	assert_goes(x, do_isolate, GATHERING);
	actor_do(y, do_now);
	assert_where(x, DONE);
	assert_true(rdv_isolated(x->self));
	assert_does(y, do_end_try, -EBUSY);
	assert_goes(y, do_end, HELD);
	actor_do(x, do_release);
	assert_where(y, DONE);

	/* both want it: the token is passed by y's bit */
	actor_do(y, do_now);
	actor_do(x, do_isolate);
	assert_goes(y, do_isolate, QUEUED);
	assert_true(actor_wants(y));
	actor_go(x, do_release);
	assert_where(y, DONE);
	assert_where(x, HELD);
	assert_int_equal(x->domain->ctl & RDV_CTL_OWNER, rdv_ctl_name(member(y)));
	actor_do(y, do_release);
	assert_where(x, DONE);
}

static void check_ids(struct actor **a, const unsigned *ids, unsigned n)
{
	unsigned i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < n; j++) {
			if (i == j)
				continue;
			actor_do(a[ids[i]], do_end);
			actor_do(a[ids[j]], do_end);
			check_pair(a[ids[i]], a[ids[j]]);
			actor_do(a[ids[i]], do_now);
			actor_do(a[ids[j]], do_now);
		}
	}
}

/* A domain with n members of n, all harmless; fewer if there can be no more threads. */
static rdv_domain *full_domain(struct actor **a, unsigned *n)
{
	rdv_domain_attr attr = unit_attr();
	rdv_domain *d;
	unsigned i;

	for (i = 0; i < *n; i++) {
		a[i] = actor_try_start(NULL, "a", SMALL_STACK);
		if (!a[i])
			break;
	}
	*n = i;
	attr.max_threads = *n;
	d = unit_domain_attr(&attr);
	for (i = 0; i < *n; i++) {
		a[i]->domain = d;
		assert_does(a[i], do_register, 0);
		actor_do(a[i], do_now);
	}
	return d;
}

static void bits_31_and_32_of_33_threads(void)
{
	static const unsigned ids[] = {0, 30, 31, 32};
	struct actor *a[33], *more;
	unsigned n = 33;
	rdv_domain *d = full_domain(a, &n);

	assert_int_equal(n, 33);
	more = actor_start(d, "more");
	assert_does(more, do_register, -ENOSPC);
	actor_stop(more);
	check_ids(a, ids, 4);
}

static void bit_63_of_64_threads(void)
{
	static const unsigned ids[] = {0, 31, 32, 63};
	struct actor *a[64], *more;
	unsigned n = 64;
	rdv_domain *d = full_domain(a, &n);

	assert_int_equal(n, 64);
	more = actor_start(d, "more");
	assert_does(more, do_register, -ENOSPC);
	actor_stop(more);
	check_ids(a, ids, 4);
}

static void the_last_bit_of_4095_threads(void)
{
	static struct actor *a[4095];
	unsigned n = unit_slow() ? 400 : 4095, most = n, ids[4];

	full_domain(a, &n);
	if (n < most)
		printf("# %u threads is what there can be here\n", n);
	ids[0] = 0;
	ids[1] = 32;
	ids[2] = n - 2;
	ids[3] = n - 1;
	check_ids(a, ids, 4);
}

/* All but the first and the last id are said to be taken. */
static void the_last_id_there_can_be(void)
{
	rdv_domain_attr attr = unit_attr();
	struct actor *a, *b, *more;
	rdv_domain *d;

	attr.max_threads = RDV_MAX_THREADS;
	d = unit_domain_attr(&attr);
	memset(d->registered, 0xff, RDV_MASK_WORDS(RDV_MAX_THREADS) * sizeof(uint32_t));
	d->registered[0] = ~1u;
	d->registered[(RDV_MAX_THREADS - 1) / 32] &= ~(1u << (RDV_MAX_THREADS - 1) % 32);
	a = actor_member(d, "a");
	b = actor_member(d, "b");
	assert_int_equal(member(a)->id, 0);
	assert_int_equal(member(b)->id, RDV_MAX_THREADS - 1);
	more = actor_start(d, "more");
	assert_does(more, do_register, -ENOSPC);
	assert_goes(b, do_isolate, GATHERING);
	assert_int_equal(rdv_ctl_id(d->ctl), RDV_MAX_THREADS - 1);
	actor_do(a, do_now);
	assert_done(b, 0);
	assert_goes(a, do_end, HELD);
	actor_do(b, do_release);
	assert_done(a, 0);
	check_pair(a, b);
	memset(d->registered, 0, RDV_MASK_WORDS(RDV_MAX_THREADS) * sizeof(uint32_t));
	d->registered[0] = member(a)->bit;
	d->registered[member(b)->word] = member(b)->bit;
}

/* -------------------------------------------------------- G9: coming at any time */

static void g9_registering_waits_for_the_round(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_start(d, "b");

	actor_do(a, do_isolate);
	assert_goes(b, do_register, HELD);
	actor_do(a, do_release);
	assert_done(b, 0);
	assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
}

/* A leader does not wait for those who come while it gathers, in no word. */
static void g9_nobody_waits_for_the_unborn(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *more[40];
	int i;

	assert_goes(a, do_isolate, GATHERING);
	for (i = 0; i < 40; i++) {
		more[i] = actor_start(d, "more");
		assert_goes(more[i], do_register, HELD);
	}
	actor_do(b, do_now);
	assert_where(a, DONE);
	for (i = 0; i < 40; i++)
		assert_where(more[i], HELD);
	actor_do(a, do_release);
	for (i = 0; i < 40; i++)
		assert_done(more[i], 0);
	/* and from now on it does */
	assert_goes(a, do_isolate, GATHERING);
	for (i = 0; i < 40; i++) {
		assert_where(a, GATHERING);
		actor_do(more[i], do_now);
	}
	assert_where(a, DONE);
	actor_do(a, do_release);
}

/* -------------------------------------------------------- G9: going at any time */

/* b, which a waits for, goes like this; a must get through. */
static void check_leaving(actor_fn *first, actor_fn *leave)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, first);
	actor_go(a, do_isolate);
	if (first == do_now)
		assert_where(a, DONE);
	else
		assert_where(a, GATHERING);
	actor_go(b, leave);
	if (leave == do_pthread_exit) {
		actor_join(b);
	} else {
		actor_wait(b);
		actor_stop(b);
	}
	assert_where(a, DONE);
	assert_true(rdv_isolated(a->self));
	assert_int_equal(d->members, 1);
	actor_do(a, do_release);
	unit_clear();
}

static void g9_running_threads_may_go(void)
{
	check_leaving(do_checkpoint, do_unregister);
	check_leaving(do_checkpoint, do_pthread_exit);
}

static void g9_harmless_threads_may_go(void)
{
	check_leaving(do_now, do_unregister);
	check_leaving(do_now, do_pthread_exit);
}

/* Threads that leave harmless wake nobody: they were not waited for. */
static void g9_only_the_awaited_wake_the_leader(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(c, do_now);
	assert_goes(a, do_isolate, GATHERING);
	shim_count_from_here();
	actor_do(c, do_unregister);
	assert_int_equal(SHIM(futex_calls), 0);
	assert_where(a, GATHERING);
	actor_do(b, do_unregister);
	assert_int_equal(SHIM(wakes), 1);
	assert_int_equal(SHIM(woken), 1);
	assert_where(a, DONE);
	actor_do(a, do_release);
}

/* ... isolated, alone or with others behind it, nested or not: releases. */
static void check_isolated_leaving(bool nested, bool queued, actor_fn *leave)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	actor_do(b, do_now);
	actor_do(c, do_now);
	actor_do(a, do_isolate);
	if (nested)
		actor_do(a, do_isolate);
	assert_goes(b, do_end, HELD);
	if (queued)
		assert_goes(c, do_isolate, QUEUED);
	actor_go(a, leave);
	if (leave == do_pthread_exit) {
		actor_join(a);
	} else {
		actor_wait(a);
		actor_stop(a);
	}
	assert_int_equal(d->members, 2);
	if (queued) {
		assert_where(c, DONE);
		assert_true(rdv_isolated(c->self));
		assert_where(b, HELD);
		actor_do(c, do_release);
	}
	assert_where(b, DONE);
	unit_clear();
}

static void g9_isolated_threads_release_when_they_go(void)
{
	int i;

	for (i = 0; i < 4; i++) {
		check_isolated_leaving(i & 1, i & 2, do_unregister);
		check_isolated_leaving(i & 1, i & 2, do_pthread_exit);
	}
}

static void do_wait_to_be_cancelled(struct actor *a)
{
	SHIM_SET(a->outside, SYS_pause);
	rdv_harmless_now(a->self);
	for (;;)
		pause();
}

static void g9_cancelled_threads_unregister(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	assert_goes(b, do_wait_to_be_cancelled, OUTSIDE);
	actor_do(a, do_isolate);
	pthread_cancel(b->thread);
	actor_join(b);
	assert_int_equal(d->members, 1);
	actor_do(a, do_release);
}

/* Alone in one domain, harmless in another, running in the third. */
static void do_join_three(struct actor *a)
{
	rdv_domain **d = a->arg;
	rdv_thread *self;

	CHECK(a, !rdv_thread_register(d[0], NULL, &self));
	rdv_isolate(self);
	CHECK(a, !rdv_thread_register(d[1], NULL, &self));
	rdv_harmless_now(self);
	CHECK(a, !rdv_thread_register(d[2], NULL, &self));
}

static void g9_exit_ends_all_memberships(void)
{
	rdv_domain *d[3] = {unit_domain(), unit_domain(), unit_domain()};
	struct actor *a = actor_start(d[0], "a"), *b;
	int i;

	a->arg = d;
	actor_do(a, do_join_three);
	actor_stop(a);
	for (i = 0; i < 3; i++) {
		b = actor_member(d[i], "b");
		assert_does(b, do_isolate_try, 0);
		actor_stop(b);
		unit_destroy(d[i]);
	}
}

/* A destructor of the program's that runs after the library's, and registers. */
static rdv_domain *late_domain;

static void register_late(void *arg)
{
	struct actor *a = arg;
	rdv_thread *self;

	CHECK(a, !rdv_thread_self(late_domain));
	CHECK(a, !rdv_thread_register(late_domain, "late", &self));
	CHECK(a, rdv_thread_self(late_domain) == self);
}

static pthread_key_t late_key;

static void do_set_late(struct actor *a)
{
	pthread_setspecific(late_key, a);
}

static void g9_exit_ends_memberships_of_destructors(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");

	late_domain = d;
	assert_int_equal(pthread_key_create(&late_key, register_late), 0);
	actor_do(a, do_set_late);
	actor_stop(a);
	assert_int_equal(pthread_key_delete(late_key), 0);
}

/* Slots change hands while a round is pending: no bit of the last owner's counts. */
static void g9_a_slot_changes_hands(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_start(d, "c");
	struct actor *e = actor_member(d, "e");

	assert_goes(a, do_isolate, GATHERING);
	actor_do(b, do_unregister);
	assert_where(a, GATHERING); /* for e */
	assert_goes(c, do_register, HELD);
	assert_int_equal(d->members, 3);
	assert_int_equal(d->registered[0], 7);
	actor_do(e, do_now);
	assert_where(a, DONE);
	assert_where(c, HELD);
	actor_do(a, do_release);
	assert_where(c, DONE);
	assert_int_equal(rdv_thread_id(c->self), 1);
}

static const struct unit_case cases[] = {
	UNIT(registering_returns_running, BOTH),
	UNIT(registering_twice_is_eexist, ONLY_PLAIN),
	UNIT(self_is_the_handle_or_null, ONLY_PLAIN),
	UNIT(ids_are_the_lowest_and_reused, ONLY_PLAIN),
	UNIT(a_full_domain_is_enospc, BOTH),
	UNIT(no_memory_is_enomem, ONLY_PLAIN),
	UNIT(bits_31_and_32_of_33_threads, ALL),
	UNIT(bit_63_of_64_threads, ALL),
	UNIT(the_last_bit_of_4095_threads, BOTH),
	UNIT(the_last_id_there_can_be, BOTH),
	UNIT(g9_registering_waits_for_the_round, ALL),
	UNIT(g9_nobody_waits_for_the_unborn, ALL),
	UNIT(g9_running_threads_may_go, ALL),
	UNIT(g9_harmless_threads_may_go, ALL),
	UNIT(g9_only_the_awaited_wake_the_leader, BOTH),
	UNIT(g9_isolated_threads_release_when_they_go, ALL),
	UNIT(g9_cancelled_threads_unregister, BOTH),
	UNIT(g9_exit_ends_all_memberships, BOTH),
	UNIT(g9_exit_ends_memberships_of_destructors, BOTH),
	UNIT(g9_a_slot_changes_hands, ALL),
};

UNIT_MAIN("thread", cases)
