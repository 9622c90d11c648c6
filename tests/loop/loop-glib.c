/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <rdv/loop/glib.h>
#include <rdv/scope.h>

#include <glib-unix.h>

#include "loop.h"

static GMainContext *context;
static GMainLoop *loop;
static GSource *watcher;
static struct rdv_glib glue;

static void call_meet(struct rdv_glib *g)
{
	meet(g->self);
}

static void lib_open(void)
{
	glue.meet = call_meet;
	context = g_main_context_new();
	loop = g_main_loop_new(context, FALSE);
}

static void lib_close(void)
{
	point(g_main_context_get_poll_func(context) != rdv_glib_poll,
	      "the context has its own poll function again");
	g_main_loop_unref(loop);
	g_main_context_unref(context);
}

static int lib_start(void)
{
	return rdv_glib_start(&glue, context, domain, "glib");
}

static void lib_stop(void)
{
	rdv_glib_stop(&glue);
}

static rdv_thread *lib_self(void)
{
	return glue.self;
}

static gboolean callback(gint fd, GIOCondition condition, gpointer data)
{
	(void)fd, (void)condition, (void)data;
	readable();
	return G_SOURCE_CONTINUE;
}

static void lib_watch(int fd)
{
	watcher = g_unix_fd_source_new(fd, G_IO_IN);
	g_source_set_callback(watcher, G_SOURCE_FUNC(callback), NULL, NULL);
	g_source_attach(watcher, context);
}

static void lib_unwatch(void)
{
	g_source_destroy(watcher);
	g_source_unref(watcher);
}

static void lib_run(void)
{
	g_main_loop_run(loop);
}

static void lib_break(void)
{
	g_main_loop_quit(loop);
}

/* ------------------------------------------------------------------ its own cases */

static bool harmless_in_timer;

static gboolean expire(gpointer timer)
{
	(void)timer;
	harmless_in_timer = others_isolate();
	lib_break();
	return G_SOURCE_REMOVE;
}

static GSource *source(GSource *made, int priority, GSourceFunc fn)
{
	g_source_set_callback(made, fn, NULL, NULL);
	g_source_set_priority(made, priority);
	g_source_attach(made, context);
	return made;
}

static void timers(void)
{
	GSource *timer = source(g_timeout_source_new(10), G_PRIORITY_DEFAULT, expire);

	harmless_in_timer = true;
	lib_run();
	g_source_unref(timer);
	point(!harmless_in_timer, "timers expire in a running thread");
	g_main_context_iteration(context, FALSE);
	point(!others_isolate(), "after the loop the thread runs");
}

static gboolean again(gpointer unused)
{
	(void)unused;
	return G_SOURCE_CONTINUE;
}

/* What is ready all the time leaves descriptors of lower priority out of the poll. */
static void busy(void)
{
	GSource *idle = source(g_idle_source_new(), G_PRIORITY_HIGH - 1000, again);

	rdv_sync_want(glue.self);
	lib_run();
	g_source_destroy(idle);
	g_source_unref(idle);
	point(met == 1, "a source that is always ready does not keep it from meeting");
	met = 0;
}

static void stop_and_break(struct rdv_glib *g)
{
	rdv_sync_enter(g->self);
	rdv_sync_exit(g->self);
	rdv_glib_stop(g);
	lib_break();
}

static void stopped_in_meet(void)
{
	glue.meet = stop_and_break;
	rdv_sync_want(glue.self);
	lib_run();
	glue.meet = call_meet;
	point(!rdv_thread_self(domain), "it can be stopped in a sync-point");
	point(!lib_start(), "and started again");
}

/* One that the thread iterates besides. */
static void another_context(void)
{
	GMainContext *outer = context;

	context = g_main_context_new();
	g_main_context_set_poll_func(context, rdv_glib_poll);
	loop = (g_main_loop_unref(loop), g_main_loop_new(context, FALSE));
	lib_watch(wake[0]);
	point(run_beside_isolator(), "asleep in another context it is harmless, too");
	lib_unwatch();
	g_main_context_unref(context);
	context = outer;
	loop = (g_main_loop_unref(loop), g_main_loop_new(context, FALSE));
}

/* The program drops its reference before the stop. */
static void dropped_first(void)
{
	GMainContext *outer = context;
	GSource *idle;

	lib_stop();
	context = g_main_context_new();
	point(!lib_start(), "a glue starts in a context of its own");
	idle = source(g_idle_source_new(), G_PRIORITY_DEFAULT, again);
	g_main_context_unref(context);
	point(!g_source_is_destroyed(idle), "the context lives until the stop");
	lib_stop();
	point(g_source_is_destroyed(idle), "and no longer");
	g_source_unref(idle);
	context = outer;
	point(!lib_start(), "the glue starts in the other one again");
}

static void lib_more(void)
{
	dropped_first();
	timers();
	busy();
	stopped_in_meet();
	another_context();
}
