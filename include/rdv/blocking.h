/* SPDX-License-Identifier: MIT */
/*
 * <rdv/blocking.h> - calls that block, made by a thread that is harmless meanwhile.
 *
 *	while (!stopping) {
 *		n = rdv_epoll_wait(self, epfd, events, MAX, -1);   // asleep: harmless
 *		serve(events, n);                                  // running
 *	}
 *
 * and for every other call that blocks, RDV_HARMLESS():
 *
 *	RDV_HARMLESS(self)
 *		err = getaddrinfo(host, service, &hints, &list);
 *
 * Each leaves the thread as it found it: running, it returns running, so it may be
 * held first; already harmless, it stays so, which is why scopes nest; isolated, it
 * stays isolated, and everybody waits for the call.
 *
 * What is handed to a call is used while the thread is harmless: buffers, arrays of
 * events and mutexes have to be the thread's own, or to stay where they are whatever
 * an isolated thread does.
 *
 * A thread that is cancelled in one of these calls runs its cleanup handlers
 * harmless; a handler that touches shared data calls rdv_harmless_end() first.  The
 * exit of the thread then unregisters it, as any other.
 */
#ifndef RDV_BLOCKING_H
#define RDV_BLOCKING_H

#include <poll.h>
#include <pthread.h>
#include <rdv/rdv.h>
#include <sys/epoll.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -------------------------------------------------------------- wrapped calls
 *
 * The call of that name with the arguments that follow self.  Returns what it
 * returns and leaves errno as it does, EINTR included, also if the thread is held
 * before it can return.  Each is a cancellation point if the wrapped one is.  By the
 * thread that registered self, and where the wrapped call may be made.
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
 * Locks a mutex of any type, and never blocks while running.  Returns what
 * pthread_mutex_lock() returns: 0, or EOWNERDEAD, with the mutex locked; EAGAIN,
 * EDEADLK, EINVAL, ENOTRECOVERABLE without.  errno is left alone.
 *
 * A running thread takes a free mutex at once.  Else it waits, harmless.  If a round
 * is on when it gets the mutex, it gives it back and starts again when the round is
 * over: it would be held with the mutex locked, and the isolated thread may need it.
 * So it may lose the mutex to another thread once for each round, and nothing bounds
 * how often, as nothing bounds how long pthread_mutex_lock() takes.
 *
 * A mutex that comes with EOWNERDEAD cannot be given back without losing it for good:
 * with it, the thread is held.  An isolated thread takes a robust mutex by
 * pthread_mutex_trylock() for that reason.
 *
 * A thread that waits here, or in any other of these calls, with another mutex locked
 * may be held with it: an isolated thread that needs that one waits for ever.
 */
RDV_API int rdv_mutex_lock(rdv_thread *self, pthread_mutex_t *mutex);

/* ---------------------------------------------------------------------- scope
 *
 * RDV_HARMLESS(self) statement: the thread is harmless while it executes the
 * statement, and as before when it leaves it in whatever way: at its end, by return,
 * by goto, by an exception.
 *
 * It is a loop that runs once, so break and continue end the statement, and do not
 * reach a loop around it.  A return in it does not tell the compiler that the
 * function returns there.
 */
#define RDV_HARMLESS(self)                                               \
	RDV_PRIV_HARMLESS_AS(self, RDV_PRIV_PASTE(rdv_scope_, __LINE__), \
			     RDV_PRIV_PASTE(rdv_once_, __LINE__))

#define RDV_PRIV_PASTE(a, b)  RDV_PRIV_PASTE_(a, b)
#define RDV_PRIV_PASTE_(a, b) a##b

/* Returns the thread if it has to be rdv_priv_scope_end()ed, NULL if it was harmless. */
static inline rdv_thread *rdv_priv_scope_begin(rdv_thread *self)
{
	/* relaxed: nobody else sets RUNNING or takes it away */
	if (__atomic_load_n(&self->state, __ATOMIC_RELAXED) != RDV_STATE_RUNNING)
		return NULL;
	rdv_harmless_now(self);
	return self;
}

static inline void rdv_priv_scope_end(rdv_thread *begun)
{
	if (begun)
		rdv_harmless_end(begun);
}

/*
 * The outer loop has the flag, which nobody takes the address of: so a compiler that
 * warns of what may be uninitialized sees that the statement is executed.
 */
#ifdef __cplusplus
}

struct rdv_scope {
	explicit rdv_scope(rdv_thread *self) : begun(rdv_priv_scope_begin(self))
	{
	}
	~rdv_scope()
	{
		rdv_priv_scope_end(begun);
	}
	rdv_scope(const rdv_scope &) = delete;
	rdv_scope &operator=(const rdv_scope &) = delete;

	rdv_thread *begun;
};

#define RDV_PRIV_HARMLESS_AS(self, scope, once)    \
	for (bool once = true; once; once = false) \
		for (rdv_scope scope(self); once; once = false)

#else

static inline void rdv_priv_scope_leave(rdv_thread **scope)
{
	rdv_priv_scope_end(*scope);
}

#define RDV_PRIV_HARMLESS_AS(self, scope, once)                             \
	for (bool once = true; once; once = false)                          \
		for (__attribute__((cleanup(rdv_priv_scope_leave), unused)) \
		     rdv_thread *scope = rdv_priv_scope_begin(self);        \
		     once; once = false)

#endif

#endif /* RDV_BLOCKING_H */
