/* SPDX-License-Identifier: MIT */
/*
 * <rdv/loop/glib.h> - a main context of GLib in a domain: harmless while it polls, and at
 * its sync-points in time.  Header only; links with GLib and librdv.
 *
 *	struct rdv_glib glue = {0};     // one for each thread, stays where it is
 *
 *	rdv_glib_start(&glue, context, domain, "worker");  // by the thread of the loop
 *	g_main_loop_run(loop);          // harmless while it polls
 *	rdv_glib_stop(&glue);           // out of the domain
 *	g_main_loop_unref(loop);
 *
 * GLib polls by a function that the program can replace, between the prepare and the
 * check of its sources and without a lock.  The glue is such a function: it calls the one
 * that it has replaced, and the thread is harmless meanwhile.  So all callbacks of sources
 * are called by a running thread, in GTK and GIO as well.
 *
 * A thread that also iterates other contexts runs while these poll.  Give them the same
 * function: g_main_context_set_poll_func(other, rdv_glib_poll).
 */
#ifndef RDV_LOOP_GLIB_H
#define RDV_LOOP_GLIB_H

#include <glib.h>
#include <rdv/rdv.h>
#include <rdv/sync.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rdv_glib {
	/*
	 * The program's, before rdv_glib_start() or later: called before a poll if a
	 * sync-point is wanted, to go through rdv_sync_enter() and rdv_sync_exit().
	 * NULL: the thread goes through them and does nothing else.
	 */
	void (*meet)(struct rdv_glib *glue);
	void *data;

	/* To be read: the thread's handle, NULL after rdv_glib_stop(). */
	rdv_thread *self;

	/* The glue's. */
	rdv_domain *domain;
	GMainContext *context;
	GPollFunc poll; /* what the context had */
	GPollFD sync;   /* fd is -1 if the domain has no sync-point */
};

/* The calling thread's: all that a poll function is given is descriptors. */
static __thread struct rdv_glib *rdv_glib_current __attribute__((unused));

/* True: there was one. */
static inline bool rdv_glib_meet(struct rdv_glib *glue)
{
	if (!rdv_sync_pending(glue->domain))
		return false;
	if (glue->meet) {
		glue->meet(glue);
	} else {
		rdv_sync_enter(glue->self);
		rdv_sync_exit(glue->self);
	}
	return true;
}

/*
 * Polls, harmless.  If there was a sync-point first, the program sees what came of it
 * before it sleeps.  By a thread without glue, or after a stop in meet, only polls.
 */
static inline gint rdv_glib_poll(GPollFD *fds, guint n_fds, gint timeout)
{
	struct rdv_glib *glue = rdv_glib_current;
	const GPollFunc poll = glue ? glue->poll : g_poll;
	gint n;

	if (glue && rdv_glib_meet(glue))
		timeout = 0;
	if (!rdv_glib_current)
		return poll(fds, n_fds, timeout);
	rdv_harmless_now(glue->self);
	n = poll(fds, n_fds, timeout);
	rdv_harmless_end(
		glue->self); /* errno, which GLib has still to look at, survives */
	return n;
}

/*
 * Registers the calling thread, which is to run the context, and replaces the poll
 * function of the context; NULL is the default one.  It does not keep a loop alive.  If
 * the domain has a sync-point (rdv_sync_enable()) by now, the context takes part in it.
 * Returns 0 or what rdv_thread_register() returns: nothing has happened then.
 */
static inline int rdv_glib_start(struct rdv_glib *glue, GMainContext *context,
				 rdv_domain *domain, const char *name)
{
	int ret = rdv_thread_register(domain, name, &glue->self);

	if (ret)
		return ret;
	rdv_glib_current = glue;
	glue->domain = domain;
	glue->context = context ? context : g_main_context_default();
	glue->poll = g_main_context_get_poll_func(glue->context);
	glue->sync.fd = rdv_sync_fd(domain);
	glue->sync.events = G_IO_IN;
	g_main_context_set_poll_func(glue->context, rdv_glib_poll);
	/* a descriptor of lower priority is left out while a source of higher one is ready */
	if (glue->sync.fd >= 0)
		g_main_context_add_poll(glue->context, &glue->sync, G_MININT);
	return 0;
}

/*
 * Unregisters the thread and takes the glue out of the context.  By the thread of the
 * loop, also in a callback; what the loop calls from then on may not touch shared data.
 */
static inline void rdv_glib_stop(struct rdv_glib *glue)
{
	if (!glue->self)
		return;
	if (glue->sync.fd >= 0)
		g_main_context_remove_poll(glue->context, &glue->sync);
	g_main_context_set_poll_func(glue->context, glue->poll);
	rdv_thread_unregister(glue->self);
	glue->self = NULL;
	rdv_glib_current = NULL;
}

#ifdef __cplusplus
}
#endif

#endif /* RDV_LOOP_GLIB_H */
