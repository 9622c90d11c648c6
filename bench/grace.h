/* SPDX-License-Identifier: MIT */
/*
 * Grace periods, see <rdv/handshake.h>.  A running thread makes these calls, except where a
 * line says otherwise, and is running afterwards.
 */
#ifndef BENCH_GRACE_H
#define BENCH_GRACE_H

#include <stdint.h>
#include <stdlib.h>

/* An object to be freed, with room for what a library writes into it. */
struct grace_item {
	_Alignas(16) unsigned char head[32];
	uint64_t *freed; /* what counts it then, atomic */
	uint64_t payload;
};

struct grace_calls {
	/* What readers do between two bursts: no pointer that they have is valid then. */
	void (*quiesce)(void *self);
	void (*synchronize)(void *self);
	/* grace_item_free() is called after a grace period. */
	void (*retire)(void *self, struct grace_item *item);
	/* Returns when all that the caller has retired is freed. */
	void (*settle)(void *self);
};

static inline void grace_item_free(void *item)
{
	uint64_t *freed = ((struct grace_item *)item)->freed;

	free(item);
	__atomic_fetch_add(freed, 1, __ATOMIC_RELAXED);
}

#endif
