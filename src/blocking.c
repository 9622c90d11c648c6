/* SPDX-License-Identifier: MIT */
/*
 * Calls that block, harmless meanwhile.  None of the calls of the library that stand
 * around them changes errno, so it is theirs.
 */
#include "domain.h"

#include <errno.h>
#include <rdv/blocking.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef HAVE_EPOLL_PWAIT2
#define call_epoll_pwait2 epoll_pwait2
#else
/*
 * What the kernel reads is two 64-bit numbers, whatever struct timespec is.  Unlike
 * the C library's, this is no cancellation point.
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

int rdv_epoll_wait(rdv_thread *self, int epfd, struct epoll_event *events, int maxevents,
		   int timeout)
{
	rdv_thread *begun = rdv_priv_scope_begin(self);
	int ret = epoll_wait(epfd, events, maxevents, timeout);

	rdv_priv_scope_end(begun);
	return ret;
}

int rdv_epoll_pwait2(rdv_thread *self, int epfd, struct epoll_event *events,
		     int maxevents, const struct timespec *timeout,
		     const sigset_t *sigmask)
{
	rdv_thread *begun = rdv_priv_scope_begin(self);
	int ret = call_epoll_pwait2(epfd, events, maxevents, timeout, sigmask);

	rdv_priv_scope_end(begun);
	return ret;
}

int rdv_poll(rdv_thread *self, struct pollfd *fds, nfds_t nfds, int timeout)
{
	rdv_thread *begun = rdv_priv_scope_begin(self);
	int ret = poll(fds, nfds, timeout);

	rdv_priv_scope_end(begun);
	return ret;
}

int rdv_ppoll(rdv_thread *self, struct pollfd *fds, nfds_t nfds,
	      const struct timespec *timeout, const sigset_t *sigmask)
{
	rdv_thread *begun = rdv_priv_scope_begin(self);
	int ret = ppoll(fds, nfds, timeout, sigmask);

	rdv_priv_scope_end(begun);
	return ret;
}

int rdv_nanosleep(rdv_thread *self, const struct timespec *duration,
		  struct timespec *rest)
{
	rdv_thread *begun = rdv_priv_scope_begin(self);
	int ret = nanosleep(duration, rest);

	rdv_priv_scope_end(begun);
	return ret;
}

/*
 * The mutex is busy.  True: *ret is the answer, and the thread runs.  False: the
 * mutex was given back, because a round was on, which is over now.
 */
static bool lock_harmless(rdv_thread *self, pthread_mutex_t *mutex, int *ret)
{
	rdv_harmless_now(self);
	*ret = pthread_mutex_lock(mutex);
	if (!*ret) {
		if (!rdv_harmless_end_try(self))
			return true;
		pthread_mutex_unlock(mutex);
	}
	rdv_harmless_end(self);
	return *ret;
}

int rdv_mutex_lock(rdv_thread *self, pthread_mutex_t *mutex)
{
	int ret;

	if (rdv_load_rlx(&self->state) != RDV_STATE_RUNNING)
		return pthread_mutex_lock(mutex);
	do {
		ret = pthread_mutex_trylock(mutex);
	} while (ret == EBUSY && !lock_harmless(self, mutex, &ret));
	return ret;
}
