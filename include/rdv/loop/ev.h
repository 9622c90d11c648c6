/* SPDX-License-Identifier: MIT */
/*
 * <rdv/loop/ev.h> - a libev loop in a domain: harmless while it sleeps, and at its
 * sync-points in time.  Header only; needs libev 4 and links with it and librdv.
 *
 *	struct rdv_ev glue = {0};       // one for each loop, stays where it is
 *
 *	rdv_ev_start(loop, &glue, domain, "worker");   // by the thread of the loop
 *	ev_run(loop, 0);                // harmless while it sleeps
 *	rdv_ev_stop(loop, &glue);       // out of the domain
 *	ev_loop_destroy(loop);
 *
 * libev calls a function right before and another right after each system call in
 * which it sleeps, before any watcher is called for what came of it: just what is
 * needed, where libevent 2.1 has nothing of the kind.  The glue takes these two (see
 * ev_set_loop_release_cb()), so a program cannot use them for something else; and a
 * thread has one such loop.  Time that ev_set_io_collect_interval() makes libev sleep
 * is not covered: the thread runs then.
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
	 * The program's, before rdv_ev_start() or later: called before a sleep if a
	 * sync-point is wanted, to go through rdv_sync_enter() and rdv_sync_exit().
	 * NULL: the thread goes through them and does nothing else.
	 * What the loop is to do about it, such as ev_break(), it does itself.
	 */
	void (*meet)(EV_P_ struct rdv_ev *glue);
	void *data;

	/* To be read: the thread's handle, NULL after rdv_ev_stop(). */
	rdv_thread *self;

	/* The glue's. */
	rdv_domain *domain;
	ev_prepare prepare;
	ev_io sync;
	bool watched; /* sync is in the loop */
};

/* The calling thread's handle: all that the functions below are given is a loop. */
static __thread rdv_thread *rdv_ev_self __attribute__((unused));

/* errno, which libev has still to look at, survives both. */
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

/* Before each sleep. */
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

/* It has ended the sleep.  Nobody reads the eventfd but the library. */
static inline void rdv_ev_sync(EV_P_ ev_io *w, int revents)
{
#if EV_MULTIPLICITY
	(void)loop;
#endif
	(void)w, (void)revents;
}

/*
 * Registers the calling thread, which is to run the loop, and adds the glue to the
 * loop.  It does not keep the loop alive.  If the domain has a sync-point
 * (rdv_sync_enable()) by now, the loop takes part in it.
 * Returns 0 or what rdv_thread_register() returns: nothing has happened then.
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
 * Unregisters the thread and takes the glue out of the loop.  By the thread of the
 * loop, also in a callback; what the loop calls from then on may not touch shared
 * data.
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
