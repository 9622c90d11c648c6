/* SPDX-License-Identifier: MIT */
/*
 * Grace periods, see <rdv/handshake.h>.  A running thread makes these calls, except where a
 * line says otherwise, and is running afterwards.
 */
#ifndef BENCH_GRACE_H
#define BENCH_GRACE_H

#include <stdint.h>

/* An object to be freed, with room for what a library writes into it. */
struct grace_item {
	_Alignas(16) unsigned char head[32];
	void (*fn)(struct grace_item *item);
	uint64_t *counter, payload; /* fn's */
};

struct grace_calls {
	/* What readers do between two bursts: no pointer that they have is valid then. */
	void (*quiesce)(void *self);
	void (*synchronize)(void *self);
	/* grace_item_call() is called after a grace period. */
	void (*retire)(void *self, struct grace_item *item);
	/* Returns when it has been called for all that the caller has retired. */
	void (*settle)(void *self);
};

static inline void grace_item_call(void *item)
{
	((struct grace_item *)item)->fn(item);
}

#endif
