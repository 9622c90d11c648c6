/* SPDX-License-Identifier: MIT */
/*
 * <rdv/loop/uring.h> - a loop over an io_uring in a domain.  The thread is harmless while it
 * waits for completions, and a sync-point wakes it.  Header only; needs liburing 2.2 and
 * links with liburing and librdv.
 *
 *	struct rdv_uring glue = {0};    // one for each ring, stays where it is
 *
 *	rdv_uring_start(&glue, &ring, domain, "worker");  // by the thread of the loop
 *	while (!stopping) {
 *		rdv_uring_submit_and_wait(&glue, 1);  // harmless while it sleeps
 *		n = 0;
 *		io_uring_for_each_cqe(&ring, head, cqe) {
 *			n++;
 *			if (!rdv_uring_took(&glue, cqe))
 *				serve(cqe);
 *		}
 *		io_uring_cq_advance(&ring, n);
 *	}
 *	rdv_uring_stop(&glue);          // out of the domain
 *	io_uring_queue_exit(&ring);
 *
 * The kernel is not a member of the domain.  It reads and writes the buffers of requests in
 * flight also while a thread is isolated.  So until its completion has been seen, only the
 * thread of the ring may touch such a buffer.
 */
#ifndef RDV_LOOP_URING_H
#define RDV_LOOP_URING_H

#include <errno.h>
#include <liburing.h>
#include <rdv/blocking.h>
#include <rdv/sync.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rdv_uring {
	/*
	 * The program sets these two, before rdv_uring_start() or later.  If a sync-point is
	 * wanted, the glue calls meet before the thread sleeps, and meet calls
	 * rdv_sync_enter() and rdv_sync_exit().  If meet is NULL, the glue calls these two
	 * itself.
	 */
	void (*meet)(struct rdv_uring *glue);
	void *data;

	/* The program may read this: the thread's handle, NULL after rdv_uring_stop(). */
	rdv_thread *self;

	/* For the glue alone. */
	rdv_domain *domain;
	struct io_uring *ring;
	int fd;       /* the eventfd, -1 if there is none */
	bool armed;   /* a poll of fd is in flight; its user_data is &armed */
	bool oneshot; /* the kernel is older than 5.13 and has no multishot poll */
};

/* Returns NULL if the submission queue is full and cannot be emptied now. */
static inline struct io_uring_sqe *rdv_uring_sqe(struct rdv_uring *glue)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(glue->ring);

	if (!sqe && io_uring_submit(glue->ring) > 0)
		sqe = io_uring_get_sqe(glue->ring);
	return sqe;
}

/* Goes through a sync-point if one is wanted.  True if there was one. */
static inline bool rdv_uring_meet(struct rdv_uring *glue)
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

/*
 * Prepares a sleep: goes through a sync-point if one is wanted, and submits the poll of the
 * eventfd if none is in flight.  False if the caller must not sleep: there was no room for
 * the poll, or there was a sync-point, and the program may have to handle what it changed.
 */
static inline bool rdv_uring_prepare(struct rdv_uring *glue)
{
	bool met = rdv_uring_meet(glue);
	struct io_uring_sqe *sqe;

	if (!glue->self || glue->fd < 0 || glue->armed)
		return !met;
	sqe = rdv_uring_sqe(glue);
	if (!sqe)
		return false;
	if (glue->oneshot)
		io_uring_prep_poll_add(sqe, glue->fd, POLLIN);
	else
		io_uring_prep_poll_multishot(sqe, glue->fd, POLLIN);
	io_uring_sqe_set_data(sqe, &glue->armed);
	glue->armed = true;
	return !met;
}

/*
 * io_uring_submit_and_wait() and io_uring_submit_and_wait_timeout() for the ring of the
 * glue.  The thread is harmless during the call.  Both return what these functions return,
 * -EINTR and -ETIME included.  Both may return without a completion (*cqe is NULL), for
 * example after a sync-point.  A completion may be the glue's, see rdv_uring_took().
 */
static inline int rdv_uring_submit_and_wait(struct rdv_uring *glue, unsigned wait_nr)
{
	int ret;

	if (!rdv_uring_prepare(glue))
		return io_uring_submit(glue->ring);
	if (!glue->self)
		return io_uring_submit_and_wait(glue->ring, wait_nr);
	rdv_harmless_now(glue->self);
	ret = io_uring_submit_and_wait(glue->ring, wait_nr);
	rdv_harmless_end(glue->self);
	return ret;
}

static inline int rdv_uring_submit_and_wait_timeout(struct rdv_uring *glue,
						    struct io_uring_cqe **cqe,
						    unsigned wait_nr,
						    struct __kernel_timespec *timeout,
						    sigset_t *sigmask)
{
	int ret;

	*cqe = NULL;
	if (!rdv_uring_prepare(glue))
		return io_uring_submit(glue->ring);
	if (!glue->self)
		return io_uring_submit_and_wait_timeout(glue->ring, cqe, wait_nr, timeout,
							sigmask);
	rdv_harmless_now(glue->self);
	ret = io_uring_submit_and_wait_timeout(glue->ring, cqe, wait_nr, timeout,
					       sigmask);
	rdv_harmless_end(glue->self);
	return ret;
}

/*
 * The program calls this for each completion before it looks at it.  True if the completion
 * is the glue's: it has ended the sleep, and there is nothing to handle.  The program marks
 * it as seen like any other.
 */
static inline bool rdv_uring_took(struct rdv_uring *glue, const struct io_uring_cqe *cqe)
{
	if (io_uring_cqe_get_data(cqe) != &glue->armed)
		return false;
	if (!(cqe->flags & IORING_CQE_F_MORE))
		glue->armed = false;
	if (cqe->res == -EINVAL)
		glue->oneshot = true;
	return true;
}

/*
 * Registers the calling thread, which must be the one that waits on the ring.  If
 * rdv_sync_enable() was called for the domain before, the loop takes part in sync-points.
 * Returns 0, or the error of rdv_thread_register(); nothing has changed then.
 */
static inline int rdv_uring_start(struct rdv_uring *glue, struct io_uring *ring,
				  rdv_domain *domain, const char *name)
{
	int ret = rdv_thread_register(domain, name, &glue->self);

	if (ret)
		return ret;
	glue->domain = domain;
	glue->ring = ring;
	glue->fd = rdv_sync_fd(domain);
	glue->armed = glue->oneshot = false;
	return 0;
}

/*
 * Unregisters the thread and cancels the poll.  The thread of the loop calls it, before
 * io_uring_queue_exit().  If the program goes on to use the ring, completions of the glue may
 * still be in it, and rdv_uring_took() still recognises them.
 */
static inline void rdv_uring_stop(struct rdv_uring *glue)
{
	struct io_uring_sqe *sqe;

	if (!glue->self)
		return;
	sqe = glue->armed ? rdv_uring_sqe(glue) : NULL;
	if (sqe) {
		io_uring_prep_poll_remove(sqe, (__u64)(uintptr_t)&glue->armed);
		io_uring_sqe_set_data(sqe, &glue->armed);
		io_uring_submit(glue->ring);
	}
	rdv_thread_unregister(glue->self);
	glue->self = NULL;
}

#ifdef __cplusplus
}
#endif

#endif /* RDV_LOOP_URING_H */
