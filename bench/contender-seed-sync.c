/* SPDX-License-Identifier: MIT */
/*
 * The sync-point of 2017.  The first thread that wants one writes a byte into a pipe that
 * all pollers watch.  All threads meet at a barrier.  Those that want the sync-point run
 * one after the other under a spin lock.  The last of them reads the byte back, and all
 * threads meet at a second barrier.  At first waits were loops of a pause.  Soon after
 * they became loops of sched_yield(), because with many threads on few CPUs each pause
 * loop took a time slice.  Both forms are here.
 *
 * A barrier is a mask that fills up.  The first thread that comes to a full barrier
 * empties it: all threads have come to the other barrier by then, so they have left this
 * one.
 */
#include "contender-seed.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static struct {
	_Alignas(128) uint64_t want;
	uint64_t lock;
	uint64_t entered, left; /* the barriers */
	bool yields;
	int pipe[2];
} sync_point;

int seed_sync_open(bool yields)
{
	sync_point.yields = yields;
	sync_point.want = 0;
	sync_point.lock = 0;
	sync_point.entered = 0;
	sync_point.left = 0;
	return pipe2(sync_point.pipe, O_NONBLOCK | O_CLOEXEC) ? -errno : 0;
}

void seed_sync_close(void)
{
	close(sync_point.pipe[0]);
	close(sync_point.pipe[1]);
}

static int sync_enable(void)
{
	return sync_point.pipe[0];
}

static uint64_t bit_of(const void *self)
{
	return ((const struct seed_thread *)self)->bit;
}

static uint64_t wanting(void)
{
	return __atomic_load_n(&sync_point.want, __ATOMIC_SEQ_CST);
}

static void sync_want(void *self)
{
	const char byte = 'S';

	if (!__atomic_fetch_or(&sync_point.want, bit_of(self), __ATOMIC_SEQ_CST))
		while (write(sync_point.pipe[1], &byte, 1) < 0 && errno == EINTR)
			;
}

static bool sync_pending(void)
{
	return wanting();
}

static void relax(void)
{
	if (sync_point.yields)
		sched_yield();
	else
		bench_pause();
}

static void meet(uint64_t *barrier, uint64_t bit)
{
	const uint64_t all = seed_all_threads();
	uint64_t full = all;

	__atomic_compare_exchange_n(barrier, &full, 0, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	__atomic_fetch_or(barrier, bit, __ATOMIC_SEQ_CST);
	while ((__atomic_load_n(barrier, __ATOMIC_SEQ_CST) & all) != all)
		relax();
}

static void sync_enter(void *self)
{
	if (!wanting())
		return;
	meet(&sync_point.entered, bit_of(self));
	if (wanting() & bit_of(self))
		while (__atomic_exchange_n(&sync_point.lock, 1, __ATOMIC_ACQUIRE))
			relax();
}

static void sync_exit(void *self)
{
	const uint64_t bit = bit_of(self);
	char byte;

	if (wanting() & bit) {
		__atomic_store_n(&sync_point.lock, 0, __ATOMIC_RELEASE);
		if (!__atomic_and_fetch(&sync_point.want, ~bit, __ATOMIC_SEQ_CST))
			while (read(sync_point.pipe[0], &byte, 1) < 0 && errno == EINTR)
				;
	}
	meet(&sync_point.left, bit);
}

const struct sync_calls seed_sync_calls = {
	.enable = sync_enable,
	.want = sync_want,
	.pending = sync_pending,
	.enter = sync_enter,
	.exit = sync_exit,
};
