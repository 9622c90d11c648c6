/* SPDX-License-Identifier: MIT */
/*
 * <rdv/loop/uring.h> - a loop over an io_uring in a domain: harmless while it waits for
 * completions, and at its sync-points in time.  Header only; needs liburing 2.2 and
 * links with it and librdv.
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
 * The kernel is no member of the domain: it reads and writes the buffers of whatever
 * is in flight while a thread is isolated.  So they are for the thread of the ring
 * alone, until their completions have been seen.
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
	 * The program's, before rdv_uring_start() or later: called before a sleep if a
	 * sync-point is wanted, to go through rdv_sync_enter() and rdv_sync_exit().
	 * NULL: the thread goes through them and does nothing else.
	 */
	void (*meet)(struct rdv_uring *glue);
	void *data;

	/* To be read: the thread's handle, NULL after rdv_uring_stop(). */
	rdv_thread *self;

	/* The glue's. */
	rdv_domain *domain;
	struct io_uring *ring;
	int fd;       /* the eventfd, -1 if there is none */
	bool armed;   /* a poll for it is in flight; user_data: our address */
	bool oneshot; /* as this kernel, before 5.13, has no other */
};

/* NULL if the submission queue is full and cannot be emptied now. */
static inline struct io_uring_sqe *rdv_uring_sqe(struct rdv_uring *glue)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(glue->ring);

	if (!sqe && io_uring_submit(glue->ring) > 0)
		sqe = io_uring_get_sqe(glue->ring);
	return sqe;
}

/* True: there was one. */
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
 * What comes before a sleep.  False: there must be none, as there was no room for the
 * poll, or as there was a sync-point, of which the program has to see what came.
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
 * io_uring_submit_and_wait() and io_uring_submit_and_wait_timeout() for the ring of
 * the glue, harmless meanwhile; they return what these return, -EINTR and -ETIME
 * included.  They may return without a completion (*cqe is NULL), after a
 * sync-point for example, and the completions may be the glue's, see rdv_uring_took().
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
 * To be asked of each completion before the program looks at it.  True: it was the
 * glue's, and has ended the sleep.  The program marks it as seen, as any other.
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
 * Registers the calling thread, which is to wait on the ring.  If the domain has a
 * sync-point (rdv_sync_enable()) by now, the loop takes part in it.
 * Returns 0 or what rdv_thread_register() returns: nothing has happened then.
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
 * Unregisters the thread and cancels the poll.  By the thread of the loop.  A ring
 * that is used further may have completions of the glue in it, which
 * rdv_uring_took() still takes.
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
