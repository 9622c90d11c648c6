/* SPDX-License-Identifier: MIT */
/*
 * Domains: attributes, and what is not one; birth and death.
 */
#include "unit.h"
#include "spin.h"

#include <fcntl.h>
#include <signal.h>

/* Returns what create said; a domain that came about is gone again. */
static int create(const rdv_domain_attr *attr)
{
	rdv_domain *const untouched = (rdv_domain *)&shim;
	rdv_domain *d = untouched;
	int ret;

	CALL(NULL, ret = rdv_domain_create(&d, attr));
	if (ret)
		assert_ptr_equal(d, untouched);
	else
		assert_int_equal(rdv_domain_destroy(d), 0);
	return ret;
}

/* ----------------------------------------------------------------------- set-up */

static void without_keys(void *unused)
{
	pthread_key_t key;
	rdv_domain *d;
	int ret;

	(void)unused;
	while (!pthread_key_create(&key, NULL))
		;
	CALL(NULL, ret = rdv_domain_create(&d, NULL));
	CHECK(NULL, ret == -ENOMEM);
}

/* The first case, because the library takes its key once in a process. */
static void no_key_left_is_enomem(void)
{
	assert_int_equal(unit_child(without_keys, NULL), 0);
}

/* Of the header, the library and configure.ac. */
static void there_is_one_version(void)
{
	char version[64];

	snprintf(version, sizeof(version), "%d.%d.%d", RDV_VERSION_MAJOR,
		 RDV_VERSION_MINOR, RDV_VERSION_PATCH);
	assert_string_equal(version, PACKAGE_VERSION);
	assert_int_equal(rdv_version(), RDV_VERSION);
	assert_in_range(RDV_VERSION_MINOR, 0, 99);
	assert_in_range(RDV_VERSION_PATCH, 0, 99);
}

/* ------------------------------------------------------------------- attributes */

static void no_attr_means_defaults(void)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	rdv_domain *d, *e;

	assert_int_equal(attr.size, sizeof(attr));
	assert_int_equal(rdv_domain_create(&d, NULL), 0);
	assert_int_equal(rdv_domain_create(&e, &attr), 0);
	assert_int_equal(d->max_threads, 1024);
	assert_int_equal(d->patience_us, 1000);
	assert_false(d->biased);
	assert_string_equal(d->name, "rdv");
	assert_int_equal(e->max_threads, d->max_threads);
	assert_int_equal(e->patience_us, d->patience_us);
	assert_int_equal(e->biased, d->biased);
	assert_int_equal(e->spin_cap_ns, d->spin_cap_ns);
	assert_string_equal(e->name, d->name);
	assert_int_equal(rdv_domain_destroy(d), 0);
	assert_int_equal(rdv_domain_destroy(e), 0);
}

/* A name in braces is enough, as every other field is 0. */
static void zero_is_the_default(void)
{
	rdv_domain_attr attr = {.size = sizeof(attr), .name = "web"};
	rdv_domain *d;

	assert_int_equal(rdv_domain_create(&d, &attr), 0);
	assert_string_equal(d->name, "web");
	assert_int_equal(d->max_threads, 1024);
	assert_int_equal(d->patience_us, 1000);
	assert_int_equal(d->spin_cap_ns, RDV_SPIN_CAP_NS);
	assert_int_equal(d->stall_ns, 0);
	assert_false(d->biased);
	assert_int_equal(rdv_domain_destroy(d), 0);

	attr.spin_ns = RDV_SPIN_NEVER;
	attr.patience_ns = RDV_PATIENCE_NONE;
	assert_int_equal(rdv_domain_create(&d, &attr), 0);
	assert_int_equal(d->patience_us, 0);
	assert_int_equal(d->spin_cap_ns, 0);
	assert_int_equal(rdv_domain_destroy(d), 0);
}

