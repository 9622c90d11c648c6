/* SPDX-License-Identifier: MIT */
/* The ring of ring.h, in loops of libev: what <rdv/loop/ev.h> adds is marked. */
#define _GNU_SOURCE
#include "ring.h"
#include <rdv/loop/ev.h> /* ! */
#include <stdlib.h>

static void token_comes(struct ev_loop *loop, ev_io *watcher, int revents)
{
	(void)loop, (void)revents;
	seat_read(watcher->data); /* the thread runs, as in any callback */
}

static void meet(struct ev_loop *loop, struct rdv_ev *glue) /* ! */
{
	if (seat_meet(glue->data))
		ev_break(loop, EVBREAK_ALL);
}

static void sit(struct seat *seat)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct rdv_ev glue = {.meet = meet, .data = seat}; /* ! */
	ev_io watcher;

	if (!loop || rdv_ev_start(loop, &glue, ring_domain, "ev")) /* ! */
		abort();
	seat->self = glue.self;
	ev_io_init(&watcher, token_comes, seat->in, EV_READ);
	watcher.data = seat;
	ev_io_start(loop, &watcher);
	ev_run(loop, 0);
	rdv_ev_stop(loop, &glue); /* ! */
	ev_loop_destroy(loop);
}

int main(void)
{
	return ring_run(sit);
}
