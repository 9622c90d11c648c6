/* SPDX-License-Identifier: MIT */
/*
 * Calls that block; the thread is harmless during the call.  The calls of the library
 * around them do not change errno, so it is that of the wrapped call.
 */
#include "domain.h"
#include "clock.h"
#include "inside/record.h"

#include <errno.h>
#include <rdv/blocking.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef HAVE_EPOLL_PWAIT2
#define call_epoll_pwait2 epoll_pwait2
#else
/*
 * The kernel reads two 64-bit numbers, whatever the form of struct timespec.  Unlike the
 * function of a C library, this one is not a cancellation point.
 */
static int call_epoll_pwait2(int epfd, struct epoll_event *events, int maxevents,
			     const struct timespec *timeout, const sigset_t *sigmask)
{
#ifdef SYS_epoll_pwait2
	struct {
		int64_t tv_sec, tv_nsec;
	} time64 = {timeout ? timeout->tv_sec : 0, timeout ? timeout->tv_nsec : 0};

	return (int)syscall(SYS_epoll_pwait2, epfd, events, maxevents,
			    timeout ? &time64 : NULL, sigmask, (size_t)(_NSIG / 8));
#else
	(void)epfd, (void)events, (void)maxevents, (void)timeout, (void)sigmask;
	errno = ENOSYS;
	return -1;
#endif
}
#endif

static bool is_running(const rdv_thread *self)
{
	return rdv_runs(rdv_member_of(self));
}

rdv_thread *rdv_priv_harmless_begin(rdv_thread *self)
{
	if (!is_running(self))
		return NULL;
	rdv_harmless_now(self);
	return self;
}

/* ------------------------------------------------------------------- waiting */

int rdv_epoll_wait(rdv_thread *self, int epfd, struct epoll_event *events, int maxevents,
		   int timeout)
{
	rdv_thread *begun = rdv_priv_harmless_begin(self);
	int ret = epoll_wait(epfd, events, maxevents, timeout);

	rdv_priv_harmless_end(begun);
	return ret;
}

int rdv_epoll_pwait2(rdv_thread *self, int epfd, struct epoll_event *events,
		     int maxevents, const struct timespec *timeout,
		     const sigset_t *sigmask)
{
	rdv_thread *begun = rdv_priv_harmless_begin(self);
	int ret = call_epoll_pwait2(epfd, events, maxevents, timeout, sigmask);

	rdv_priv_harmless_end(begun);
	return ret;
}

int rdv_poll(rdv_thread *self, struct pollfd *fds, nfds_t nfds, int timeout)
{
	rdv_thread *begun = rdv_priv_harmless_begin(self);
	int ret = poll(fds, nfds, timeout);

	rdv_priv_harmless_end(begun);
	return ret;
}

int rdv_ppoll(rdv_thread *self, struct pollfd *fds, nfds_t nfds,
	      const struct timespec *timeout, const sigset_t *sigmask)
{
	rdv_thread *begun = rdv_priv_harmless_begin(self);
	int ret = ppoll(fds, nfds, timeout, sigmask);

	rdv_priv_harmless_end(begun);
	return ret;
}

int rdv_nanosleep(rdv_thread *self, const struct timespec *duration,
		  struct timespec *rest)
{
	rdv_thread *begun = rdv_priv_harmless_begin(self);
	int ret = nanosleep(duration, rest);

	rdv_priv_harmless_end(begun);
	return ret;
}

int rdv_thread_join(rdv_thread *self, pthread_t thread, void **result)
{
	rdv_thread *begun = rdv_priv_harmless_begin(self);
	int ret = pthread_join(thread, result);

	rdv_priv_harmless_end(begun);
	return ret;
}

/* --------------------------------------------------------------------- locks */

/*
 * Called by a harmless thread that has got a lock.  True: it runs now, with the lock.
 * False: a round is on, so it has to give the lock back before it may be held.
 */
static bool may_keep(rdv_thread *self)
{
	return !rdv_harmless_end_try(self);
}

