/* SPDX-License-Identifier: MIT */
/*
 * The atomic operations of the protocol.  The only others are those of the inline fast
 * paths in <rdv/rdv.h>, and those of the statistics in inside/count.h, which are not part
 * of the protocol.  The name of each tells its order:
 *
 *	_rlx  relaxed		_acq  acquire on loads
 *	_rel  release on stores	_sc   sequentially consistent
 *
 * A tag such as [GATE] at an access tells what it synchronises with.  doc/design.md lists
 * the tags with both their ends.
 *
 * There are six reasons why relaxed can be enough.  Each relaxed access has the letter of
 * its reason:
 *
 *	(a)  The thread's own word.  It reads what it wrote itself.
 *	(b)  A first guess.  The compare-and-swap that follows fails if it is wrong.
 *	(c)  Between the thread and its signal handlers.  A signal fence stands beside it.
 *	(d)  A hint.  Any value that the word ever had will do, and costs time at most.
 *	(e)  Under the lock that the writers hold too.
 *	(f)  Another access does the ordering: the writer's next one releases, or the
 *	     reader's last one has acquired.
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

/* These return the old value. */
#define rdv_xchg_sc(p, v) (RDV_POINT(), __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST))
#define rdv_or_sc(p, v)   (RDV_POINT(), __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST))
#define rdv_and_sc(p, v)  (RDV_POINT(), __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST))
#define rdv_add_sc(p, v)  (RDV_POINT(), __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST))
#define rdv_sub_sc(p, v)  (RDV_POINT(), __atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST))

/* True: *p was *expected and is now v.  False: *expected is now what *p was. */
#define rdv_cas_sc(p, expected, v)                                             \
	(RDV_POINT(), __atomic_compare_exchange_n((p), (expected), (v), false, \
						  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))

/* Between a thread and its own signal handlers. */
#define rdv_signal_fence() __atomic_signal_fence(__ATOMIC_SEQ_CST)

#endif
