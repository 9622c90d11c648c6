/* SPDX-License-Identifier: MIT */
/*
 * <rdv/handshake.h> - ask the other threads without stopping them.
 *
 * A thread that is harmless touches nothing that is shared.  So when every thread has been
 * harmless since an object was taken out of the shared data, no thread can still look at the
 * object, and it may be freed.  The time until then is a grace period.  Nobody is alone and
 * nobody is held for it:
 *
 *	list_del(server);                // others may be looking at it
 *	rdv_synchronize(self);           // returns when none of them can be any more
 *	free(server);
 *
 * or, without waiting:
 *
 *	list_del(server);
 *	rdv_retire(self, &server->retired, free_server);
 *
 * A reader runs, from its rdv_harmless_end() or checkpoint to its next one, and may look at
 * shared data meanwhile.  Others change the data at the same time, so a pointer to an object is
 * stored with release order and loaded with acquire order.  Threads that change the same data
 * exclude each other, by a mutex (see rdv_mutex_lock()) or by rdv_isolate().
 *
 * While threads are asked, the next harmless call or checkpoint of each running thread answers.
 * A thread that stays harmless is not woken, and nothing is written to its memory.
 *
 * One thread can be kept harmless, to look at what only it touches while it runs.  The others
 * go on:
 *
 *	if (rdv_keep(self, id) == 0) {
 *		print(&worker[id]);
 *		rdv_let_go(self);
 *	}
 */
#ifndef RDV_HANDSHAKE_H
#define RDV_HANDSHAKE_H

#include <rdv/rdv.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ grace periods */

/*
 * rdv_synchronize(): returns when each other member that was running at the call has been
 * harmless or at a checkpoint since, or has left.  A member that waits for isolation counts as
 * harmless; a member that is isolated does not before its next harmless call after the
 * release.  What the caller did before is seen by every thread that runs afterwards.  What
 * those members did before is seen by the caller.
 *
 * The caller may be running or harmless, and is so again afterwards.  It is harmless while it
 * waits, so two threads never wait for each other here, and a pointer to shared data that it
 * had before is not valid afterwards.  If a round is on when the wait is over, a caller that was
 * running is held.  By an isolated thread the call returns at once: all others are harmless.
 * Several callers share the wait.  Not for signal handlers.  Never call it with a lock held that
 * a running thread may wait for.
 *
 * rdv_synchronize_until(): returns 0; -ETIMEDOUT: some member has not been harmless yet;
 * -EINVAL: malformed deadline.  Members that were asked answer all the same.  If a round is on
 * at the deadline, a caller that was running returns when that has ended.
 */
RDV_API void rdv_synchronize(rdv_thread *self);
RDV_MUST_CHECK RDV_API int rdv_synchronize_until(rdv_thread *self,
						 const struct timespec *deadline)
	RDV_PRIV_TIMED(rdv_synchronize_until);

/*
 * The same without waiting.  rdv_grace_begin() returns a value that stands for this moment.
 * rdv_grace_over() returns whether each other member that was running then has been harmless
 * since.  It asks them, at the first call that is too early, so call it now and then:
 *
 *	rdv_grace grace = rdv_grace_begin(self);
 *	...
 *	if (rdv_grace_over(self, grace))      // in a later turn of the event loop
 *		free(server);
 *
 * A caller that is running has to be harmless or at a checkpoint now and then, too: a loop that
 * only calls rdv_grace_over() may never end.
 *
 * A grace period that nobody asks about costs nothing.  The value is valid for every thread of
 * the domain, for ever, and in the child after a fork().  0 is a grace period that is over.  A
 * value of another domain means nothing.  By an isolated thread rdv_grace_over() returns true:
 * all others are harmless.  Neither waits.  Not for signal handlers.
 */
typedef uint64_t rdv_grace;

RDV_MUST_CHECK RDV_API rdv_grace rdv_grace_begin(rdv_thread *self);
RDV_MUST_CHECK RDV_API bool rdv_grace_over(rdv_thread *self, rdv_grace grace);

/* -------------------------------------------------------------------- one thread kept */

