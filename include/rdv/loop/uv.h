/* SPDX-License-Identifier: MIT */
/*
 * <rdv/loop/uv.h> - a libuv loop in a domain: harmless while it sleeps, and at its
 * sync-points in time.  Header only; needs libuv 1.44 and links with it and librdv.
 *
 *	struct rdv_uv glue = {0};       // one for each loop, stays where it is
 *
 *	rdv_uv_start(&glue, &loop, domain, "worker");  // by the thread of the loop
 *	uv_run(&loop, UV_RUN_DEFAULT);  // harmless while it sleeps
 *	rdv_uv_stop(&glue);             // out of the domain
 *	uv_run(&loop, UV_RUN_DEFAULT);  // closes what is left to close
 *	uv_loop_close(&loop);
 *
 * libuv calls the callbacks of descriptors from inside of its poll phase, before any
 * check handle, so a thread that becomes harmless in a prepare handle and ends that in
 * a check handle would run them harmless.  So the glue sleeps itself, at the end of
 * the prepare phase and on the loop's own descriptor, and an idle handle keeps libuv
 * from sleeping after that.  An iteration costs one poll(2) more.
 *
 * Handles that prepare for the sleep must run before the glue: start them later, as
 * libuv calls the last one that was started first.  uv_run() sleeps in every mode,
 * UV_RUN_NOWAIT included: a program that drives the loop itself needs no glue but
 * rdv_poll() on uv_backend_fd() for up to uv_backend_timeout().
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
	 * The program's, before rdv_uv_start() or later: called before a sleep if a
	 * sync-point is wanted, to go through rdv_sync_enter() and rdv_sync_exit().
	 * NULL: the thread goes through them and does nothing else.
	 */
	void (*meet)(struct rdv_uv *glue);
	void *data;

	/* To be read: the thread's handle, NULL after rdv_uv_stop(). */
	rdv_thread *self;

	/* The glue's. */
	rdv_domain *domain;
	uv_idle_t idle;
	uv_prepare_t prepare;
	uv_poll_t sync;
	bool watched; /* sync is in the loop */
};

/* True: there was one. */
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

/* It is there, that is enough. */
static inline void rdv_uv_idle(uv_idle_t *handle)
{
	(void)handle;
}

/* It has ended the sleep.  Nobody reads the eventfd but the library. */
static inline void rdv_uv_sync(uv_poll_t *handle, int status, int events)
{
	(void)handle, (void)status, (void)events;
}

/*
 * Sleeps as long as libuv would without the idle handle, or until the loop's own
 * descriptor is readable.  Whatever ends the sleep, libuv has a look next.  If there
 * was a sync-point first, the program sees what came of it before it sleeps.
 */
static inline void rdv_uv_sleep(uv_prepare_t *handle)
{
	struct rdv_uv *glue = (struct rdv_uv *)handle->data;
	bool met = rdv_uv_meet(glue);
	struct pollfd pfd;

	if (!glue->self)
		return; /* we were stopped there */
	pfd.fd = uv_backend_fd(handle->loop);
	pfd.events = POLLIN;
	uv_idle_stop(&glue->idle);
	rdv_poll(glue->self, &pfd, 1, met ? 0 : uv_backend_timeout(handle->loop));
	uv_idle_start(&glue->idle, rdv_uv_idle);
}

/*
 * Registers the calling thread, which is to run the loop, and adds the glue to the
 * loop.  It does not keep the loop alive.  If the domain has a sync-point
 * (rdv_sync_enable()) by now, the loop takes part in it.
 * Returns 0, what rdv_thread_register() returns, or what uv_poll_init() returns:
 * nothing has happened then.
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
 * Unregisters the thread and closes the handles of the glue, which stays until the
 * loop has run once more or is closed.  By the thread of the loop, also in a
 * callback; what the loop calls from then on may not touch shared data.
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
