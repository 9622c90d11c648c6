/* SPDX-License-Identifier: MIT */
/*
 * The fence policies: which one is in force, and who pays for it.
 */
#include "unit.h"
#include "fence.h"

static rdv_domain *biased_domain(void)
{
	rdv_domain_attr attr = unit_attr();

	attr.fence = RDV_FENCE_BIASED;
	return unit_domain_attr(&attr);
}

/* Whether there is a membarrier to be had here at all. */
static bool possible(void)
{
	return rdv_fence_register();
}

static void full_fences_need_no_membarrier(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	assert_false(d->biased);
	assert_false(a->self->biased);
	assert_goes(a, do_isolate, GATHERING);
	actor_do(b, do_now);
	assert_where(a, DONE);
	actor_do(a, do_release);
	assert_int_equal(SHIM(fence_registrations), 0);
	assert_int_equal(SHIM(fences), 0);
}

static void do_some_pairs(struct actor *a)
{
	int i;

	for (i = 0; i < 100; i++) {
		do_now(a);
		do_end(a);
		do_checkpoint(a);
	}
}

static void the_isolator_pays_for_biased_ones(void)
{
	rdv_domain *d = biased_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	assert_true(d->biased);
	assert_true(a->self->biased);
	assert_int_equal(SHIM(fence_registrations), 1);
	shim_count_from_here();
	actor_do(b, do_some_pairs);
	assert_int_equal(SHIM(fences), 0);
	actor_do(b, do_now);
	actor_do(c, do_now);
	actor_do(a, do_isolate);
	assert_int_equal(SHIM_GET(a->shim->fences), 1);
	/* nobody has run when the token is handed on */
	assert_goes(b, do_isolate, QUEUED);
	actor_go(a, do_release);
	assert_where(b, DONE);
	assert_int_equal(SHIM(fences), 1);
	actor_do(b, do_release);
	assert_where(a, DONE);
	/* a try looks as well */
	assert_does(a, do_isolate_try, -EBUSY);
	assert_int_equal(SHIM(fences), 2);
}

/* A thread that is harmless by a plain store only: its bit is nobody's to set. */
static void biased_threads_are_parked_by_nobody_else(void)
{
	rdv_domain *d = biased_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	assert_int_equal(actor_state(b), RDV_STATE_HARMLESS);
	assert_false(actor_bit(b));
	assert_goes(b, do_end, HELD);
	assert_true(actor_bit(b));
	actor_do(a, do_release);
	assert_where(b, DONE);
	assert_false(actor_bit(b));
}

/* ... and a full-fence one is looked at once, and parked. */
static void full_threads_are_parked_by_the_leader(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	assert_int_equal(actor_state(b), RDV_STATE_HARMLESS);
	assert_false(actor_bit(b));
	actor_do(a, do_isolate);
	assert_int_equal(actor_state(b), RDV_STATE_PARKED);
	assert_true(actor_bit(b));
	actor_do(a, do_release);
	assert_true(actor_bit(b));
	actor_do(b, do_end);
	assert_false(actor_bit(b));
}

/* What cannot be had is replaced without a word. */
static void check_fallback(void)
{
	rdv_domain *d = biased_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	assert_false(d->biased);
	assert_false(a->self->biased);
	actor_do(b, do_now);
	actor_do(a, do_isolate);
	assert_goes(b, do_end, HELD);
	actor_do(a, do_release);
	assert_where(b, DONE);
	assert_int_equal(SHIM(fences), 0);
	unit_clear();
}

static void without_membarrier_they_are_full(void)
{
	static const int errors[] = {ENOSYS, EPERM, EINVAL};
	int i;

	for (i = 0; i < 3; i++) {
		shim.deny_membarrier = errors[i];
		check_fallback();
	}
}

static void the_environment_can_forbid_it(void)
{
	setenv("RDV_NO_MEMBARRIER", "1", 1);
	check_fallback();
	unsetenv("RDV_NO_MEMBARRIER");
}

/* Once granted it may not be denied: whoever relied on it has no fence. */
static void deny_later(void *arg)
{
	struct actor *a = arg;

	shim.deny_membarrier = EPERM;
	a->ret = rdv_isolate_try(a->self); /* aborts */
}

static void do_fork(struct actor *a)
{
	a->ret = unit_child(deny_later, a);
}

/* There is a second member, or nobody need be asked.  It is born in the child. */
static void *live(void *domain)
{
	rdv_thread *self;

	CHECK(NULL, !rdv_thread_register(domain, NULL, &self));
	pause();
	return NULL;
}

static void deny_with_two(void *arg)
{
	struct actor *a = arg;
	pthread_t thread;

	CHECK(NULL, !pthread_create(&thread, NULL, live, a->domain));
	while (SHIM_GET(a->domain->members) < 2 ||
	       rdv_load_sc(&a->domain->harmless[0]) & 2)
		usleep(100);
	deny_later(arg);
}

static void do_fork_two(struct actor *a)
{
	a->flag = unit_child_aborts(deny_with_two, a);
}

static void to_deny_it_later_aborts(void)
{
	rdv_domain *d = biased_domain();
	struct actor *a = actor_member(d, "a");

	actor_do(a, do_fork);
	assert_ret(a, 0); /* alone it needs none */
	actor_do(a, do_fork_two);
	assert_true(a->flag);
}

static const struct unit_case with_membarrier[] = {
	UNIT(full_fences_need_no_membarrier, ONLY_PLAIN),
	UNIT(full_threads_are_parked_by_the_leader, ONLY_PLAIN),
	UNIT(without_membarrier_they_are_full, ONLY_PLAIN),
	UNIT(the_environment_can_forbid_it, ONLY_PLAIN),
	UNIT(the_isolator_pays_for_biased_ones, ONLY_PLAIN),
	UNIT(biased_threads_are_parked_by_nobody_else, ONLY_PLAIN),
	UNIT(to_deny_it_later_aborts, ONLY_PLAIN),
};

/* The last three need one. */
int main(void)
{
	size_t n = sizeof(with_membarrier) / sizeof(with_membarrier[0]);

	return unit_main("fence", with_membarrier, possible() && !UNIT_TSAN ? n : n - 3);
}