/* What an older header did not have takes its default, whatever lies behind it. */
static void an_older_header_gets_defaults(void)
{
	union {
		rdv_domain_attr attr;
		unsigned char bytes[sizeof(rdv_domain_attr)];
	} old;
	rdv_domain *d;

	memset(old.bytes, 0xff, sizeof(old));
	old.attr.size = offsetof(rdv_domain_attr, name);
	assert_int_equal(rdv_domain_create(&d, &old.attr), 0);
	assert_string_equal(d->name, "rdv");
	assert_int_equal(d->max_threads, 1024);
	assert_int_equal(rdv_domain_destroy(d), 0);

	old.attr.size = offsetof(rdv_domain_attr, fence);
	old.attr.name = "old";
	old.attr.max_threads = 7;
	assert_int_equal(rdv_domain_create(&d, &old.attr), 0);
	assert_string_equal(d->name, "old");
	assert_int_equal(d->max_threads, 7);
	assert_false(d->biased);
	assert_int_equal(d->patience_us, 1000);
	assert_int_equal(rdv_domain_destroy(d), 0);

	old.attr.size = offsetof(rdv_domain_attr, stall_ns);
	old.attr.fence = RDV_FENCE_FULL;
	old.attr.spin_ns = RDV_SPIN_NEVER;
	old.attr.patience_ns = 5000;
	assert_int_equal(rdv_domain_create(&d, &old.attr), 0);
	assert_int_equal(d->patience_us, 5);
	assert_int_equal(d->spin_cap_ns, 0);
	assert_int_equal(rdv_domain_destroy(d), 0);
}

static void a_newer_header_must_be_zero_there(void)
{
	struct {
		rdv_domain_attr attr;
		unsigned char more[24];
	} newer = {RDV_DOMAIN_ATTR_INIT, {0}};
	size_t i;

	newer.attr.size = sizeof(newer);
	assert_int_equal(create(&newer.attr), 0);
	for (i = 0; i < sizeof(newer.more); i++) {
		newer.more[i] = 1;
		assert_int_equal(create(&newer.attr), -EINVAL);
		newer.attr.size = offsetof(__typeof__(newer), more) + i;
		assert_int_equal(create(&newer.attr), 0);
		newer.attr.size = sizeof(newer);
		newer.more[i] = 0;
	}
}

static void a_size_of_nothing_is_einval(void)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;

	for (attr.size = 0; attr.size < sizeof(attr.size); attr.size++)
		assert_int_equal(create(&attr), -EINVAL);
	assert_int_equal(create(&attr), 0);
}

static void max_threads_is_at_most_32767(void)
{
	static const struct {
		uint32_t max;
		int ret;
	} cases[] = {
		{0, 0},           {1, 0},           {31, 0},
		{32, 0},          {33, 0},          {RDV_MAX_THREADS, 0},
		{32768, -EINVAL}, {65536, -EINVAL}, {UINT32_MAX, -EINVAL},
	};
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		attr.max_threads = cases[i].max;
		assert_int_equal(create(&attr), cases[i].ret);
	}
}

static void unknown_fences_are_einval(void)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;

	attr.fence = RDV_FENCE_BIASED;
	assert_int_equal(create(&attr), 0);
	attr.fence = RDV_FENCE_BIASED + 1;
	assert_int_equal(create(&attr), -EINVAL);
	attr.fence = UINT32_MAX;
	assert_int_equal(create(&attr), -EINVAL);
}

static int on_stall(const struct rdv_stall *stall, void *arg)
{
	(void)stall;
	(void)arg;
	return 0;
}

static void any_stall_attributes_will_do(void)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;

	attr.on_stall = on_stall;
	attr.stall_arg = &attr;
	assert_int_equal(create(&attr), 0);
	attr.stall_ns = 1;
	assert_int_equal(create(&attr), 0);
	attr.stall_ns = UINT64_MAX;
	attr.on_stall = NULL;
	assert_int_equal(create(&attr), 0);
}

/* What becomes of patience_ns: a turn, and the longest window. */
static void assert_patience(uint64_t ns, uint32_t turn_us, uint32_t window_us)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	rdv_domain *d;

	attr.patience_ns = ns;
	assert_int_equal(rdv_domain_create(&d, &attr), 0);
	assert_int_equal(d->patience_us, turn_us);
	assert_int_equal(d->window_max_us, window_us);
	assert_int_equal(rdv_domain_destroy(d), 0);
}

