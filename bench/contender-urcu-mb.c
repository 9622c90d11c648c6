/* SPDX-License-Identifier: MIT */
/* liburcu's flavour with a full barrier in each thread: no membarrier(2) needed. */
#define _LGPL_SOURCE
#include <urcu/urcu-mb.h>

#define URCU       urcu_mb
#define URCU_ENTER read_lock
#define URCU_LEAVE read_unlock
#define URCU_QUIESCE()                 \
	do {                           \
		urcu_mb_read_unlock(); \
		urcu_mb_read_lock();   \
	} while (0)
#include "contender-urcu.h"

const struct contender contender_urcu_mb = {
	.name = "urcu-mb",
	.what = "liburcu's full-barrier flavour under a gate: read_unlock/read_lock",
	.thread_bytes = sizeof(struct urcu_reader),
	.grace = &grace_calls,
	CONTENDER_URCU,
};
