/* SPDX-License-Identifier: MIT */
/*
 * liburcu's membarrier flavour: a thread makes a plain store, and the isolator calls
 * membarrier(2).
 */
#define _LGPL_SOURCE
#include <urcu/urcu-memb.h>

#define URCU       urcu_memb
#define URCU_ENTER read_lock
#define URCU_LEAVE read_unlock
#include "contender-urcu.h"

const struct contender contender_urcu_memb = {
	.name = "urcu-memb",
	.what = "liburcu's membarrier flavour under a gate: read_unlock/read_lock",
	.thread_bytes = sizeof(struct urcu_reader),
	CONTENDER_URCU,
};
