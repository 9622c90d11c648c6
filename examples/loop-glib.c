/* SPDX-License-Identifier: MIT */
/* The ring of ring.h, in main loops of GLib: what <rdv/loop/glib.h> adds is marked. */
#define _GNU_SOURCE
#include "ring.h"
#include <glib-unix.h>
#include <rdv/loop/glib.h> /* ! */
#include <stdlib.h>

static gboolean token_comes(gint fd, GIOCondition condition, gpointer seat)
{
	(void)fd, (void)condition;
	seat_read(seat); /* the thread runs, as in any callback */
	return G_SOURCE_CONTINUE;
}

struct table {
	struct seat *seat;
	GMainLoop *loop;
};

static void meet(struct rdv_glib *glue) /* ! */
{
	struct table *table = glue->data;

	if (seat_meet(table->seat))
		g_main_loop_quit(table->loop);
}

static void sit(struct seat *seat)
{
	GMainContext *context = g_main_context_new();
	struct table table = {seat, g_main_loop_new(context, FALSE)};
	struct rdv_glib glue = {.meet = meet, .data = &table}; /* ! */
	GSource *source = g_unix_fd_source_new(seat->in, G_IO_IN);

	if (rdv_glib_start(&glue, context, ring_domain, "glib")) /* ! */
		abort();
	seat->self = glue.self;
	g_source_set_callback(source, G_SOURCE_FUNC(token_comes), seat, NULL);
	g_source_attach(source, context);
	g_main_loop_run(table.loop);
	rdv_glib_stop(&glue); /* ! */
	g_source_destroy(source);
	g_source_unref(source);
	g_main_loop_unref(table.loop);
	g_main_context_unref(context);
}

int main(void)
{
	return ring_run(sit);
}
