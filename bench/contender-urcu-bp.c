/* SPDX-License-Identifier: MIT */
/*
 * liburcu's bulletproof flavour.  Threads need not register, and stay registered until
 * they exit.  So the time to register again cannot be measured.
 */
#ifndef RDV_SANITIZED /* the library aligns its records less than their type says */
#define _LGPL_SOURCE
#endif
#include <urcu/urcu-bp.h>

#define URCU       urcu_bp
#define URCU_ENTER read_lock
#define URCU_LEAVE read_unlock
#define URCU_QUIESCE()                 \
	do {                           \
		urcu_bp_read_unlock(); \
		urcu_bp_read_lock();   \
	} while (0)
#include "contender-urcu.h"

const struct contender contender_urcu_bp = {
	.name = "urcu-bp",
	.what = "liburcu's bulletproof flavour under a gate: read_unlock/read_lock",
#ifdef _LGPL_SOURCE
	.thread_bytes = sizeof(struct urcu_bp_reader),
#endif
	.stays = true,
	.grace = &grace_calls,
	CONTENDER_URCU,
};
