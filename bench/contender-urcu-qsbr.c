/* SPDX-License-Identifier: MIT */
/* liburcu's QSBR flavour: running = online, harmless = offline. */
#define _LGPL_SOURCE
#include <urcu/urcu-qsbr.h>

#define URCU           urcu_qsbr
#define URCU_ENTER     thread_online
#define URCU_LEAVE     thread_offline
#define URCU_QUIESCE() urcu_qsbr_quiescent_state()
#include "contender-urcu.h"

URCU_CALLED(called_quiescent_state, quiescent_state);

BENCH_LOOP(bare_loop, urcu_qsbr_quiescent_state());
BENCH_LOOP(bare_called_loop, called_quiescent_state());

const struct contender contender_urcu_qsbr = {
	.name = "urcu-qsbr",
	.what = "liburcu's QSBR flavour under a gate: offline/online",
	.thread_bytes = sizeof(struct urcu_qsbr_reader),
	.bare_loop = bare_loop,
	.bare_called_loop = bare_called_loop,
	.grace = &grace_calls,
	CONTENDER_URCU,
};
