/* SPDX-License-Identifier: MIT */
/*
 * <rdv/loop/ev.h> - a libev loop in a domain.  The thread of the loop is harmless while the
 * loop sleeps, and a sync-point wakes it.  Header only; needs libev 4 and links with libev
 * and librdv.
 *
 *	struct rdv_ev glue = {0};       // one for each loop, stays where it is
 *
 *	rdv_ev_start(loop, &glue, domain, "worker");   // by the thread of the loop
 *	ev_run(loop, 0);                // harmless while it sleeps
 *	rdv_ev_stop(loop, &glue);       // out of the domain
 *	ev_loop_destroy(loop);
 *
 * libev calls one function right before each system call in which it sleeps, and another
 * right after it, before it calls any watcher.  The glue sets both functions (see
 * ev_set_loop_release_cb()), so the program cannot use them for something else.  A thread
 * can have one such loop.  While libev sleeps because of ev_set_io_collect_interval() the
 * thread counts as running.  (libevent 2.1 has no such pair of functions.)
 */
#ifndef RDV_LOOP_EV_H
#define RDV_LOOP_EV_H

#include <ev.h>
#include <rdv/blocking.h>
#include <rdv/sync.h>

#if !EV_FEATURE_API || !EV_PREPARE_ENABLE
#error "<rdv/loop/ev.h> needs ev_set_loop_release_cb() and ev_prepare of libev"
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct rdv_ev {
	/*
	 * The program sets these two, before rdv_ev_start() or later.  If a sync-point is
	 * wanted, the glue calls meet before the loop sleeps, and meet calls
	 * rdv_sync_enter() and rdv_sync_exit().  If meet is NULL, the glue calls these two
	 * itself.  A meet that wants something of the loop, such as ev_break(), calls that
	 * itself.
	 */
	void (*meet)(EV_P_ struct rdv_ev *glue);
	void *data;

	/* The program may read this: the thread's handle, NULL after rdv_ev_stop(). */
	rdv_thread *self;

	/* For the glue alone. */
	rdv_domain *domain;
	ev_prepare prepare;
	ev_io sync;
	bool watched; /* sync is in the loop */
};

/* The calling thread's handle.  libev passes nothing but the loop to the next two. */
static __thread rdv_thread *rdv_ev_self __attribute__((unused));

/* libev reads errno after both, and both preserve it. */
static inline void rdv_ev_release(EV_P) EV_NOEXCEPT
{
#if EV_MULTIPLICITY
	(void)loop;
#endif
	rdv_harmless_now(rdv_ev_self);
}

static inline void rdv_ev_acquire(EV_P) EV_NOEXCEPT
{
#if EV_MULTIPLICITY
	(void)loop;
#endif
	rdv_harmless_end(rdv_ev_self);
}

/* libev calls this before each sleep. */
static inline void rdv_ev_prepare(EV_P_ ev_prepare *w, int revents)
{
	struct rdv_ev *glue = (struct rdv_ev *)w->data;

	(void)revents;
	if (!glue->self || !rdv_sync_pending(glue->domain))
		return;
	if (glue->meet) {
		glue->meet(EV_A_ glue);
	} else {
		rdv_sync_enter(glue->self);
		rdv_sync_exit(glue->self);
	}
}

/* Nothing is left to do: the event has ended the sleep, and librdv reads the eventfd. */
static inline void rdv_ev_sync(EV_P_ ev_io *w, int revents)
{
#if EV_MULTIPLICITY
	(void)loop;
#endif
	(void)w, (void)revents;
}

/*
 * Registers the calling thread, which must be the one that runs the loop, and adds the glue
 * to the loop.  The glue does not keep the loop alive.  If rdv_sync_enable() was called for
 * the domain before, the loop takes part in sync-points.
 * Returns 0, or the error of rdv_thread_register(); nothing has changed then.
 */
static inline int rdv_ev_start(EV_P_ struct rdv_ev *glue, rdv_domain *domain,
			       const char *name)
{
	ev_prepare *prepare = &glue->prepare;
	ev_io *sync = &glue->sync;
	int fd = rdv_sync_fd(domain);
	int ret = rdv_thread_register(domain, name, &glue->self);

	if (ret)
		return ret;
	rdv_ev_self = glue->self;
	glue->domain = domain;
	prepare->data = glue;
	ev_set_loop_release_cb(EV_A_ rdv_ev_release, rdv_ev_acquire);
	ev_prepare_init(prepare, rdv_ev_prepare);
	ev_prepare_start(EV_A_ prepare);
	ev_unref(EV_A);
	glue->watched = fd >= 0;
	if (!glue->watched)
		return 0;
	ev_io_init(sync, rdv_ev_sync, fd, EV_READ);
	ev_io_start(EV_A_ sync);
	ev_unref(EV_A);
	return 0;
}

/*
 * Unregisters the thread and takes the glue out of the loop.  The thread of the loop calls
 * it, also from a callback, and before ev_loop_destroy().  Callbacks that the loop calls after
 * it must not touch shared data.
 */
static inline void rdv_ev_stop(EV_P_ struct rdv_ev *glue)
{
	ev_prepare *prepare = &glue->prepare;
	ev_io *sync = &glue->sync;

	if (!glue->self)
		return;
	ev_set_loop_release_cb(EV_A_ NULL, NULL);
	ev_ref(EV_A);
	ev_prepare_stop(EV_A_ prepare);
	if (glue->watched) {
		ev_ref(EV_A);
		ev_io_stop(EV_A_ sync);
	}
	rdv_thread_unregister(glue->self);
	glue->self = rdv_ev_self = NULL;
}

#ifdef __cplusplus
}
#endif

#endif /* RDV_LOOP_EV_H */
