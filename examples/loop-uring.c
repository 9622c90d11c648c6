/* SPDX-License-Identifier: MIT */
/* The ring of ring.h, over an io_uring each: what <rdv/loop/uring.h> adds is marked. */
#define _GNU_SOURCE
#include "ring.h"
#include <rdv/loop/uring.h> /* ! */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place {
	struct rdv_uring glue; /* ! */
	struct io_uring uring;
	struct seat *seat;
	unsigned token; /* the kernel writes it, even while a thread is isolated */
	bool over;
};

static void expect_token(struct place *place)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&place->uring);

	io_uring_prep_read(sqe, place->seat->in, &place->token, sizeof(place->token), 0);
	io_uring_sqe_set_data(sqe, place);
}

static void token_came(struct place *place, const struct io_uring_cqe *cqe)
{
	if (cqe->res != sizeof(place->token))
		abort();
	seat_take(place->seat, place->token);
	expect_token(place);
}

static void meet(struct rdv_uring *glue) /* ! */
{
	struct place *place = glue->data;

	place->over = seat_meet(place->seat);
}

static void sit(struct seat *seat)
{
	struct place place = {.glue = {.meet = meet, .data = &place}, .seat = seat};
	struct io_uring_cqe *cqe;
	unsigned head, seen;
	int ret;

	if (io_uring_queue_init(8, &place.uring, 0) ||
	    rdv_uring_start(&place.glue, &place.uring, ring_domain, "uring")) /* ! */
		abort();
	seat->self = place.glue.self;
	expect_token(&place);
	while (!place.over) {
		ret = rdv_uring_submit_and_wait(&place.glue, 1); /* ! */
		if (ret < 0 && ret != -EINTR)
			abort();
		seen = 0;
		io_uring_for_each_cqe(&place.uring, head, cqe) {
			seen++;
			if (!rdv_uring_took(&place.glue, cqe)) /* ! */
				token_came(&place, cqe);
		}
		io_uring_cq_advance(&place.uring, seen);
	}
	rdv_uring_stop(&place.glue); /* ! */
	io_uring_queue_exit(&place.uring);
}

int main(void)
{
	struct io_uring uring;
	int ret = io_uring_queue_init(8, &uring, 0);

	if (ret) {
		printf("skipped: no io_uring here: %s\n", strerror(-ret));
		return 77;
	}
	io_uring_queue_exit(&uring);
	return ring_run(sit);
}
