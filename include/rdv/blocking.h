/* SPDX-License-Identifier: MIT */
/*
 * <rdv/blocking.h> - calls that block, made by a thread that is harmless meanwhile.
 *
 * Why programs with a stop-the-world deadlock: a thread blocks while it runs, on something
 * that comes only when another thread goes on, and that one waits for the first to be
 * harmless.  So a member of a domain is harmless in every call that may block:
 *
 *	while (!stopping) {
 *		n = rdv_epoll_wait(self, epfd, events, MAX, -1);   // asleep: harmless
 *		serve(events, n);                                  // running
 *	}
 *
 * The calls that block most often are here under their own names; RDV_HARMLESS() of
 * <rdv/scope.h> is for all others.  Each leaves the thread as it found it: running, it
 * returns running, so it may be held first; already harmless, it stays so; isolated, it
 * stays isolated, and everybody waits for the call.
 *
 * Locks.  A thread waits for a lock harmless, so no isolation waits for it.  If a round is
 * on when it gets the lock, it gives the lock back before it is held, and asks again when
 * the round is over; so no isolated thread waits for a lock of a thread that is held in one
 * of these calls.  What is left is one rule for the program:
 *
 *	With a lock that isolated sections take, a thread does not become harmless: it
 *	does not isolate, pass a checkpoint or a sync-point, nor call what is here.
 *
 * (rdv_cond_wait() may be called with its own mutex: it waits without it.)  Then whoever has
 * such a lock runs; an isolation waits for it, and it waits for nobody who is held.  With
 * other locks a thread may do all that: whoever waits for them waits harmless.
 *
 * A thread may so lose a lock that it has got to another one, once for each round, and
 * nothing bounds how often, as nothing bounds how long pthread_mutex_lock() takes.
 *
 * What is handed to a call is used while the thread is harmless: buffers, arrays of
 * events, locks have to be the thread's own, or to stay where they are whatever an
 * isolated thread does.
 *
 * A thread that is cancelled in one of these calls runs its cleanup handlers harmless, and
 * in rdv_cond_wait() with the mutex, as in pthread_cond_wait().  A handler that touches
 * shared data calls rdv_harmless_end() first, once it has unlocked.  The exit of the thread
 * then unregisters it, as any other.
 */
#ifndef RDV_BLOCKING_H
#define RDV_BLOCKING_H

#include <poll.h>
#include <pthread.h>
#include <rdv/rdv.h>
#include <rdv/scope.h>
#include <semaphore.h>
#include <sys/epoll.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------- waiting
 *
 * The call of that name with the arguments that follow self.  Returns what it returns and
 * leaves errno as it does, EINTR included, also if the thread is held before it can
 * return.  Each is a cancellation point if the wrapped one is.  By the thread that
 * registered self, and where the wrapped call may be made; none is for signal handlers.
 *
 * With a timeout of 0 too the thread is harmless: a loop that only ever polls would
 * otherwise let nobody isolate.
 */
RDV_API int rdv_epoll_wait(rdv_thread *self, int epfd, struct epoll_event *events,
			   int maxevents, int timeout);

/* -1 with ENOSYS where the kernel is older than 5.11; no cancellation point where
 * the C library has no such function, such as glibc before 2.35. */
RDV_API int rdv_epoll_pwait2(rdv_thread *self, int epfd, struct epoll_event *events,
			     int maxevents, const struct timespec *timeout,
			     const sigset_t *sigmask);

RDV_API int rdv_poll(rdv_thread *self, struct pollfd *fds, nfds_t nfds, int timeout);
RDV_API int rdv_ppoll(rdv_thread *self, struct pollfd *fds, nfds_t nfds,
		      const struct timespec *timeout, const sigset_t *sigmask);
RDV_API int rdv_nanosleep(rdv_thread *self, const struct timespec *duration,
			  struct timespec *rest);