/* Never less than what was asked for: 0 us would be no patience at all. */
static void patience_is_rounded_up(void)
{
	assert_patience(0, 1000, 64000);
	assert_patience(RDV_PATIENCE_NONE, 0, 64000);
	assert_patience(1, 1, 64000);
	assert_patience(999, 1, 64000);
	assert_patience(1000, 1, 64000);
	assert_patience(1001, 2, 64000);
	assert_patience(UINT64_MAX - 1, 1u << 30, 1u << 30);
}

/* Held threads that have missed windows get longer ones: 64 ms, or 64 times patience. */
static void windows_have_a_bound(void)
{
	assert_patience(UINT64_C(1000000), 1000, 64000);
	assert_patience(UINT64_C(1000001), 1001, 64064);
	assert_patience(UINT64_C(1000000) << 14, 1000 << 14, 1000u * 64 << 14);
	assert_patience(UINT64_C(1000000) << 15, 1000 << 15, 1u << 30);
}

static void names_are_copied_and_cut(void)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	char name[] = "0123456789012345678901234567890123456789";
	rdv_domain *d;

	attr.name = name;
	assert_int_equal(rdv_domain_create(&d, &attr), 0);
	name[0] = 'x';
	assert_string_equal(d->name, "0123456789012345678901234567890");
	assert_int_equal(rdv_domain_destroy(d), 0);
}

/* -------------------------------------------------------------- birth and death */

static void no_memory_is_enomem(void)
{
	shim.deny_memory = 1;
	assert_int_equal(create(NULL), -ENOMEM);
	assert_int_equal(create(NULL), 0);
}

