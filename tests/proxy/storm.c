/* SPDX-License-Identifier: MIT */
/*
 * Reconfigures the proxy all the time, and checks every reply: what it lists must be
 * what was done to it.  "list" only adds and deletes.
 *
 * The servers base-0, base-1, ... are those of the file base; file other has all but
 * base-0, and x-0 to x-3.
 */
#define _GNU_SOURCE
#include "driver.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_X = 12, N_OTHER = 4, MAX_PORTS = 16 };

static const char *dir;
static unsigned n_ports, port[MAX_PORTS + 1]; /* nobody listens on the one after them */
static unsigned x_port[N_X];                  /* 0: there is no such server */
static bool base_0 = true;
static bool all; /* operations */

static void write_file(const char *name, bool other)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f)
		die("cannot write %s: %s", path, strerror(errno));
	fprintf(f, "# %s\n\n", name);
	for (unsigned i = other; i < n_ports; i++)
		fprintf(f, "base-%u 127.0.0.1:%u # a comment\n", i, port[i]);
	for (unsigned i = 0; other && i < N_OTHER; i++)
		fprintf(f, "\tx-%u 127.0.0.1:%u\n", i, port[i % n_ports]);
	if (fclose(f))
		die("cannot write %s: %s", path, strerror(errno));
}

static void toggle(void)
{
	unsigned i = below(N_X);

	if (x_port[i]) {
		order("del server x-%u", i);
		x_port[i] = 0;
	} else {
		x_port[i] = port[below(n_ports + all)];
		order("add server x-%u 127.0.0.1:%u", i, x_port[i]);
	}
}

static void reload(bool other)
{
	order("reload %s/%s", dir, other ? "other" : "base");
	base_0 = !other;
	for (unsigned i = 0; i < N_X; i++)
		x_port[i] = other && i < N_OTHER ? port[i % n_ports] : 0;
}

/* Whether the list has the server; lines come after the heading. */
static void check_listed(const char *list, const char *name, unsigned want)
{
	char start[40];
	const char *line;
	unsigned found = 0;

	snprintf(start, sizeof(start), "\n%-31s", name);
	line = strstr(list, start);
	if (line)
		sscanf(line + strlen(start), " 127.0.0.1:%u ", &found);
	if (found != want)
		die("server %s: expected port %u, found %u, in:\n%s", name, want, found,
		    list);
}

static void show_servers(void)
{
	const char *list = ask("show servers");
	unsigned lines = 0, want = 1 + n_ports - !base_0;
	char name[32];

	for (unsigned i = 0; i < n_ports; i++) {
		snprintf(name, sizeof(name), "base-%u", i);
		check_listed(list, name, i || base_0 ? port[i] : 0);
	}
	for (unsigned i = 0; i < N_X; i++) {
		snprintf(name, sizeof(name), "x-%u", i);
		check_listed(list, name, x_port[i]);
		want += x_port[i] != 0;
	}
	for (const char *c = list; (c = strchr(c, '\n')) != NULL; c++)
		lines++;
	if (lines != want)
		die("expected %u lines, found %u, in:\n%s", want, lines, list);
}

static void expect(const char *command, const char *text)
{
	const char *reply = ask("%s", command);

	if (!strstr(reply, text))
		die("%s: expected \"%s\", found:\n%s", command, text, reply);
}

static void operate(void)
{
	unsigned n = below(16);

	if (n == 0)
		reload(below(2));
	else if (n <= 2)
		show_servers();
	else if (n <= 4)
		expect("show conns", "worker client");
	else if (n == 5)
		expect("show isolation", " isolations\n");
	else if (n == 6)
		order("set algorithm %s", below(2) ? "rr" : "leastconn");
	else if (n == 7)
		expect("sync", "worker ");
	else if (n == 8)
		expect("del server nobody", "error: del server: expected the name");
	else
		toggle();
}

int storm(int argc, char **argv)
{
	double seconds = atof(argv[1]);

	dir = argv[0];
	all = !strcmp(argv[3], "all");
	for (int i = 4; i < argc && n_ports < MAX_PORTS; i++)
		port[n_ports++] = (unsigned)atoi(argv[i]);
	bind_any(&port[n_ports]);
	if (all) {
		write_file("base", false);
		write_file("other", true);
		reload(false);
	}
	paced(seconds, atof(argv[2]), all ? operate : toggle);
	if (all)
		reload(false);
	return 0;
}
