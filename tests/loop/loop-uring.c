/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <rdv/loop/uring.h>
#include <string.h>

#include "loop.h"

static struct io_uring ring;
static struct rdv_uring glue;
static int watched = -1;
static bool broken, armed;

static void call_meet(struct rdv_uring *g)
{
	meet(g->self);
}

static void lib_open(void)
{
	int ret = io_uring_queue_init(2, &ring, 0);

	if (ret) {
		printf("1..0 # SKIP no io_uring here: %s\n", strerror(-ret));
		exit(0);
	}
	glue.meet = call_meet;
	glue.ring = &ring;
}

static void lib_close(void)
{
	io_uring_queue_exit(&ring);
}

static int lib_start(void)
{
	return rdv_uring_start(&glue, &ring, domain, "uring");
}

static void lib_stop(void)
{
	rdv_uring_stop(&glue);
}

static rdv_thread *lib_self(void)
{
	return glue.self;
}

static void lib_watch(int fd)
{
	watched = fd;
}

static void lib_unwatch(void)
{
	watched = -1;
}

static void arm(void)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	io_uring_prep_poll_add(sqe, watched, POLLIN);
	io_uring_sqe_set_data(sqe, &watched);
	armed = true;
}

static void complete(struct io_uring_cqe *cqe)
{
	if (rdv_uring_took(&glue, cqe))
		return;
	if (io_uring_cqe_get_data(cqe) != &watched)
		return;
	armed = false;
	readable();
}

static void lib_run(void)
{
	struct io_uring_cqe *cqe;
	unsigned head, seen;

	for (broken = false; !broken;) {
		if (!armed)
			arm();
		rdv_uring_submit_and_wait(&glue, 1);
		seen = 0;
		io_uring_for_each_cqe(&ring, head, cqe) {
			seen++;
			complete(cqe);
		}
		io_uring_cq_advance(&ring, seen);
	}
}

static void lib_break(void)
{
	broken = true;
}

/* ------------------------------------------------------------------ its own cases */

static void timeout(void)
{
	struct __kernel_timespec ms = {.tv_nsec = 1000000};
	struct io_uring_cqe *cqe = NULL;
	int ret;

	ret = rdv_uring_submit_and_wait_timeout(&glue, &cqe, 1, &ms, NULL);
	point(ret == -ETIME && !others_isolate(), "a wait ends when it is time");
}

/* As an old kernel answers; the poll that is in flight is another matter. */
static void old_kernel(void)
{
	struct io_uring_cqe cqe = {.user_data = (__u64)(uintptr_t)&glue.armed,
				   .res = -EINVAL};

	point(rdv_uring_took(&glue, &cqe) && !glue.armed && glue.oneshot,
	      "where there is no multishot poll it does without");
}

/* Its poll is one of two entries, which are taken. */
static void full(void)
{
	struct io_uring_cqe *cqe;
	unsigned head, seen = 0, nops = 0;
	struct io_uring_sqe *sqe;

	while ((sqe = io_uring_get_sqe(&ring)) != NULL) {
		io_uring_prep_nop(sqe);
		io_uring_sqe_set_data(sqe, NULL);
	}
	rdv_uring_submit_and_wait(&glue, 1);
	io_uring_for_each_cqe(&ring, head, cqe) {
		seen++;
		nops += !rdv_uring_took(&glue, cqe);
	}
	io_uring_cq_advance(&ring, seen);
	point(nops == 2 && glue.armed, "it finds room in a full queue");
}

static void first(void)
{
	rdv_sync_want(glue.self);
	rdv_uring_submit_and_wait(&glue, 1);
	point(met == 1 && broken && glue.armed, "it meets before it first sleeps");
	met = 0;
}

static void lib_more(void)
{
	first();
	full();
	timeout();
	old_kernel();
}
