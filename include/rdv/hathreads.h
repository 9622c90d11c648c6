/* SPDX-License-Identifier: MIT */
/*
 * <rdv/hathreads.h> - the names of the sync-point of HAProxy 1.8 (2017) and of the
 * rendez-vous point of HAProxy 1.9 (2018).  They act on one domain of the process, and
 * are for code that was written with them.
 *
 *	thread_sync_init(mask);                 // once, before the threads start
 *	fd = thread_sync_enable();              // add it to every poller
 *
 *	tid = n; tid_bit = 1UL << n;            // each thread, first of all
 *	while (...) {
 *		thread_harmless_now();
 *		epoll_wait(...);
 *		thread_harmless_end();
 *		...
 *		if (!thread_no_sync()) {
 *			thread_enter_sync();
 *			if (thread_need_sync())
 *				...
 *			thread_exit_sync();
 *		}
 *	}
 *
 * What is different from the original: a thread becomes a member of the domain when it
 * first calls one of these functions.  It is waited for from then on, and not from
 * thread_sync_init() on.  It leaves when it exits.  The masks of the harmless and of the
 * waiting threads do not exist.  The program assigns all_threads_mask, and each thread
 * its tid and tid_bit; the library does not use them.  The domain has as many members as
 * a long has bits.  These functions cannot fail: if the domain cannot be created, or has
 * no room for the thread, the process prints a message and aborts.
 *
 * tid, tid_bit and all_threads_mask are macros.  A program that includes this header
 * cannot use these names for anything else.
 */
#ifndef RDV_HATHREADS_H
#define RDV_HATHREADS_H

#include <rdv/sync.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The domain, and the calling thread's handle in it.  What is missing is created. */
RDV_API rdv_domain *rdv_hathreads_domain(void);
RDV_API rdv_thread *rdv_hathreads_self(void);

RDV_API unsigned int *rdv_hathreads_tid(void);
RDV_API unsigned long *rdv_hathreads_tid_bit(void);
RDV_API unsigned long *rdv_hathreads_all_threads_mask(void);

#define tid              (*rdv_hathreads_tid())
#define tid_bit          (*rdv_hathreads_tid_bit())
#define all_threads_mask (*rdv_hathreads_all_threads_mask())

/* ------------------------------------------------ the rendez-vous point of 2018 */

static inline void thread_harmless_now(void)
{
	rdv_harmless_now(rdv_hathreads_self());
}

static inline void thread_harmless_end(void)
{
	rdv_harmless_end(rdv_hathreads_self());
}

static inline void thread_harmless_till_end(void)
{
	rdv_harmless_till_end(rdv_hathreads_self());
}

static inline void thread_isolate(void)
{
	(rdv_isolate)(rdv_hathreads_self());
}

/* It notes its caller. */
#define thread_isolate() rdv_isolate_at(rdv_hathreads_self(), __func__)

static inline void thread_release(void)
{
	rdv_release(rdv_hathreads_self());
}

/* -------------------------------------------------------- the sync-point of 2017 */

/* Returns 0.  mask: the threads that there will be. */
static inline int thread_sync_init(unsigned long mask)
{
	all_threads_mask = mask;
	return rdv_hathreads_domain() ? 0 : -1;
}

/* Returns the descriptor to poll, or a negative errno. */
static inline int thread_sync_enable(void)
{
	return rdv_sync_enable(rdv_hathreads_domain());
}

static inline void thread_want_sync(void)
{
	rdv_sync_want(rdv_hathreads_self());
}

static inline int thread_no_sync(void)
{
	return !rdv_sync_pending(rdv_hathreads_domain());
}

static inline int thread_need_sync(void)
{
	return rdv_sync_wanted(rdv_hathreads_self());
}

static inline void thread_enter_sync(void)
{
	rdv_sync_enter(rdv_hathreads_self());
}

static inline void thread_exit_sync(void)
{
	rdv_sync_exit(rdv_hathreads_self());
}

#ifdef __cplusplus
}
#endif

#endif /* RDV_HATHREADS_H */
