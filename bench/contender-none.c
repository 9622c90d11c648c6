/* SPDX-License-Identifier: MIT */
/* The control: it promises to exclude and does nothing.  The torture must notice. */
#include "contender.h"
#include "contender-loops.h"

#include <stddef.h>

static int none_open(unsigned threads)
{
	(void)threads;
	return 0;
}

static void none_close(void)
{
}

static void *none_join(void)
{
	static char handle;

	return &handle;
}

static void none_leave(void *self)
{
	(void)self;
}

static inline void none_harmless_now(void *self)
{
	(void)self;
}

static inline void none_harmless_end(void *self)
{
	(void)self;
}

static inline void none_checkpoint(void *self)
{
	(void)self;
}

static inline void none_isolate(void *self)
{
	(void)self;
}

static inline void none_release(void *self)
{
	(void)self;
}

CONTENDER_LOOPS(none);

const struct contender contender_none = {
	.name = "none",
	.family = "control",
	.what = "no synchronisation at all: the control of the torture",
	.max_threads = MAX_THREADS,
	.open = none_open,
	.close = none_close,
	CONTENDER_CALLS(none),
};
