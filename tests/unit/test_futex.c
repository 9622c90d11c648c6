/* SPDX-License-Identifier: MIT */
/*
 * The one place that sleeps: private futexes, bitsets, deadlines, errno.
 */
#include "unit.h"
#include "futex.h"

#include <linux/futex.h>

static rdv_word word;

/* An actor waits for it; arg is the bitset. */
static uint32_t expected;

static void do_wait(struct actor *a)
{
	uint32_t bitset = *(const uint32_t *)a->arg;

	CALL(a, a->ret = rdv_futex_wait(&word, expected, bitset, a->deadline));
}

static uint32_t bits[] = {1, 2, 4, RDV_FUTEX_ANY};

static int wake(int n, uint32_t bitset)
{
	int ret;

	CALL(NULL, ret = rdv_futex_wake(&word, n, bitset));
	return ret;
}

static int wait_for(uint32_t value, const struct timespec *deadline)
{
	int ret;

	CALL(NULL, ret = rdv_futex_wait(&word, value, RDV_FUTEX_ANY, deadline));
	return ret;
}

/* The actors need a domain to be told where they are. */
static struct actor *sleeper(rdv_domain *d, uint32_t *bitset)
{
	struct actor *a = actor_start(d, "sleeper");

	a->arg = bitset;
	assert_goes(a, do_wait, LOST);
	return a;
}

static void another_value_is_eagain(void)
{
	word = 7;
	assert_int_equal(wait_for(6, NULL), -EAGAIN);
	assert_int_equal(wait_for(6, &unit_far), -EAGAIN);
	assert_int_equal(shim.futex_calls, 2);
}

static void late_deadlines_make_no_system_call(void)
{
	word = 7;
	assert_int_equal(wait_for(7, &unit_past), -ETIMEDOUT);
	assert_int_equal(wait_for(7, &unit_negative), -ETIMEDOUT);
	assert_int_equal(wait_for(6, &unit_past), -ETIMEDOUT);
	assert_int_equal(shim.futex_calls, 0);
}

/* It may be a while, but it ends. */
static void deadlines_are_absolute(void)
{
	struct timespec deadline;

	word = 7;
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_nsec += 2000000;
	if (deadline.tv_nsec >= 1000000000) {
		deadline.tv_nsec -= 1000000000;
		deadline.tv_sec++;
	}
	assert_int_equal(wait_for(7, &deadline), -ETIMEDOUT);
	assert_true(shim.futex_calls <= 1);
	assert_int_equal(wait_for(7, &deadline), -ETIMEDOUT);
	assert_true(shim.futex_calls <= 1);
}

static void wake_ups_are_addressed(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a[4];
	int i;

	word = expected = 0;
	for (i = 0; i < 4; i++)
		a[i] = sleeper(d, &bits[i]);
	assert_int_equal(wake(4, 8), 1); /* the last one listens to all */
	assert_done(a[3], 0);
	assert_int_equal(wake(4, 8), 0);
	assert_int_equal(wake(4, 2), 1);
	assert_done(a[1], 0);
	assert_where(a[0], LOST);
	assert_where(a[2], LOST);
	assert_int_equal(wake(1, RDV_FUTEX_ANY), 1);
	assert_done(a[0], 0); /* the one that has slept longest */
	assert_int_equal(wake(1, 3), 0);
	assert_int_equal(wake(1, 6), 1);
	assert_done(a[2], 0);
}

static void wake_is_bounded_and_counts(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a[5];
	int i;

	word = expected = 0;
	for (i = 0; i < 5; i++)
		a[i] = sleeper(d, &bits[3]);
	assert_int_equal(wake(2, RDV_FUTEX_ANY), 2);
	assert_done(a[0], 0);
	assert_done(a[1], 0);
	assert_where(a[2], LOST);
	assert_int_equal(wake(9, RDV_FUTEX_ANY), 3);
}

static void signals_are_eintr(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = sleeper(d, &bits[0]);

	actor_interrupt(a);
	assert_done(a, -EINTR);
	a->deadline = &unit_far;
	assert_goes(a, do_wait, LOST);
	actor_interrupt(a);
	assert_done(a, -EINTR);
}

/* What the kernel is asked for: private, and on the monotonic clock. */
static void futexes_are_private(void)
{
	word = 7;
	wait_for(6, &unit_far);
	assert_int_equal(shim.futex_op, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG);
	assert_int_equal(shim.futex_value, 6);
	assert_int_equal((uint32_t)shim.futex_bitset, RDV_FUTEX_ANY);
	wake(3, 0x80000000u);
	assert_int_equal(shim.futex_op, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG);
	assert_int_equal(shim.futex_value, 3);
	assert_int_equal((uint32_t)shim.futex_bitset, 0x80000000u);
}

/* Any error is a return value: errno is the caller's. */
static void g11_errors_leave_errno_alone(void)
{
	static const int errors[] = {EINTR, EAGAIN, ETIMEDOUT};
	int i;

	word = 7;
	for (i = 0; i < 3; i++) {
		shim.deny_futex = errors[i];
		assert_int_equal(wait_for(7, NULL), -errors[i]);
		assert_int_equal(wait_for(7, &unit_far), -errors[i]);
		assert_int_equal(wake(1, RDV_FUTEX_ANY), -errors[i]);
	}
}

static const struct unit_case cases[] = {
	UNIT(another_value_is_eagain, ONLY_PLAIN),
	UNIT(late_deadlines_make_no_system_call, ONLY_PLAIN),
	UNIT(deadlines_are_absolute, ONLY_PLAIN),
	UNIT(wake_ups_are_addressed, ONLY_PLAIN),
	UNIT(wake_is_bounded_and_counts, ONLY_PLAIN),
	UNIT(signals_are_eintr, ONLY_PLAIN),
	UNIT(futexes_are_private, ONLY_PLAIN),
	UNIT(g11_errors_leave_errno_alone, ONLY_PLAIN),
};

UNIT_MAIN("futex", cases)
