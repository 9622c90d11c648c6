/* SPDX-License-Identifier: MIT */
/*
 * What an administrator asks HAProxy at its stats socket: most of it is done by a thread that
 * is alone.  Each reply is checked: what is listed must be what was done.
 *
 * The backend is called nginx.  Its servers x-0 to x-7 come and go; those whose names begin
 * otherwise stay.  The map has the keys /key-0 to /key-15, or not.
 */
#include "driver.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_X = 8, N_KEY = 16, MAX_PORTS = 16 };

static unsigned n_ports, port[MAX_PORTS];
static enum { ABSENT, DISABLED, READY } x[N_X];
static unsigned value[N_KEY], last_value; /* 0: no such key */
static const char *map;
static unsigned listed; /* connections, at least */

/* Where the alarm of paced() finds us: no answer is what a hang looks like from here. */
static char asked[512];

static void give_up(int sig)
{
	static const char text[] = "driver: no reply to: ";

	(void)sig;
	if (write(2, text, sizeof(text) - 1) < 0 || write(2, asked, strlen(asked)) < 0 ||
	    write(2, "\n", 1) < 0)
		_exit(2);
	_exit(1);
}

static const char *command(const char *text)
{
	snprintf(asked, sizeof(asked), "%s", text);
	return ask("%s", asked);
}

static void expect(const char *text, const char *part)
{
	const char *reply = command(text);

	if (!strstr(reply, part))
		die("%s: expected \"%s\", found:\n%s", text, part, reply);
}

/* ------------------------------------------------------------------------- servers */

static void server_add(unsigned i)
{
	char text[128];

	/* no idle connections, which would keep it from being deleted */
	snprintf(text, sizeof(text), "add server nginx/x-%u 127.0.0.1:%u pool-max-conn 0",
		 i, port[below(n_ports)]);
	expect(text, "New server registered.");
	x[i] = DISABLED;
}

static void server_set(unsigned i, const char *what)
{
	char text[64];
	const char *reply;

	snprintf(text, sizeof(text), "set server nginx/x-%u %s", i, what);
	reply = command(text);
	if (strspn(reply, "\n") != strlen(reply))
		die("%s: expected an empty reply, found:\n%s", text, reply);
}

/* One that is in use stays: returns whether it is gone. */
static bool server_del(unsigned i)
{
	char text[64];
	const char *reply;

	snprintf(text, sizeof(text), "del server nginx/x-%u", i);
	reply = command(text);
	if (strstr(reply, "Server deleted."))
		x[i] = ABSENT;
	else if (!strstr(reply, "still has connections"))
		die("%s: expected that it is deleted or in use, found:\n%s", text, reply);
	return x[i] == ABSENT;
}

static void server_change(unsigned i)
{
	switch (x[i]) {
	case ABSENT:
		server_add(i);
		break;
	case DISABLED:
		if (below(2)) {
			server_del(i);
		} else {
			server_set(i, "state ready");
			x[i] = READY;
		}
		break;
	case READY:
		if (below(3)) {
			server_set(i, "state maint");
			x[i] = DISABLED;
		} else {
			server_set(i, "weight 50");
		}
		break;
	}
}

static void servers_show(void)
{
	const char *reply = command("show servers state nginx");
	char name[16];

	for (unsigned i = 0; i < N_X; i++) {
		snprintf(name, sizeof(name), " x-%u ", i);
		if (!strstr(reply, name) != (x[i] == ABSENT))
			die("show servers state: server%swas expected %s be in:\n%s",
			    name, x[i] == ABSENT ? "not to" : "to", reply);
	}
}

static void servers_forget(void)
{
	for (unsigned i = 0; i < N_X; i++) {
		if (x[i] == READY)
			server_set(i, "state maint");
		while (x[i] != ABSENT && !server_del(i))
			usleep(1000); /* until its last request has been answered */
	}
}

/* ----------------------------------------------------------------------------- map */

static void map_show(void)
{
	char text[256], entry[64];
	unsigned lines = 0, want = 0;
	const char *reply;

	snprintf(text, sizeof(text), "show map %s", map);
	reply = command(text);
	for (const char *c = reply; (c = strstr(c, "/key-")) != NULL; c++)
		lines++;
	for (unsigned i = 0; i < N_KEY; i++) {
		if (!value[i])
			continue;
		snprintf(entry, sizeof(entry), " /key-%u %u\n", i, value[i]);
		if (!strstr(reply, entry))
			die("%s: expected%s, found:\n%s", text, entry, reply);
		want++;
	}
	if (lines != want)
		die("%s: expected %u keys, found %u:\n%s", text, want, lines, reply);
}

static void map_change(unsigned i)
{
	bool del = value[i] && below(2);
	char text[256];

	if (del) {
		snprintf(text, sizeof(text), "del map %s /key-%u", map, i);
		value[i] = 0;
	} else {
		snprintf(text, sizeof(text), "%s map %s /key-%u %u",
			 value[i] ? "set" : "add", map, i, last_value + 1);
		value[i] = ++last_value;
	}
	expect(text, "\n");
}

/* ---------------------------------------------------------------------------- main */

/* A listing ends with this command's own connection, or where a connection has gone that
 * was not listed to its end.
 */
static void show_sess_all(void)
{
	const char *reply = command("show sess all");

	if (!strstr(reply, "frontend=GLOBAL") && !strstr(reply, "session terminated"))
		die("show sess all: expected frontend=GLOBAL, found:\n%s", reply);
}

static void operate(void)
{
	unsigned n = below(20);

	if (n < 2)
		expect("show fd", "fe=web");
	else if (n < 4)
		expect("show sess", "fe=GLOBAL");
	else if (n == 4)
		show_sess_all();
	else if (n == 5)
		expect("show threads", "Thread 1 ");
	else if (n == 6)
		expect("show tasks", "Running tasks:");
	else if (n == 7)
		expect("shutdown session 0x1", "No such session");
	else if (n == 8)
		expect("del server nginx/nobody", "No such server.");
	else if (n == 9)
		servers_show();
	else if (n == 10)
		map_show();
	else if (n < 14)
		map_change(below(N_KEY));
	else
		server_change(below(N_X));
}

int commands(int argc, char **argv)
{
	map = argv[2];
	for (int i = 3; i < argc && n_ports < MAX_PORTS; i++)
		port[n_ports++] = (unsigned)atoi(argv[i]);
	signal(SIGALRM, give_up);
	paced(atof(argv[0]), atof(argv[1]), operate);
	servers_forget();
	return 0;
}

static unsigned count_listed(void)
{
	const char *reply = command("show sess");
	unsigned n = 0;

	while ((reply = strstr(reply, " fe=idle ")) != NULL) {
		reply++;
		n++;
	}
	return n;
}

static void list(void)
{
	unsigned found = count_listed();

	if (found < listed)
		die("show sess: expected %u connections, found %u", listed, found);
}

/* One listing after the other. */
int listings(char **argv)
{
	listed = (unsigned)atoi(argv[1]);
	signal(SIGALRM, give_up);
	paced(atof(argv[0]), 0, list);
	return 0;
}

/* Returns never; says so once all of them are in the list. */
int crowd(char **argv)
{
	unsigned n = (unsigned)atoi(argv[0]);

	for (unsigned i = 0; i < n; i++)
		admin_connect();
	admin_path = argv[1];
	while (count_listed() < n)
		;
	printf("%u connections\n", n);
	fflush(stdout);
	for (;;)
		pause();
}