/*
 * rdv_keep(): returns when the member with that id is harmless.  It stays so until the caller
 * calls rdv_let_go(); if it wants to run, or comes to a checkpoint, it waits.  The others go on.
 * The caller sees what that thread did before, and the thread sees what the caller did
 * meanwhile.
 *
 * The caller is running, and is so again afterwards.  It is harmless while it waits, so it may
 * be kept itself, and a round may come in between.  It keeps one thread at a time.  While it
 * keeps one, it may isolate, wait for a grace period, and be harmless.  A thread that wants to
 * keep it then waits until it has let go; but one that wanted to before keeps it at its next
 * harmless point.  A caller waits also until the thread that it wants has let go another, and
 * until others have let it go.  So threads that keep one another never wait in a circle.
 *
 * A thread that is isolated runs, and is kept after its release.  A thread that waits for
 * isolation is harmless, and may be kept; then it queues again when it is let go.
 *
 * If the member unregisters or exits first, the call returns 0 if it finds it harmless just before
 * that, or else -ESRCH.  A member that unregisters while it is kept does not wait.  So it has to
 * take away what a keeper may look at before that, while it is running.  No other thread gets
 * its id until rdv_let_go().
 *
 * Returns 0; -ESRCH: no such member; -EDEADLK: it is the caller, or the caller keeps a thread
 * already; -EPERM: the caller is harmless or isolated.
 *
 * rdv_keep_try() never waits.  -EBUSY: the member is running, or is kept by another thread, or
 * keeps one itself.
 *
 * rdv_keep_until(): -ETIMEDOUT; -EINVAL: malformed deadline.  If a round is on at the deadline,
 * or the caller is kept, it returns when that has ended.
 *
 * A call that fails leaves no trace.  Not for signal handlers.  Never call them with a lock
 * held that the other thread may wait for.  A sync-point needs every thread, so let go before
 * rdv_sync_enter() and rdv_sync_exit(): a build with --enable-debug aborts.
 */
RDV_MUST_CHECK RDV_API int rdv_keep(rdv_thread *self, unsigned id);
RDV_MUST_CHECK RDV_API int rdv_keep_try(rdv_thread *self, unsigned id);
RDV_MUST_CHECK RDV_API int rdv_keep_until(rdv_thread *self, unsigned id,
					  const struct timespec *deadline)
	RDV_PRIV_TIMED(rdv_keep_until);

/*
 * Lets the thread go that the caller keeps.  Never waits.  A thread that leaves its domain lets
 * go.  In the child after a fork() the other thread has gone, and the call has no effect but that
 * the caller may keep another.  By a thread that keeps none the call does nothing; a build with
 * --enable-debug aborts.
 */
RDV_API void rdv_let_go(rdv_thread *self);

/*
 * Calls fn(id, arg) once for each other member, while that one is kept, and lets it go.  The
 * caller runs fn itself, in the order in which the members become harmless.  All are asked at
 * the beginning, so it takes as long as the slowest.  A member that has become harmless waits, if
 * it wants to run, for its own fn and for those that came just before it.  Members that join
 * meanwhile may be left out; those that leave are.  Returns how many times fn was called.
 *
 * The caller is running in fn.  fn must return.  It must not unregister the thread, nor end an
 * isolation that began before rdv_for_each().  It must not call rdv_isolate(), rdv_keep(),
 * rdv_let_go() or rdv_for_each(): rdv_keep() fails with -EDEADLK, the last two do nothing and
 * return 0, and with --enable-debug all of them abort.  An isolated thread may call rdv_for_each():
 * all others are harmless, whoever keeps them.  By a thread that is harmless, or keeps another,
 * it does nothing and returns 0; a build with --enable-debug aborts.  Takes 5 KiB of stack.
 * Otherwise as rdv_keep().
 */
RDV_API unsigned rdv_for_each(rdv_thread *self, void (*fn)(unsigned id, void *arg),
			      void *arg);

/* ---------------------------------------------------------------------- free later */

/* A part of an object that is to be freed, or whatever fn does, later.  The library writes all
 * of it. */
struct rdv_retired {
	struct rdv_retired *next;
	void (*fn)(struct rdv_retired *item);
	uint64_t due;
};

/*
 * rdv_retire(): has fn(item) called once every member, the caller included, has been harmless
 * or at a checkpoint since.  The caller calls it, in the order of retiring, in a later
 * rdv_retire(), rdv_synchronize() or rdv_retire_run(), while it is running.  Each 64th
 * rdv_retire() looks whether something is due.  If the thread leaves first, another member
 * inherits its items, and calls them in one of these functions.  The last member to leave calls
 * all that is left, after it has left: rdv_thread_self() is NULL then.
 *
 * fn may retire other items, isolate and wait.  It must not unregister the thread, nor be
 * left by longjmp() or an exception.  Do not retire with a lock held that fn takes; nor, if fn
 * isolates or waits, with one that a running thread may wait for.
 *
 * The item belongs to the library until fn is called.  Retiring an item a second time before
 * that corrupts the list; a build with --enable-debug aborts, if the item is among the 1000
 * that the thread has retired first.  In the child after a fork() the items of other threads are
 * never called, as these may have been in the middle of a call.
 *
 * Never waits, allocates nothing, starts no thread.  Not for signal handlers.
 */
RDV_API void rdv_retire(rdv_thread *self, struct rdv_retired *item,
			void (*fn)(struct rdv_retired *item));

/*
 * Calls the functions of those items that are due, and asks for the others.  Returns how many
 * it called.  Once per turn of an event loop is a good place.  By a thread that is harmless,
 * inside of such a function and in on_stall it does nothing and returns 0.
 */
RDV_API unsigned rdv_retire_run(rdv_thread *self);

#ifdef __cplusplus
}
#endif

#endif /* RDV_HANDSHAKE_H */
