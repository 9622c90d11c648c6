/* SPDX-License-Identifier: MIT */
#include "watch.h"
#include "crew.h"
#include "stress.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>

enum { TICKS_PER_SECOND = 10 };

static uint64_t other_progress;

void watch_progress(void)
{
	count(&other_progress);
}

static uint64_t progress(void)
{
	uint64_t sum = peek(&other_progress);
	unsigned i, slots = peek(&crew.slots);

	for (i = 0; i < slots; i++)
		sum += peek(&crew.worker[i].progress);
	return sum;
}

static void *watch(void *begun)
{
	const struct timespec tick = {0, 1000000000 / TICKS_PER_SECOND};
	uint64_t before = 0, now;
	unsigned ticks = 0;

	sem_post(begun);
	for (;;) {
		nanosleep(&tick, NULL);
		now = progress();
		ticks = now == before ? ticks + 1 : 0;
		before = now;
		if (ticks > options.stall * TICKS_PER_SECOND)
			fail("stalled: no progress for %u s", options.stall);
	}
	return NULL;
}

/*
 * Signals of the process are for the others.  The scenario begins when the thread is there,
 * as it may fork: a sanitizer's thread that is still being made allocates, and the child
 * would inherit the locked allocator.
 */
void watch_start(void)
{
	static sem_t begun; /* the thread may touch it after we have returned */
	sigset_t all, before;
	pthread_t thread;
	int ret;

	sem_init(&begun, 0, 0);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&thread, NULL, watch, &begun);
	must(!ret, "no thread for the watchdog: %d", ret);
	pthread_detach(thread);
	sem_wait(&begun);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