/*
 * A function that takes a lock.  If the lock is not free (EBUSY), the thread waits for it
 * harmless.  If a round is on when the thread has got the lock, it gives the lock back,
 * is held, and begins again.
 */
#define TAKE(name, type, try, wait, give_back)       \
	int name(rdv_thread *self, type lock)        \
	{                                            \
		int ret;                             \
                                                     \
		if (!is_running(self))               \
			return wait(lock);           \
		while ((ret = try(lock)) == EBUSY) { \
			rdv_harmless_now(self);      \
			ret = wait(lock);            \
			if (!ret && may_keep(self))  \
				break;               \
			if (!ret)                    \
				give_back(lock);     \
			rdv_harmless_end(self);      \
			if (ret)                     \
				break;               \
		}                                    \
		return ret;                          \
	}

TAKE(rdv_mutex_lock, pthread_mutex_t *, pthread_mutex_trylock, pthread_mutex_lock,
     pthread_mutex_unlock)
TAKE(rdv_rwlock_rdlock, pthread_rwlock_t *, pthread_rwlock_tryrdlock,
     pthread_rwlock_rdlock, pthread_rwlock_unlock)
TAKE(rdv_rwlock_wrlock, pthread_rwlock_t *, pthread_rwlock_trywrlock,
     pthread_rwlock_wrlock, pthread_rwlock_unlock)

/*
 * Waits harmless even if the semaphore is free.  So it is a cancellation point in any
 * case, and a thread that is cancelled here is always harmless.
 */
int rdv_sem_wait(rdv_thread *self, sem_t *sem)
{
	rdv_thread *begun;
	int ret;

	for (;;) {
		begun = rdv_priv_harmless_begin(self);
		ret = sem_wait(sem);
		if (ret || !begun)
			break;
		if (may_keep(self))
			return 0;
		sem_post(sem);
		rdv_harmless_end(self);
	}
	rdv_priv_harmless_end(begun);
	return ret;
}

static int wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex,
		      const struct timespec *deadline)
{
	if (!deadline)
		return pthread_cond_wait(cond, mutex);
#ifdef HAVE_PTHREAD_COND_CLOCKWAIT
	return pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, deadline);
#else
	return pthread_cond_timedwait(cond, mutex, deadline);
#endif
}

int rdv_cond_wait_until(rdv_thread *self, pthread_cond_t *cond, pthread_mutex_t *mutex,
			const struct timespec *deadline)
{
	rdv_thread *begun;
	int ret, again;

	if (!rdv_deadline_valid(deadline))
		return EINVAL;
	begun = rdv_priv_harmless_begin(self);
	ret = wait_until(cond, mutex, deadline);
	if (!begun)
		return ret;
	if (ret && ret != ETIMEDOUT) {
		rdv_harmless_end(self);
		return ret;
	}
	if (may_keep(self))
		return ret;
	pthread_mutex_unlock(mutex);
	rdv_harmless_end(self);
	again = rdv_mutex_lock(self, mutex);
	return again ? again : ret;
}

int rdv_cond_wait(rdv_thread *self, pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	return rdv_cond_wait_until(self, cond, mutex, NULL);
}

static void unlock(void *mutex)
{
	pthread_mutex_unlock(mutex);
}

/* acquire, release: a thread that finds it done sees what fn did */
void rdv_once(rdv_thread *self, rdv_once_flag *flag, void (*fn)(void *arg), void *arg)
{
	if (rdv_load_acq(&flag->done)) {
		rdv_tsan_acquire(&flag->done);
		return;
	}
	rdv_mutex_lock(self, &flag->mutex);
	pthread_cleanup_push(unlock, &flag->mutex);
	if (!rdv_load_rlx(&flag->done)) { /* (e) */
		fn(arg);
		rdv_tsan_release(&flag->done);
		rdv_store_rel(&flag->done, 1);
	}
	pthread_cleanup_pop(1);
}