/*
 * Waits for the end of a thread, which may be a member of the domain and may be held
 * meanwhile.  (An isolated thread that joins a member waits for ever if that one has to run
 * once more.)  Returns what pthread_join() returns: 0, EDEADLK, EINVAL, ESRCH.
 */
RDV_API int rdv_thread_join(rdv_thread *self, pthread_t thread, void **result);

/* --------------------------------------------------------------------- locks
 *
 * Each takes the lock of its name and never blocks while running: see the rule above.  A
 * running thread takes a free mutex or rwlock at once.  They return what the wrapped call
 * returns; errno is left alone but by a failing sem_wait().
 */

/*
 * A mutex of any type.  Returns 0, or EOWNERDEAD, with the mutex locked; EAGAIN, EDEADLK,
 * EINVAL, ENOTRECOVERABLE without.
 *
 * A mutex that comes with EOWNERDEAD cannot be given back without losing it for good: with
 * it, the thread is held.  An isolated thread takes a robust mutex by
 * pthread_mutex_trylock() for that reason.
 */
RDV_API int rdv_mutex_lock(rdv_thread *self, pthread_mutex_t *mutex);

/*
 * Return 0 with the lock; EAGAIN (rdlock: too many readers), EDEADLK, EINVAL without.  Not
 * there where <pthread.h> has no such locks, as glibc's for -std=c11 and nothing else.
 */
#ifdef PTHREAD_RWLOCK_INITIALIZER
RDV_API int rdv_rwlock_rdlock(rdv_thread *self, pthread_rwlock_t *rwlock);
RDV_API int rdv_rwlock_wrlock(rdv_thread *self, pthread_rwlock_t *rwlock);
#endif

/*
 * Returns 0, or -1 and errno: EINTR, EINVAL.  To give the semaphore back is to post it, so
 * another thread that waits for it may be woken, and find that it is too early.
 */
RDV_API int rdv_sem_wait(rdv_thread *self, sem_t *sem);

/*
 * Waits for the condition as pthread_cond_wait() does, harmless, and takes the mutex again
 * as rdv_mutex_lock() does.  A thread that had to give the mutex back returns later, when
 * others have had it: so look at the predicate again, as after any wait.
 *
 * rdv_cond_wait_until(): until the deadline at most, by CLOCK_MONOTONIC whatever clock the
 * condition variable has.  (Where the C library has no pthread_cond_clockwait(), as musl,
 * that has to be its clock, by pthread_condattr_setclock().)
 *
 * Return 0, ETIMEDOUT (until) or EOWNERDEAD with the mutex locked; EINVAL, also for a
 * malformed deadline, or EPERM as they have found it; ENOTRECOVERABLE without.
 */
RDV_API int rdv_cond_wait(rdv_thread *self, pthread_cond_t *cond, pthread_mutex_t *mutex);
RDV_API int rdv_cond_wait_until(rdv_thread *self, pthread_cond_t *cond,
				pthread_mutex_t *mutex, const struct timespec *deadline);

/*
 * Calls fn(arg) unless that has been done for this flag; returns when it has been done, by
 * whichever thread.  fn is called by a running thread, with the flag's mutex locked: so the
 * rule above is for fn too, if isolated sections call rdv_once() for that flag.  It must
 * not call rdv_once() for the same flag, nor throw.  If the thread ends in fn, by
 * cancellation or pthread_exit(), the next caller calls it again.
 *
 * It has a flag of its own, because pthread_once() would have to be called harmless: the
 * thread that it chooses might be held before it can call fn, and an isolated thread that
 * needs the same pthread_once_t would wait for it.
 */
typedef struct rdv_once_flag {
	pthread_mutex_t mutex;
	uint32_t done;
} rdv_once_flag;

#define RDV_ONCE_FLAG_INIT                   \
	{                                    \
		PTHREAD_MUTEX_INITIALIZER, 0 \
	}

RDV_API void rdv_once(rdv_thread *self, rdv_once_flag *flag, void (*fn)(void *arg),
		      void *arg);

#ifdef __cplusplus
}
#endif

#endif /* RDV_BLOCKING_H */
