/* SPDX-License-Identifier: MIT */
/*
 * <rdv/sync.h> - the sync-point: all members meet.  Those that asked for it run
 * one after the other, while all others wait.  Then all leave together.
 *
 * It is stronger than an isolation and costs more: it wakes the threads that sleep
 * in their pollers, by an eventfd that each poller watches level-triggered.  In the
 * loop of each thread:
 *
 *	epoll_wait(...);                      // rdv_sync_fd() is one of the fds
 *	if (rdv_sync_pending(domain)) {
 *		rdv_sync_enter(self);         // meet the others
 *		if (rdv_sync_my_turn(self))
 *			reconfigure();        // the others wait, harmless
 *		rdv_sync_exit(self);          // leave with the others
 *	}
 *
 * A thread that needs a sync-point calls rdv_sync_want(self).
 *
 * Every member has to come.  A member that sleeps where it does not watch the eventfd
 * holds up the sync-point for ever, also if it is harmless.
 *
 * The eventfd is readable from the first rdv_sync_want() until the last turn is over.
 * Only the library reads it.
 *
 * A thread that waits here counts as harmless for rdv_isolate().  An isolated thread
 * must not enter, because the others cannot come.
 */
#ifndef RDV_SYNC_H
#define RDV_SYNC_H

#include <rdv/rdv.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Creates the eventfd (close-on-exec, non-blocking) and returns its descriptor.  If
 * the domain has one already, it returns that one.  Add it to every poller,
 * level-triggered, for reading.  It belongs to the domain: do not read, write or
 * close it.  In the child of a fork() the descriptor has the same number and belongs
 * to a new eventfd.
 * If the kernel refuses that, rdv_sync_fd() is -1 in the child, and rdv_sync_enable() tries
 * again.
 * Errors: -EMFILE, -ENFILE, -ENOMEM, -ENODEV, as eventfd(2) has them.
 */
RDV_API int rdv_sync_enable(rdv_domain *domain);

/* The descriptor, or -1 before rdv_sync_enable(). */
RDV_API int rdv_sync_fd(const rdv_domain *domain);

/*
 * Subscribes the calling thread to the next sync-point.  The first subscription
 * makes the eventfd readable, unless the thread is alone in the domain.  The caller
 * then has to enter as well.  Asking again before that sync-point is over changes
 * nothing.
 */
RDV_API void rdv_sync_want(rdv_thread *self);

/* Whether any member wants a sync-point (the seed's !thread_no_sync()). */
RDV_API bool rdv_sync_pending(const rdv_domain *domain);

/*
 * Whether the calling thread is between rdv_sync_enter() and rdv_sync_exit() and has its
 * turn, so that all others wait.
 */
RDV_API bool rdv_sync_my_turn(const rdv_thread *self);

/*
 * Whether the calling thread has subscribed (the seed's thread_need_sync()).  Between
 * rdv_sync_enter() and rdv_sync_exit() it is rdv_sync_my_turn(), as in the seed.
 */
RDV_API bool rdv_sync_wanted(const rdv_thread *self);

/*
 * rdv_sync_enter(): waits until every member has come.  A thread that had asked then
 * waits for its turn, and returns while all others wait.  Any other thread returns
 * when the last turn is over.  If no sync-point is wanted any more the call returns
 * at once.
 *
 * rdv_sync_exit(): ends the turn of the thread.  The end of the last turn drains the
 * eventfd.  The call returns when every member has come to it.  By a thread that has not
 * entered it does nothing; a build with --enable-debug aborts.
 *
 * Both return with the thread running.  Not for signal handlers.
 */
RDV_API void rdv_sync_enter(rdv_thread *self);
RDV_API void rdv_sync_exit(rdv_thread *self);

#ifdef __cplusplus
}
#endif

#endif /* RDV_SYNC_H */
