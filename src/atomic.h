/* SPDX-License-Identifier: MIT */
/*
 * The atomics of the protocol are here and nowhere else in src/, but for three in
 * <rdv/rdv.h> for the inline fast paths; count.h has those of the statistics, which
 * are no part of it.  The order is part of each name:
 *
 *	_rlx  relaxed		_acq  acquire on loads
 *	_rel  release on stores	_sc   sequentially consistent
 *
 * What a protocol word synchronises with is said where it is used, by a tag such
 * as [GATE] that doc/design.md lists with both its ends.
 *
 * Relaxed is enough for one of six reasons.  Its letter stands at each such access:
 *
 *	(a)  The thread's own word.  It reads what it wrote itself.
 *	(b)  A first guess.  The compare-and-swap that follows fails if it is wrong.
 *	(c)  Between the thread and its signal handlers.  A signal fence stands beside it.
 *	(d)  A hint.  Any value that the word ever had will do, and costs time at most.
 *	(e)  Under the lock that the writers hold too.
 *	(f)  Carried by another access: the writer's next one releases it, or the reader's
 *	     last one has acquired it.
 */
#ifndef RDV_ATOMIC_H
#define RDV_ATOMIC_H

#include <rdv/rdv.h>

#include "point.h"

#define rdv_load_rlx(p) (RDV_POINT(), __atomic_load_n((p), __ATOMIC_RELAXED))
#define rdv_load_acq(p) (RDV_POINT(), __atomic_load_n((p), __ATOMIC_ACQUIRE))
#define rdv_load_sc(p)  (RDV_POINT(), __atomic_load_n((p), __ATOMIC_SEQ_CST))

#define rdv_store_rlx(p, v) (RDV_POINT(), __atomic_store_n((p), (v), __ATOMIC_RELAXED))
#define rdv_store_rel(p, v) (RDV_POINT(), __atomic_store_n((p), (v), __ATOMIC_RELEASE))
#define rdv_store_sc(p, v)  (RDV_POINT(), __atomic_store_n((p), (v), __ATOMIC_SEQ_CST))

/* These return the value before. */
#define rdv_xchg_sc(p, v) (RDV_POINT(), __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST))
#define rdv_or_sc(p, v)   (RDV_POINT(), __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST))
#define rdv_and_sc(p, v)  (RDV_POINT(), __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST))
#define rdv_add_sc(p, v)  (RDV_POINT(), __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST))
#define rdv_sub_sc(p, v)  (RDV_POINT(), __atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST))

/* True if *p was *expected and is now v; else *expected is what *p was. */
#define rdv_cas_sc(p, expected, v)                                             \
	(RDV_POINT(), __atomic_compare_exchange_n((p), (expected), (v), false, \
						  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))

/* Between a thread and its own signal handlers. */
#define rdv_signal_fence() __atomic_signal_fence(__ATOMIC_SEQ_CST)

#endif
