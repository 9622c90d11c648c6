/* SPDX-License-Identifier: MIT */
/*
 * <rdv/loop/glib.h> - a main context of GLib in a domain.  The thread is harmless while the
 * context polls, and a sync-point wakes it.  Header only; links with GLib and librdv.
 *
 *	struct rdv_glib glue = {0};     // one for each thread, stays where it is
 *
 *	rdv_glib_start(&glue, context, domain, "worker");  // by the thread of the loop
 *	g_main_loop_run(loop);          // harmless while it polls
 *	rdv_glib_stop(&glue);           // out of the domain
 *	g_main_loop_unref(loop);
 *
 * GLib polls through a function that the program can replace.  It calls this function
 * without a lock, between the prepare and the check of its sources.  The glue installs a
 * function that calls the one before it, and the thread is harmless during that call.  So a
 * running thread calls all callbacks of sources, in GTK and GIO as well.
 *
 * If the thread also iterates other contexts, it counts as running while they poll.  Give
 * them the same function: g_main_context_set_poll_func(other, rdv_glib_poll).
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
	 * The program sets these two, before rdv_glib_start() or later.  If a sync-point is
	 * wanted, the glue calls meet before a poll, and meet calls rdv_sync_enter() and
	 * rdv_sync_exit().  If meet is NULL, the glue calls these two itself.
	 */
	void (*meet)(struct rdv_glib *glue);
	void *data;

	/* The program may read this: the thread's handle, NULL after rdv_glib_stop(). */
	rdv_thread *self;

	/* For the glue alone. */
	rdv_domain *domain;
	GMainContext *context;
	GPollFunc poll; /* the poll function that the context had before */
	GPollFD sync;   /* fd is -1 if the domain has no sync-point */
};

/* The calling thread's glue.  GLib passes nothing but descriptors to a poll function. */
static __thread struct rdv_glib *rdv_glib_current __attribute__((unused));

/* Goes through a sync-point if one is wanted.  True if there was one. */
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
 * Polls, harmless.  After a sync-point it polls without waiting, so that the loop can
 * handle what the sync-point has changed.  If the thread has no glue, or meet has called
 * rdv_glib_stop(), the function only polls.
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
	rdv_harmless_end(glue->self); /* GLib reads errno after it; it is preserved */
	return n;
}

/*
 * Registers the calling thread, which must be the one that runs the context, and replaces
 * the poll function of the context.  NULL stands for the default context.  The glue keeps a
 * reference to the context until rdv_glib_stop(), but does not keep a loop running.  If rdv_sync_enable() was called for the domain before, the context
 * takes part in sync-points.
 * Returns 0, or the error of rdv_thread_register(); nothing has changed then.
 */
static inline int rdv_glib_start(struct rdv_glib *glue, GMainContext *context,
				 rdv_domain *domain, const char *name)
{
	int ret = rdv_thread_register(domain, name, &glue->self);

	if (ret)
		return ret;
	rdv_glib_current = glue;
	glue->domain = domain;
	glue->context = g_main_context_ref(context ? context : g_main_context_default());
	glue->poll = g_main_context_get_poll_func(glue->context);
	glue->sync.fd = rdv_sync_fd(domain);
	glue->sync.events = G_IO_IN;
	g_main_context_set_poll_func(glue->context, rdv_glib_poll);
	/* GLib leaves a descriptor out while a source of higher priority is ready */
	if (glue->sync.fd >= 0)
		g_main_context_add_poll(glue->context, &glue->sync, G_MININT);
	return 0;
}

/*
 * Unregisters the thread and takes the glue out of the context.  The thread of the loop
 * calls it, also from a callback.  Callbacks that the loop calls after it must not touch
 * shared data.
 */
static inline void rdv_glib_stop(struct rdv_glib *glue)
{
	if (!glue->self)
		return;
	if (glue->sync.fd >= 0)
		g_main_context_remove_poll(glue->context, &glue->sync);
	g_main_context_set_poll_func(glue->context, glue->poll);
	g_main_context_unref(glue->context);
	rdv_thread_unregister(glue->self);
	glue->self = NULL;
	rdv_glib_current = NULL;
}

#ifdef __cplusplus
}
#endif

#endif /* RDV_LOOP_GLIB_H */
