/* SPDX-License-Identifier: MIT */
/*
 * A mutex for each thread: running = its own is held, isolated = all are held.  Isolators
 * take turns.  Otherwise each of two isolators could hold a mutex that the other one
 * wants.
 */
#include "slots.h"

static struct own {
	_Alignas(64) pthread_mutex_t mutex;
} own[MAX_THREADS];

static unsigned n_own;
static pthread_mutex_t turn;
static struct slots slots = SLOTS_INIT;

static inline void side_enter(void *self)
{
	pthread_mutex_lock(&((struct own *)self)->mutex);
}

static inline void side_leave(void *self)
{
	pthread_mutex_unlock(&((struct own *)self)->mutex);
}

static inline void side_take(void)
{
	pthread_mutex_lock(&turn);
	for (unsigned i = 0; i < n_own; i++)
		pthread_mutex_lock(&own[i].mutex);
}

static inline void side_give(void)
{
	for (unsigned i = 0; i < n_own; i++)
		pthread_mutex_unlock(&own[i].mutex);
	pthread_mutex_unlock(&turn);
}

static inline int side_open(unsigned threads)
{
	n_own = threads;
	slots_reset(&slots);
	for (unsigned i = 0; i < threads; i++)
		pthread_mutex_init(&own[i].mutex, NULL);
	return -pthread_mutex_init(&turn, NULL);
}

static inline void side_close(void)
{
	for (unsigned i = 0; i < n_own; i++)
		pthread_mutex_destroy(&own[i].mutex);
	pthread_mutex_destroy(&turn);
}

static inline void *side_join(void)
{
	unsigned slot = slots_take(&slots, n_own);

	return slot == NO_SLOT ? NULL : &own[slot];
}

static inline void side_quit(void *self)
{
	slots_give(&slots, (unsigned)((struct own *)self - own));
}

#include "contender-gate.h"

const struct contender contender_perthread = {
	.name = "perthread",
	.family = "libc",
	.what = "a pthread_mutex for each thread; isolating locks them all",
	.thread_bytes = sizeof(struct own),
	CONTENDER_GATE,
};
