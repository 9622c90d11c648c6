/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <rdv/loop/ev.h>

#include "loop.h"

static struct ev_loop *loop;
static ev_io watcher;
static struct rdv_ev glue;

static void call_meet(struct ev_loop *l, struct rdv_ev *g)
{
	(void)l;
	meet(g->self);
}

static void lib_open(void)
{
	glue.meet = call_meet;
	loop = ev_loop_new(EVFLAG_AUTO);
	if (!loop)
		abort();
}

static void lib_close(void)
{
	point(ev_run(loop, 0) == 0, "the glue leaves nothing in the loop");
	ev_loop_destroy(loop);
}

static int lib_start(void)
{
	return rdv_ev_start(loop, &glue, domain, "ev");
}

static void lib_stop(void)
{
	rdv_ev_stop(loop, &glue);
}

static rdv_thread *lib_self(void)
{
	return glue.self;
}

static void callback(struct ev_loop *l, ev_io *w, int revents)
{
	(void)l, (void)w, (void)revents;
	readable();
}

static void lib_watch(int fd)
{
	ev_io_init(&watcher, callback, fd, EV_READ);
	ev_io_start(loop, &watcher);
}

static void lib_unwatch(void)
{
	ev_io_stop(loop, &watcher);
}

static void lib_run(void)
{
	ev_run(loop, 0);
}

static void lib_break(void)
{
	ev_break(loop, EVBREAK_ALL);
}

/* ------------------------------------------------------------------ its own cases */

static bool harmless_in_timer;

static void expire(struct ev_loop *l, ev_timer *timer, int revents)
{
	(void)revents;
	harmless_in_timer = others_isolate();
	ev_timer_stop(l, timer);
}

static void lib_more(void)
{
	ev_timer timer;

	lib_run();
	point(true, "the glue does not keep the loop alive");
	ev_timer_init(&timer, expire, 0.01, 0.);
	ev_timer_start(loop, &timer);
	harmless_in_timer = true;
	lib_run();
	point(!harmless_in_timer, "timers expire in a running thread");
	ev_run(loop, EVRUN_NOWAIT);
	point(!others_isolate(), "after the loop the thread runs");
}
