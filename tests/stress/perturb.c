/* SPDX-License-Identifier: MIT */
#include "perturb.h"
#include "rng.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	SPIN_TURNS = 2000,
	SLEEP_MIN_NS = 1000,
	SLEEP_DOUBLINGS = 10, /* as many short ones as long ones */
};

static struct perturbation perturbation = {.hot_one_in = 1};

static __thread struct {
	struct rng rng;
	uint64_t key; /* sets its hot labels apart */
	bool on, handles;
} stream;

void perturb_set(struct perturbation p)
{
	perturbation = p;
}

void perturb_thread(uint64_t seed)
{
	stream.rng.state = seed;
	stream.key = rng_next(&stream.rng);
	stream.on = true;
}

void perturb_off(void)
{
	stream.on = false;
}

void perturb_handler(bool begins)
{
	stream.handles = begins;
}

void perturb_spin(unsigned turns)
{
	while (turns--)
		__asm__ volatile("" ::: "memory");
}

/* ------------------------------------------------------------------ what happens
 *
 * By syscall(2), as the wrappers are cancellation points.
 */

static long some_ns(struct rng *rng)
{
	return rng_below(rng, SLEEP_MIN_NS << rng_below(rng, SLEEP_DOUBLINGS + 1));
}

static void lose_time(struct rng *rng)
{
	const long request[2] = {0, some_ns(rng)};

	switch (rng_below(rng, 4)) {
	case 0:
		sched_yield();
		break;
	case 1:
		perturb_spin(rng_below(rng, SPIN_TURNS));
		break;
	default:
		syscall(SYS_nanosleep, request, NULL);
	}
}

/*
 * Stays where it is until another thread comes to such a point, which then does the
 * same; or for some time.  So threads take turns from one hot label to the next, which
 * brings about what needs several delays in a row.
 */
static void pass_baton(struct rng *rng)
{
	static uint32_t baton; /* futex word */
	const long timeout[2] = {0, some_ns(rng)};
	uint32_t mine = __atomic_add_fetch(&baton, 1, __ATOMIC_RELAXED);

	syscall(SYS_futex, &baton, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
	syscall(SYS_futex, &baton, FUTEX_WAIT_PRIVATE, mine, timeout, NULL, 0);
}

/* ------------------------------------------------------------------------- where */

/*
 * Two kinds of epochs.  Sharp: at the points of a few functions, or lines, every
 * thread loses time every other time that it passes, and nowhere else; windows that
 * need several delays in a row are mostly between two functions.  Diffuse: at many
 * lines, others for each thread, less often, and now and then anywhere.
 */
static struct {
	uint64_t key;
	bool sharp, whole; /* functions, not lines */
} epoch;

void perturb_epoch(uint64_t key)
{
	epoch.key = rng_mix(key);
	epoch.sharp = key % 4;
	epoch.whole = key % 2;
}

static bool is_hot(const char *function, int line)
{
	uint64_t label = rng_hash(function) ^ epoch.key;

	if (!epoch.sharp)
		label ^= stream.key;
	if (!epoch.sharp || !epoch.whole)
		label ^= (unsigned)line;
	return rng_mix(label) % perturbation.hot_one_in == 0;
}

static unsigned probability(bool hot)
{
	if (epoch.sharp)
		return hot ? 2 * perturbation.hot : 0;
	return hot ? perturbation.hot : perturbation.cold;
}

static void point(bool hot, unsigned permille)
{
	int saved_errno = errno;

	if (!rng_chance(&stream.rng, permille))
		return;
	if (!stream.handles && rng_chance(&stream.rng, perturbation.signals))
		raise(SIGUSR1);
	else if (hot && rng_below(&stream.rng, 2))
		pass_baton(&stream.rng);
	else
		lose_time(&stream.rng);
	errno = saved_errno;
}

void rdv_point(const char *function, int line)
{
	bool hot;

	if (!stream.on)
		return;
	hot = is_hot(function, line);
	point(hot, probability(hot));
}

void perturb_here(void)
{
	if (stream.on)
		point(false, perturbation.cold);
}
