/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <rdv/loop/uv.h>

#include "loop.h"

static uv_loop_t loop;
static uv_poll_t watcher;
static struct rdv_uv glue;

static void call_meet(struct rdv_uv *g)
{
	meet(g->self);
}

static void lib_open(void)
{
	glue.meet = call_meet;
	if (uv_loop_init(&loop))
		abort();
}

static void lib_close(void)
{
	uv_run(&loop, UV_RUN_DEFAULT);
	point(!uv_loop_close(&loop), "the loop can be closed");
}

static int lib_start(void)
{
	return rdv_uv_start(&glue, &loop, domain, "uv");
}

static void lib_stop(void)
{
	rdv_uv_stop(&glue);
}

static rdv_thread *lib_self(void)
{
	return glue.self;
}

static void callback(uv_poll_t *handle, int status, int events)
{
	(void)handle, (void)status, (void)events;
	readable();
}

static void lib_watch(int fd)
{
	if (uv_poll_init(&loop, &watcher, fd) ||
	    uv_poll_start(&watcher, UV_READABLE, callback))
		abort();
}

static void lib_unwatch(void)
{
	uv_close((uv_handle_t *)&watcher, NULL);
}

static void lib_run(void)
{
	uv_run(&loop, UV_RUN_DEFAULT);
}

static void lib_break(void)
{
	uv_stop(&loop);
}

/* ------------------------------------------------------------------ its own cases */

static unsigned expired;

/* What it watches is not in the epoll set yet, and the only thing to wait for. */
static void expire(uv_timer_t *timer)
{
	if (++expired < 3)
		return;
	uv_timer_stop(timer);
	lib_watch(wake[0]);
}

static void late_watcher(void)
{
	uv_timer_t timer;
	bool isolated;

	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, expire, 1, 1);
	isolated = run_beside_isolator();
	uv_close((uv_handle_t *)&timer, NULL);
	lib_unwatch();
	lib_run();
	point(expired == 3, "timers expire");
	point(ran && isolated, "what a callback begins to watch is waited for harmless");
}

static void once(void)
{
	uv_timer_t timer;
	unsigned turns = 0;

	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, expire, 20, 20);
	for (expired = 0; !expired; turns++)
		uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	lib_run();
	point(turns < 10, "one turn of the loop sleeps");
}

static void meet_only(struct rdv_uv *g)
{
	rdv_sync_enter(g->self);
	met += rdv_sync_my_turn(g->self);
	rdv_sync_exit(g->self);
}

static void look(uv_check_t *handle)
{
	if (met)
		uv_stop(handle->loop);
}

static void seen(void)
{
	uv_check_t check;

	uv_check_init(&loop, &check);
	uv_check_start(&check, look);
	glue.meet = meet_only;
	rdv_sync_want(glue.self);
	lib_run();
	glue.meet = call_meet;
	uv_close((uv_handle_t *)&check, NULL);
	lib_run();
	point(met == 1, "what came of a sync-point is seen before it sleeps");
	met = 0;
}

static void refused(void)
{
	struct rdv_uv second = {0};
	rdv_domain *d;

	if (rdv_domain_create(&d, NULL) || rdv_sync_enable(d) < 0)
		abort();
	lib_watch(rdv_sync_fd(d));
	point(rdv_uv_start(&second, &loop, d, "uv") == UV_EEXIST && !second.self &&
		      !rdv_thread_self(d),
	      "an eventfd that is watched already is refused");
	lib_unwatch();
	lib_run();
	rdv_domain_destroy(d);
}

static void lib_more(void)
{
	lib_run();
	point(true, "the glue does not keep the loop alive");
	late_watcher();
	once();
	seen();
	refused();
}
