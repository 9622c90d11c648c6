/* SPDX-License-Identifier: MIT */
/*
 * <rdv/blocking.h> - calls that block, made by a thread that is harmless meanwhile.
 *
 * Why programs with a stop-the-world hang: a running thread A blocks, and waits for
 * something that thread B does.  B is held, because thread C isolates.  C waits for A to
 * become harmless.  So a member of a domain is harmless in every call that may block:
 *
 *	while (!stopping) {
 *		n = rdv_epoll_wait(self, epfd, events, MAX, -1);   // asleep: harmless
 *		serve(events, n);                                  // running
 *	}
 *
 * The calls that block most often are here under their own names.  For all others, and
 * for barriers, there is RDV_HARMLESS() of <rdv/scope.h>.  Each call leaves the thread as
 * it found it.  A thread that was running returns running, so it may be held first.  A
 * thread that was harmless stays harmless.  A thread that was isolated stays isolated,
 * and all others wait for the call.
 *
 * Locks.  A thread waits for a lock harmless, so no isolation waits for it.  If a round
 * is on when the thread gets the lock, it gives the lock back before it is held, and asks
 * again when the round is over.  So a thread that is held in one of these calls has no
 * lock that an isolated thread could wait for.  The program has to keep one rule:
 *
 *	A thread that has a lock which isolated sections take does not become harmless: it
 *	does not isolate, pass a checkpoint or a sync-point, or call a function of this
 *	header.
 *
 * Then the thread that has such a lock is running: an isolation waits for it, and it
 * waits for no held thread.  rdv_cond_wait() may be called with its own mutex, because it
 * waits without it.  With other locks a thread may do all that, if every thread waits for
 * them by the functions of this header.
 *
 * A thread that gives a lock back may lose it to another thread, once for each round.
 * Nothing bounds how often, as nothing bounds how long pthread_mutex_lock() takes.
 *
 * A call uses its arguments while the thread is harmless.  So an isolated thread must not
 * move or free the buffers, the arrays of events and the locks that are passed here.
 *
 * Events that were fetched: a thread may be held after epoll_wait() has filled in its
 * events and before rdv_epoll_wait() returns.  Meanwhile an isolated thread may close a
 * connection that one of them is about.  So it must not free the memory that
 * events[i].data.ptr points to; the thread that owns the epoll instance does, when it has
 * gone through its events.
 *
 * A thread that is cancelled in one of these calls is harmless in its cleanup handlers.
 * In rdv_cond_wait() it has the mutex then, as in pthread_cond_wait().  A handler that
 * touches shared data unlocks first, and then calls rdv_harmless_end().  The exit of the
 * thread unregisters it, as any exit does.
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
 * Each makes the call of its name with the arguments that follow self.  It returns what
 * that call returns, EINTR included, and leaves errno as it does, also if the thread is
 * held before it returns.  It is a cancellation point if the wrapped call is one.  None
 * is for signal handlers.
 *
 * With a timeout of 0 the thread is harmless too.  Otherwise a loop that only polls would
 * never let another thread isolate.
 */
RDV_API int rdv_epoll_wait(rdv_thread *self, int epfd, struct epoll_event *events,
			   int maxevents, int timeout);

/* Returns -1 with ENOSYS if the kernel is older than 5.11.  Not a cancellation point if
 * the C library has no such function, such as glibc before 2.35. */
RDV_API int rdv_epoll_pwait2(rdv_thread *self, int epfd, struct epoll_event *events,
			     int maxevents, const struct timespec *timeout,
			     const sigset_t *sigmask) RDV_PRIV_TIMED(rdv_epoll_pwait2);

RDV_API int rdv_poll(rdv_thread *self, struct pollfd *fds, nfds_t nfds, int timeout);
RDV_API int rdv_ppoll(rdv_thread *self, struct pollfd *fds, nfds_t nfds,
		      const struct timespec *timeout, const sigset_t *sigmask)
	RDV_PRIV_TIMED(rdv_ppoll);
