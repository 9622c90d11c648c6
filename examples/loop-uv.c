/* SPDX-License-Identifier: MIT */
/* The ring of ring.h, in loops of libuv: what <rdv/loop/uv.h> adds is marked. */
#define _GNU_SOURCE
#include "ring.h"
#include <rdv/loop/uv.h> /* ! */
#include <stdlib.h>

static void token_comes(uv_poll_t *handle, int status, int events)
{
	(void)status, (void)events;
	seat_read(handle->data); /* the thread runs, as in any callback */
}

static void meet(struct rdv_uv *glue) /* ! */
{
	uv_poll_t *handle = glue->data;

	if (seat_meet(handle->data))
		uv_close((uv_handle_t *)handle, NULL); /* leaves the loop nothing to do */
}

static void sit(struct seat *seat)
{
	uv_loop_t loop;
	uv_poll_t handle = {.data = seat};
	struct rdv_uv glue = {.meet = meet, .data = &handle}; /* ! */

	if (uv_loop_init(&loop) || rdv_uv_start(&glue, &loop, ring_domain, "uv")) /* ! */
		abort();
	seat->self = glue.self;
	if (uv_poll_init(&loop, &handle, seat->in) ||
	    uv_poll_start(&handle, UV_READABLE, token_comes))
		abort();
	uv_run(&loop, UV_RUN_DEFAULT);
	rdv_uv_stop(&glue); /* ! */
	uv_run(&loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&loop))
		abort();
}

int main(void)
{
	return ring_run(sit);
}