static void destroy_while_in_use_is_ebusy(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	int fd = rdv_sync_enable(d), ret;

	actor_do(b, do_now);
	CALL(NULL, ret = rdv_domain_destroy(d));
	assert_int_equal(ret, -EBUSY);
	/* nothing has happened */
	assert_int_equal(rdv_sync_fd(d), fd);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	actor_do(a, do_isolate);
	CALL(NULL, ret = rdv_domain_destroy(d));
	assert_int_equal(ret, -EBUSY);
	actor_do(a, do_release);
	actor_do(a, do_unregister);
	assert_int_equal(rdv_domain_destroy(d), -EBUSY);
	actor_do(b, do_unregister);
	unit_destroy(d);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static rdv_thread *other;

static void do_register_other(struct actor *a)
{
	a->ret = rdv_thread_register(a->arg, "other", &other);
}

static void do_now_other(struct actor *a)
{
	(void)a;
	rdv_harmless_now(other);
}

static void do_isolate_other(struct actor *a)
{
	(void)a;
	rdv_isolate(other);
}

static void do_unregister_other(struct actor *a)
{
	(void)a;
	rdv_release(other);
	rdv_thread_unregister(other);
}

/* A thread alone in one domain holds nobody in another, and runs there. */
static void domains_know_nothing_of_each_other(void)
{
	rdv_domain *d = unit_domain(), *e = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(e, "c");

	a->arg = e;
	assert_does(a, do_register_other, 0);
	assert_ptr_not_equal(a->self, other);
	actor_do(b, do_now);
	actor_do(a, do_isolate);
	assert_goes(b, do_end, HELD);
	actor_do(c, do_checkpoint);
	assert_false(c->flag);

	actor_go(c, do_isolate);
	assert_where(c, GATHERING); /* for a, which runs in e */
	actor_do(a, do_now_other);
	assert_where(c, DONE);
	actor_do(c, do_release);
	assert_where(b, HELD);
	actor_do(a, do_release);
	assert_where(b, DONE);
}

/* One thread may be alone in several. */
static void a_thread_can_be_alone_in_two(void)
{
	rdv_domain *d = unit_domain(), *e = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(e, "c");

	a->arg = e;
	actor_do(a, do_register_other);
	actor_do(b, do_now);
	actor_do(c, do_now);
	actor_do(a, do_isolate);
	actor_do(a, do_isolate_other);
	actor_go(b, do_end);
	actor_go(c, do_end);
	assert_where(b, HELD);
	assert_where(c, HELD);
	actor_do(a, do_release);
	assert_where(b, DONE);
	assert_where(c, HELD);
	actor_do(a, do_unregister_other);
	assert_where(c, DONE);
}

/* --------------------------------------------------------------------- manners */

static void g11_no_threads_handlers_or_masks(void)
{
	struct sigaction before[32], after[32];
	sigset_t mask_before, mask_after;
	rdv_domain *d;
	rdv_thread *self;
	unsigned threads = unit_threads();
	int i;

	for (i = 1; i < 32; i++)
		sigaction(i, NULL, &before[i]);
	pthread_sigmask(SIG_BLOCK, NULL, &mask_before);
	assert_int_equal(rdv_domain_create(&d, NULL), 0);
	assert_true(rdv_sync_enable(d) >= 0);
	assert_int_equal(rdv_thread_register(d, "main", &self), 0);
	rdv_isolate(self);
	rdv_sync_want(self);
	rdv_release(self);
	rdv_sync_enter(self);
	assert_true(unit_threads() <= threads); /* those who were joined may linger */
	rdv_sync_exit(self);
	for (i = 1; i < 32; i++) {
		sigaction(i, NULL, &after[i]);
		assert_ptr_equal(after[i].sa_handler, before[i].sa_handler);
	}
	pthread_sigmask(SIG_BLOCK, NULL, &mask_after);
	for (i = 1; i < 32; i++)
		assert_int_equal(sigismember(&mask_after, i),
				 sigismember(&mask_before, i));
	rdv_thread_unregister(self);
	assert_int_equal(rdv_domain_destroy(d), 0);
}

/* In a process that has no domain yet.  What failed succeeds when keys are free. */
static void first_without_keys(void *unused)
{
	pthread_key_t key[4096];
	rdv_domain *d;
	int n = 0;

	(void)unused;
	while (n < 4096 && !pthread_key_create(&key[n], NULL))
		n++;
	errno = 77;
	CHECK(NULL, rdv_domain_create(&d, NULL) == -ENOMEM);
	CHECK(NULL, errno == 77);
	while (n)
		pthread_key_delete(key[--n]);
	CHECK(NULL, !rdv_domain_create(&d, NULL));
	CHECK(NULL, !rdv_domain_destroy(d));
}

static void no_key_is_enomem(void)
{
	assert_int_equal(unit_child(first_without_keys, NULL), 0);
}

static const struct unit_case cases[] = {
	UNIT(no_key_is_enomem, ONLY_PLAIN), /* the first, see there */
	UNIT(no_key_left_is_enomem, ONLY_PLAIN),
	UNIT(there_is_one_version, ONLY_PLAIN),
	UNIT(no_attr_means_defaults, ONLY_PLAIN),
	UNIT(zero_is_the_default, ONLY_PLAIN),
	UNIT(an_older_header_gets_defaults, ONLY_PLAIN),
	UNIT(a_newer_header_must_be_zero_there, ONLY_PLAIN),
	UNIT(a_size_of_nothing_is_einval, ONLY_PLAIN),
	UNIT(max_threads_is_at_most_32767, ONLY_PLAIN),
	UNIT(unknown_fences_are_einval, ONLY_PLAIN),
	UNIT(any_stall_attributes_will_do, ONLY_PLAIN),
	UNIT(patience_is_rounded_up, ONLY_PLAIN),
	UNIT(windows_have_a_bound, ONLY_PLAIN),
	UNIT(names_are_copied_and_cut, ONLY_PLAIN),
	UNIT(no_memory_is_enomem, ONLY_PLAIN),
	UNIT(destroy_while_in_use_is_ebusy, BOTH),
	UNIT(domains_know_nothing_of_each_other, ALL),
	UNIT(a_thread_can_be_alone_in_two, ALL),
	UNIT(g11_no_threads_handlers_or_masks, BOTH),
};

UNIT_MAIN("domain", cases)