RDV_API int rdv_nanosleep(rdv_thread *self, const struct timespec *duration,
			  struct timespec *rest) RDV_PRIV_TIMED(rdv_nanosleep);

/*
 * Waits for the end of a thread, which may be a member of the domain and may be held
 * meanwhile.  An isolated thread must not join a member that has to run before it ends.
 * Returns what pthread_join() returns: 0, EDEADLK, EINVAL, ESRCH.
 */
RDV_API int rdv_thread_join(rdv_thread *self, pthread_t thread, void **result);

/* --------------------------------------------------------------------- locks
 *
 * Each takes the lock of its name, and is harmless while it waits for it: see the rule
 * above.  A running thread takes a free mutex or rwlock at once.  They return what the
 * wrapped call returns.  Only an rdv_sem_wait() that fails changes errno.
 */

/*
 * A mutex of any type.  Returns 0, or EOWNERDEAD, with the mutex locked; EAGAIN, EDEADLK,
 * EINVAL, ENOTRECOVERABLE without.
 *
 * A mutex that comes with EOWNERDEAD would be unusable for ever if it were given back.
 * So the thread keeps it, and may be held while it has the mutex.  For that reason an
 * isolated thread should take a robust mutex by pthread_mutex_trylock().
 */
RDV_API int rdv_mutex_lock(rdv_thread *self, pthread_mutex_t *mutex);

/*
 * Return 0 with the lock; EAGAIN (rdlock: too many readers), EDEADLK, EINVAL without.
 * Not declared if <pthread.h> does not declare such locks, as that of glibc with
 * -std=c11.
 */
#ifdef PTHREAD_RWLOCK_INITIALIZER
RDV_API int rdv_rwlock_rdlock(rdv_thread *self, pthread_rwlock_t *rwlock);
RDV_API int rdv_rwlock_wrlock(rdv_thread *self, pthread_rwlock_t *rwlock);
#endif

/*
 * Returns 0, or -1 and errno: EINTR, EINVAL.  A thread gives a semaphore back by posting
 * it.  That may wake another thread that waits for the semaphore; while the round is on,
 * this one gives it back as well.
 */
RDV_API int rdv_sem_wait(rdv_thread *self, sem_t *sem);

/*
 * The thread is harmless while it waits for the condition, and takes the mutex again as
 * rdv_mutex_lock() does.  If it has to give the mutex back, other threads may have the
 * mutex before the call returns.  So look at the predicate again, as after any wait.
 *
 * rdv_cond_wait_until(): the deadline is of CLOCK_MONOTONIC, whatever clock the condition
 * variable has.  If the C library has no pthread_cond_clockwait(), such as musl, the
 * condition variable has to use CLOCK_MONOTONIC, by pthread_condattr_setclock().
 *
 * Return 0, ETIMEDOUT (until) or EOWNERDEAD with the mutex locked; ENOTRECOVERABLE
 * without it; EPERM, or EINVAL, also for a malformed deadline, with the mutex as it was.
 */
RDV_API int rdv_cond_wait(rdv_thread *self, pthread_cond_t *cond, pthread_mutex_t *mutex);
RDV_API int rdv_cond_wait_until(rdv_thread *self, pthread_cond_t *cond,
				pthread_mutex_t *mutex, const struct timespec *deadline)
	RDV_PRIV_TIMED(rdv_cond_wait_until);

/*
 * The first thread that calls it for a flag calls fn(arg).  Every call returns after fn
 * has returned.  The thread is running in fn, and has the mutex of the flag: so if
 * isolated sections call rdv_once() for that flag, the rule above is for fn too. fn must
 * not call rdv_once() for the same flag, and must not throw.  If the thread ends in fn,
 * by cancellation or pthread_exit(), the next caller calls fn again.
 *
 * There is no such function for a pthread_once_t.  A thread would have to be harmless in
 * pthread_once().  It could then be held after it was chosen and before it calls fn, and
 * an isolated thread that needs the same pthread_once_t would wait for it for ever.
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
