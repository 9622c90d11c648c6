/* SPDX-License-Identifier: MIT */
/*
 * <rdv/sync.h> - the sync-point: everybody meets, the requesters run one after
 * the other while all others wait, everybody leaves together.
 *
 * It is stronger than a rendez-vous and dearer: threads asleep in their pollers
 * are woken for it, by an eventfd that each poller watches level-triggered.  In
 * each thread's loop:
 *
 *	epoll_wait(...);                      // rdv_sync_fd() is one of the fds
 *	if (rdv_sync_pending(domain)) {
 *		rdv_sync_enter(self);         // meet the others
 *		if (rdv_sync_my_turn(self))
 *			reconfigure();        // the others wait, harmless
 *		rdv_sync_exit(self);          // leave with the others
 *	}
 *
 * and where a thread finds that it needs one: rdv_sync_want(self).
 *
 * Nobody reads the descriptor but the library: it is readable from the first
 * rdv_sync_want() until the last requester has run.
 *
 * A thread that waits here counts as harmless for rdv_isolate().  A thread that
 * is isolated must not enter: the others cannot come.
 */
#ifndef RDV_SYNC_H
#define RDV_SYNC_H

#include <rdv/rdv.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Creates the eventfd (close-on-exec, non-blocking) and returns it; the same one
 * if it exists.  Add it to every poller, level-triggered, for reading.  It
 * belongs to the domain: do not read, write or close it.  In the child of a
 * fork() the number is the same and the eventfd a new one.
 * Errors: -EMFILE, -ENFILE, -ENOMEM, -ENODEV, as eventfd(2) has them.
 */
RDV_API int rdv_sync_enable(rdv_domain *domain);

/* The descriptor, -1 before rdv_sync_enable(). */
RDV_API int rdv_sync_fd(const rdv_domain *domain);

/*
 * Subscribes the calling thread to the next sync-point.  The first subscription
 * writes the eventfd, unless the thread is alone in the domain; asking again
 * before the point was passed changes nothing.
 */
RDV_API void rdv_sync_want(rdv_thread *self);

/* Whether a sync-point is wanted by anybody (the seed's !thread_no_sync()). */
RDV_API bool rdv_sync_pending(const rdv_domain *domain);

/*
 * Between rdv_sync_enter() and rdv_sync_exit(): whether the calling thread has its turn, so
 * everybody else waits.  Elsewhere false.
 */
RDV_API bool rdv_sync_my_turn(const rdv_thread *self);

/*
 * Whether the calling thread has subscribed (the seed's thread_need_sync()).  Between
 * rdv_sync_enter() and rdv_sync_exit() it is rdv_sync_my_turn(), as in the seed.
 */
RDV_API bool rdv_sync_wanted(const rdv_thread *self);

/*
 * rdv_sync_enter(): waits until every member has come.  Then a requester waits
 * for its turn and returns with everybody else waiting; any other thread returns
 * when the last requester has had its turn.  Returns at once if no sync-point is
 * wanted any more.
 *
 * rdv_sync_exit(): ends the turn of a requester; the last one drains the eventfd.
 * Returns when every member has come here.
 *
 * Both return running.  Not for signal handlers.
 */
RDV_API void rdv_sync_enter(rdv_thread *self);
RDV_API void rdv_sync_exit(rdv_thread *self);

#ifdef __cplusplus
}
#endif

#endif /* RDV_SYNC_H */
