/* SPDX-License-Identifier: MIT */
/* An nsync_mu: running = read-held, isolated = write-held. */
#include <nsync_mu.h>

static nsync_mu mu;

static inline void side_enter(void *self)
{
	(void)self;
	nsync_mu_rlock(&mu);
}

static inline void side_leave(void *self)
{
	(void)self;
	nsync_mu_runlock(&mu);
}

static inline void side_take(void)
{
	nsync_mu_lock(&mu);
}

static inline void side_give(void)
{
	nsync_mu_unlock(&mu);
}

static inline int side_open(unsigned threads)
{
	(void)threads;
	nsync_mu_init(&mu);
	return 0;
}

static inline void side_close(void)
{
}

static inline void *side_join(void)
{
	return &mu;
}

static inline void side_quit(void *self)
{
	(void)self;
}

#include "contender-gate.h"

const struct contender contender_nsync = {
	.name = "nsync",
	.family = "nsync",
	.what = "nsync_mu: running = read-held, isolated = write-held",
	CONTENDER_GATE,
};
