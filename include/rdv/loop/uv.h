/* SPDX-License-Identifier: MIT */
/*
 * <rdv/loop/uv.h> - a libuv loop in a domain.  The thread of the loop is harmless while the
 * loop sleeps, and a sync-point wakes it.  Header only; needs libuv 1.44 and links with
 * libuv and librdv.
 *
 *	struct rdv_uv glue = {0};       // one for each loop, stays where it is
 *
 *	rdv_uv_start(&glue, &loop, domain, "worker");  // by the thread of the loop
 *	uv_run(&loop, UV_RUN_DEFAULT);  // harmless while it sleeps
 *	rdv_uv_stop(&glue);             // out of the domain
 *	uv_run(&loop, UV_RUN_DEFAULT);  // closes what is left to close
 *	uv_loop_close(&loop);
 *
 * libuv calls the callbacks of descriptors inside its poll phase, before any check handle.
 * A thread that became harmless in a prepare handle, and ended that in a check handle,
 * would be harmless in these callbacks.  So the glue sleeps itself: at the end of the
 * prepare phase it polls the loop's own descriptor.  An idle handle keeps libuv from
 * sleeping after that.  Each iteration costs one poll(2) more.
 *
 * Prepare handles of the program must run before the glue's.  libuv calls the handle that
 * was started last first, so start them after rdv_uv_start().
 *
 * With the glue uv_run() sleeps in every mode, UV_RUN_NOWAIT included.  A program that
 * drives the loop itself does not need the glue.  It calls rdv_poll() on uv_backend_fd(),
 * for up to uv_backend_timeout().
 */
#ifndef RDV_LOOP_UV_H
#define RDV_LOOP_UV_H

#include <rdv/blocking.h>
#include <rdv/sync.h>
#include <uv.h>

#if UV_VERSION_HEX < 0x012c00
#error "<rdv/loop/uv.h> needs libuv 1.44, whose uv_backend_timeout() knows new watchers"
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct rdv_uv {
	/*
	 * The program sets these two, before rdv_uv_start() or later.  If a sync-point is
	 * wanted, the glue calls meet before the loop sleeps, and meet calls
	 * rdv_sync_enter() and rdv_sync_exit().  If meet is NULL, the glue calls these two
	 * itself.
	 */
	void (*meet)(struct rdv_uv *glue);
	void *data;

	/* The program may read this: the thread's handle, NULL after rdv_uv_stop(). */
	rdv_thread *self;

	/* For the glue alone. */
	rdv_domain *domain;
	uv_idle_t idle;
	uv_prepare_t prepare;
	uv_poll_t sync;
	bool watched; /* sync is in the loop */
};

/* Goes through a sync-point if one is wanted.  True if there was one. */
static inline bool rdv_uv_meet(struct rdv_uv *glue)
{
	if (!glue->self || !rdv_sync_pending(glue->domain))
		return false;
	if (glue->meet) {
		glue->meet(glue);
	} else {
		rdv_sync_enter(glue->self);
		rdv_sync_exit(glue->self);
	}
	return true;
}

/* Does nothing: while an idle handle is active libuv does not sleep. */
static inline void rdv_uv_idle(uv_idle_t *handle)
{
	(void)handle;
}

/* Nothing is left to do: the event has ended the sleep, and librdv reads the eventfd. */
static inline void rdv_uv_sync(uv_poll_t *handle, int status, int events)
{
	(void)handle, (void)status, (void)events;
}

/*
 * Sleeps as long as libuv would without the idle handle, or until the loop's own descriptor
 * is readable.  libuv looks at its descriptors next, whatever ended the sleep.  After a
 * sync-point there is no sleep, so that the loop can handle what the sync-point has changed.
 */
static inline void rdv_uv_sleep(uv_prepare_t *handle)
{
	struct rdv_uv *glue = (struct rdv_uv *)handle->data;
	bool met = rdv_uv_meet(glue);
	struct pollfd pfd;

	if (!glue->self)
		return; /* meet has called rdv_uv_stop() */
	pfd.fd = uv_backend_fd(handle->loop);
	pfd.events = POLLIN;
	uv_idle_stop(&glue->idle);
	rdv_poll(glue->self, &pfd, 1, met ? 0 : uv_backend_timeout(handle->loop));
	uv_idle_start(&glue->idle, rdv_uv_idle);
}

/*
 * Registers the calling thread, which must be the one that runs the loop, and adds the glue
 * to the loop.  The glue does not keep the loop alive.  If rdv_sync_enable() was called for
 * the domain before, the loop takes part in sync-points.
 * Returns 0, or the error of rdv_thread_register() or uv_poll_init(); nothing has changed
 * then.
 */
static inline int rdv_uv_start(struct rdv_uv *glue, uv_loop_t *loop, rdv_domain *domain,
			       const char *name)
{
	int fd = rdv_sync_fd(domain);
	int ret = rdv_thread_register(domain, name, &glue->self);

	if (ret)
		return ret;
	glue->watched = fd >= 0;
	if (glue->watched)
		ret = uv_poll_init(loop, &glue->sync, fd);
	if (ret) {
		rdv_thread_unregister(glue->self);
		glue->self = NULL;
		return ret;
	}
	glue->domain = domain;
	glue->prepare.data = glue;
	uv_idle_init(loop, &glue->idle);
	uv_unref((uv_handle_t *)&glue->idle);
	uv_prepare_init(loop, &glue->prepare);
	uv_prepare_start(&glue->prepare, rdv_uv_sleep);
	uv_unref((uv_handle_t *)&glue->prepare);
	if (!glue->watched)
		return 0;
	uv_poll_start(&glue->sync, UV_READABLE, rdv_uv_sync);
	uv_unref((uv_handle_t *)&glue->sync);
	return 0;
}

/*
 * Unregisters the thread and closes the handles of the glue.  The memory of the glue must
 * stay until the loop has run once more or is closed.  The thread of the loop calls it, also
 * from a callback.  Callbacks that the loop calls after it must not touch shared data.
 */
static inline void rdv_uv_stop(struct rdv_uv *glue)
{
	if (!glue->self)
		return;
	uv_close((uv_handle_t *)&glue->idle, NULL);
	uv_close((uv_handle_t *)&glue->prepare, NULL);
	if (glue->watched)
		uv_close((uv_handle_t *)&glue->sync, NULL);
	rdv_thread_unregister(glue->self);
	glue->self = NULL;
}

#ifdef __cplusplus
}
#endif

#endif /* RDV_LOOP_UV_H */
