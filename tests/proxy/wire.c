/* SPDX-License-Identifier: MIT */
/*
 * Both ends of connections through the proxy: what one end does must be what the other
 * one sees.  The servers are sockets of this program.
 */
#define _GNU_SOURCE
#include "driver.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static unsigned proxy_port;

static void check(bool good, const char *what)
{
	if (!good)
		die("%s: %s", what, strerror(errno));
}

/* A server, in the list under this name. */
static int server(const char *name)
{
	unsigned port;
	int fd = bind_any(&port);

	check(!listen(fd, SOMAXCONN), "listen");
	order("add server %s 127.0.0.1:%u", name, port);
	return fd;
}

static void no_server(const char *name, int fd)
{
	order("del server %s", name);
	close(fd);
}

static void put(int fd, const char *text)
{
	ssize_t n = (ssize_t)strlen(text);

	check(send(fd, text, (size_t)n, MSG_NOSIGNAL) == n, "send");
}

static void get(int fd, const char *text)
{
	char buf[64] = "";
	size_t n = strlen(text);

	check(recv(fd, buf, n ? n : 1, n ? MSG_WAITALL : 0) == (ssize_t)n, "recv");
	if (strcmp(buf, text))
		die("expected \"%s\", found \"%s\"", text, buf);
}

static void get_reset(int fd, const char *who)
{
	char buf[64];

	errno = 0;
	if (recv(fd, buf, sizeof(buf), 0) != -1 || errno != ECONNRESET)
		die("%s: expected a reset, found %s", who,
		    errno ? strerror(errno) : "none");
	close(fd);
}

static void reset(int fd)
{
	struct linger linger = {.l_onoff = 1};

	check(!setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), "linger");
	close(fd);
}

static void limit(int fd)
{
	struct timeval limit = {.tv_sec = HUNG_S};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

static bool reach(int fd, unsigned port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_port = htons((uint16_t)port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return !connect(fd, (struct sockaddr *)&addr, sizeof(addr));
}

/* False: it has reset the connection before connect() was back. */
static bool reach_proxy(int *fd)
{
	*fd = socket(AF_INET, SOCK_STREAM, 0);
	limit(*fd);
	if (reach(*fd, proxy_port))
		return true;
	check(errno == ECONNRESET, "connect to the proxy");
	return false;
}

static int connect_proxy(void)
{
	int fd;

	check(reach_proxy(&fd), "connect to the proxy");
	return fd;
}

/* A client says '!' first; the health checks, which come to the same socket, nothing. */
static int client(void)
{
	int fd = connect_proxy();

	put(fd, "!");
	return fd;
}

static int back_end(int listener)
{
	char c;
	int fd;

	for (;;) {
		limit(listener);
		fd = accept(listener, NULL, NULL);
		check(fd >= 0, "accept");
		limit(fd);
		if (recv(fd, &c, 1, 0) == 1)
			return fd;
		close(fd);
	}
}

/* --------------------------------------------------------------------------- cases */

static void half_closed(void)
{
	int s = server("s"), c = client(), b = back_end(s);

	put(c, "question");
	shutdown(c, SHUT_WR);
	get(b, "question");
	get(b, "");
	put(b, "answer");
	get(c, "answer");
	put(b, ", and more");
	close(b);
	get(c, ", and more");
	get(c, "");
	close(c);

	c = client(), b = back_end(s);
	put(b, "bye");
	shutdown(b, SHUT_WR);
	get(c, "bye");
	get(c, "");
	put(c, "and this");
	get(b, "and this");
	close(c);
	get(b, "");
	close(b);
	no_server("s", s);
}

static void resets(void)
{
	int s = server("s"), c = client(), b = back_end(s);

	reset(b);
	get_reset(c, "client");
	c = client(), b = back_end(s);
	reset(c);
	get_reset(b, "server");
	no_server("s", s);
}

static char pattern(size_t i)
{
	return (char)(i * 2654435761u >> 13);
}

/* Sends n bytes, or without n until nobody takes more; returns how many. */
static size_t push(int fd, size_t from, size_t n)
{
	static char buf[65536];
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	size_t sent = 0, len;
	ssize_t m;

	while (n ? sent < n : poll(&p, 1, 300) == 1) {
		len = n && n - sent < sizeof(buf) ? n - sent : sizeof(buf);
		for (size_t i = 0; i < len; i++)
			buf[i] = pattern(from + sent + i);
		m = send(fd, buf, len, MSG_NOSIGNAL | (n ? 0 : MSG_DONTWAIT));
		check(m > 0 || (!n && errno == EAGAIN), "send");
		sent += m > 0 ? (size_t)m : 0;
		if (sent > (64u << 20))
			die("the proxy takes all, and nobody reads");
	}
	return sent;
}

/* Takes some of these bytes; returns how many. */
static size_t pull_some(int fd, size_t from)
{
	static char buf[65536];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	check(n > 0, "recv");
	for (size_t i = 0; i < (size_t)n; i++)
		if (buf[i] != pattern(from + i))
			die("byte %zu is wrong", from + i);
	return (size_t)n;
}

/* Takes all of them that are left, and the end. */
static void pull(int fd, size_t from, size_t n)
{
	while (from < n)
		from += pull_some(fd, from);
	get(fd, "");
}

/* A side that does not read stops the other one, and gets it all in the end. */
static void back_pressure(void)
{
	int s = server("s"), c = client(), b = back_end(s);
	size_t up = push(c, 0, 0), down = push(b, 0, 0);

	shutdown(c, SHUT_WR);
	shutdown(b, SHUT_WR);
	pull(b, 0, up);
	pull(c, 0, down);
	close(b);
	close(c);
	no_server("s", s);
}

/*
 * One side says much and is gone, by an end or by a reset, as soon as the proxy has it all.
 * The other one, who has not read it all, goes on to talk, which nobody wants to hear, and
 * gets every byte, and then the end or the reset.
 */
static void say_and_go(int from, int to, bool end)
{
	size_t n = push(from, 0, 0), got = 0;
	int left = 1;

	if (end)
		shutdown(from, SHUT_WR);
	while (left) { /* not acknowledged by the proxy's kernel, which includes the end */
		if (got < n)
			got += pull_some(to, got);
		check(!ioctl(from, SIOCOUTQ, &left), "ioctl");
	}
	if (end) {
		close(from);
		push(to, 0, 16u << 20);
	} else {
		reset(from);
		send(to, "more", 4, MSG_NOSIGNAL);
		ask("sync");
	}
	while (got < n)
		got += pull_some(to, got);
	if (end)
		get(to, "");
	else
		get_reset(to, "who was told all");
	if (end)
		close(to);
}

/* What was said by one who has gone is for the other one. */
static void last_words(void)
{
	int s = server("s"), c, b;

	for (int i = 0; i < 4; i++) {
		c = client(), b = back_end(s);
		say_and_go(i < 2 ? b : c, i < 2 ? c : b, i % 2);
	}
	no_server("s", s);
}

/* A server that is reset before the proxy has looked at it may have said something. */
static void first_words(void)
{
	int s = server("s"), c, b;
	char byte;

	for (int i = 0; i < 50; i++) {
		c = client();
		b = accept(s, NULL, NULL);
		check(b >= 0, "accept");
		if (i % 2)
			check(recv(b, &byte, 1, MSG_PEEK) == 1, "recv");
		put(b, "bye");
		reset(b);
		get(c, "bye");
		get_reset(c, "client");
	}
	no_server("s", s);
}

static unsigned open_conns(void)
{
	const char *line = strchr(ask("sync"), '\n');
	unsigned all = 0, n;

	while (line && sscanf(line, "%*u %*u %u", &n) == 1) {
		all += n;
		line = strchr(line + 1, '\n');
	}
	return all;
}

/* A connection with only one side left goes on for a while, and not for ever. */
static void bounded(void)
{
	int s = server("s"), c = client(), b = back_end(s), deaf = client(),
	    b2 = back_end(s);

	push(b2, 0, 0);
	reset(b2);
	put(b, "bye");
	shutdown(b, SHUT_WR);
	get(c, "bye");
	get(c, "");
	close(b);
	put(c, "more");
	while (open_conns())
		;
	close(c);
	close(deaf);
	no_server("s", s);
}

static void next_server(void)
{
	unsigned port[2];
	int dead[2], s;

	for (int i = 0; i < 2; i++) {
		dead[i] = bind_any(&port[i]);
		order("add server dead-%d 127.0.0.1:%u", i, port[i]);
	}
	s = server("s");
	for (int i = 0; i < 30; i++) {
		int c = client(), b = back_end(s);

		put(b, "here");
		get(c, "here");
		close(b);
		get(c, "");
		close(c);
	}
	no_server("dead-0", dead[0]);
	no_server("dead-1", dead[1]);
	no_server("s", s);
}

static void deleted(void)
{
	int s = server("s"), c = client(), b = back_end(s), c2;
	const char *reply;

	put(b, "before");
	get(c, "before");
	no_server("s", s);
	reply = ask("show conns");
	if (!strstr(reply, " s  "))
		die("expected a connection to the deleted server, found:\n%s", reply);
	put(b, "after");
	get(c, "after");
	put(c, "question");
	get(b, "question");

	if (reach_proxy(&c2))
		get_reset(c2, "client, and no server");
	else
		close(c2);
	close(b);
	get(c, "");
	close(c);
}

/* The words of a server's line after its name. */
static void look_up(const char *name, char state[8], unsigned *active)
{
	const char *list = ask("show servers"), *line;
	char start[40];

	snprintf(start, sizeof(start), "\n%-31s ", name);
	line = strstr(list, start);
	if (!line || sscanf(line, "%*s %*s %7s %u", state, active) != 2)
		die("no server %s in:\n%s", name, list);
}

static unsigned active(const char *name)
{
	char state[8];
	unsigned n;

	look_up(name, state, &n);
	return n;
}

/* A client is connected before the proxy has chosen a server for it. */
static void await_three(unsigned n)
{
	int64_t end = now_ns() + HUNG_S * INT64_C(1000000000);

	while (active("one") + active("two") + active("three") != n)
		if (now_ns() > end)
			die("expected %u connections:\n%s", n, ask("show servers"));
}

static void least_connections(void)
{
	int s[3], c[8];

	order("set algorithm leastconn");
	s[0] = server("one");
	for (int i = 0; i < 3; i++)
		c[i] = client(), back_end(s[0]);
	s[1] = server("two");
	s[2] = server("three");
	for (int i = 3; i < 8; i++)
		c[i] = client();
	for (int i = 0; i < 2; i++)
		back_end(s[1]), back_end(s[2]);
	await_three(8);
	if (active("one") > 4)
		die("not the least connections:\n%s", ask("show servers"));
	order("set algorithm rr");
	no_server("one", s[0]);
	no_server("two", s[1]);
	no_server("three", s[2]);
	for (int i = 0; i < 8; i++)
		close(c[i]);
}

static void await_state(const char *name, const char *want)
{
	int64_t end = now_ns() + HUNG_S * INT64_C(1000000000);
	char state[8];
	unsigned n;

	do {
		look_up(name, state, &n);
		if (!strcmp(state, want))
			return;
	} while (now_ns() < end);
	die("%s does not get %s", name, want);
}

static void health(void)
{
	unsigned port;
	int a = bind_any(&port);

	order("add server a 127.0.0.1:%u", port);
	await_state("a", "down");
	check(!listen(a, SOMAXCONN), "listen");
	await_state("a", "up");
	no_server("a", a);
}

/* Commands come in pieces, and without an end. */
static void admin_pieces(void)
{
	int fd[2] = {admin_connect(), admin_connect()};

	limit(fd[0]);
	limit(fd[1]);
	put(fd[0], "del ser");
	order("set algorithm rr");
	put(fd[0], "ver x\n");
	get(fd[0], "error: del server: expected the name");
	for (int i = 0; i < 510; i++)
		put(fd[1], "x");
	put(fd[1], "y");
	get(fd[1], "error: expected a line of at most 510 bytes\n");
	for (int i = 0; i < 100000; i++) /* more than the sockets hold */
		put(fd[1], "0123456789abcdef");
	put(fd[1], "\nhelp\n");
	get(fd[1], "");
	close(fd[0]);
	close(fd[1]);

	fd[0] = admin_connect();
	put(fd[0], "help\nhelp\n");
	get(fd[0], "error: expected one line in a connection, found more; ");
	close(fd[0]);
	fd[0] = admin_connect();
	check(send(fd[0], "set\0algorithm rr\n", 17, 0) == 17, "send");
	get(fd[0], "done\n");
	get(fd[0], "");
	close(fd[0]);

	/* who does not wait for the reply */
	for (int i = 0; i < 10; i++) {
		fd[0] = admin_connect();
		put(fd[0], "help\n");
		close(fd[0]);
	}
}

/* Who says nothing keeps nobody out. */
static void admin_silent(void)
{
	int fd[200];

	for (int i = 0; i < 200; i++) {
		fd[i] = admin_connect();
		limit(fd[i]);
	}
	order("set algorithm rr");
	get(fd[0], "error: too many clients, this one has to go\n");
	get(fd[0], "");
	put(fd[199], "set algorithm rr\n");
	get(fd[199], "done\n");
	for (int i = 0; i < 200; i++)
		close(fd[i]);
}

/* An admin client that does not read a long reply stops nobody, and gets all of it. */
static void admin_deaf(void)
{
	char file[] = "/tmp/rdv-proxy.XXXXXX";
	int fd = mkstemp(file), deaf, c, b, s, n;
	FILE *f = fdopen(fd, "w"), *in;
	char line[256];

	check(f, "fdopen");
	for (n = 0; n < 8000; n++)
		fprintf(f, "server-%d 127.0.0.1:1\n", n);
	fclose(f);
	order("reload %s", file);
	deaf = admin_connect();
	put(deaf, "show servers\n");

	f = fopen(file, "w");
	check(f, "fopen");
	fprintf(f, "one 127.0.0.1:1\n");
	fclose(f);
	order("reload %s", file);
	unlink(file);
	s = server("s");
	order("del server one");
	c = client(), b = back_end(s);
	put(b, "here");
	get(c, "here");
	close(b);
	close(c);
	no_server("s", s);

	in = fdopen(deaf, "r");
	check(in, "fdopen");
	for (n = -1; fgets(line, sizeof(line), in); n++)
		;
	if (n != 8000)
		die("expected 8000 servers, found %d", n);
	fclose(in);
}

/* As back_end(), of the one that was chosen. */
static int either(int one, int other)
{
	struct pollfd p[2] = {{.fd = one, .events = POLLIN},
			      {.fd = other, .events = POLLIN}};
	char byte;
	int fd;

	for (;;) {
		check(poll(p, 2, -1) > 0, "poll");
		fd = accept(p[0].revents ? one : other, NULL, NULL);
		check(fd >= 0, "accept");
		if (recv(fd, &byte, 1, 0) == 1)
			return fd;
		close(fd);
	}
}

/* Clients of IPv4 are connected to servers of both kinds. */
static void ipv6(void)
{
	struct sockaddr_in6 addr = {.sin6_family = AF_INET6,
				    .sin6_addr = in6addr_loopback};
	int six = socket(AF_INET6, SOCK_STREAM, 0), four, c, b;
	socklen_t len = sizeof(addr);
	char text[64];

	if (six < 0 || bind(six, (struct sockaddr *)&addr, len)) {
		printf("ipv6: there is none here\n");
		return;
	}
	check(!listen(six, SOMAXCONN) &&
		      !getsockname(six, (struct sockaddr *)&addr, &len),
	      "listen");
	order("add server six [::1]:%u", ntohs(addr.sin6_port));
	snprintf(text, sizeof(text), " [::1]:%u ", ntohs(addr.sin6_port));
	if (!strstr(ask("show servers"), text))
		die("no \"%s\" in:\n%s", text, ask("show servers"));
	four = server("four");
	for (int i = 0; i < 20; i++) {
		c = client();
		b = either(six, four);
		put(b, "here");
		get(c, "here");
		close(b);
		get(c, "");
		close(c);
	}
	no_server("six", six);
	no_server("four", four);
}

/* False: nobody shakes hands, or only in a while. */
static bool try_connect(int *fd, unsigned port)
{
	struct timeval moment = {.tv_usec = 300000};

	*fd = socket(AF_INET, SOCK_STREAM, 0);
	check(*fd >= 0, "socket");
	setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof(moment));
	if (reach(*fd, port))
		return true;
	close(*fd);
	return false;
}

/* Tells the proxy to stop while clients come: who was let in is served. */
int stopping(char **argv)
{
	enum { MANY = 800 };
	static int c[MANY + 1];
	int s = server("s"), n, b, who;
	unsigned port = (unsigned)atoi(argv[0]);
	char name[16]; /* for any int */

	alarm(HUNG_S);
	proxy_port = port;
	for (n = 0; n < MANY; n++) {
		if (n == 100)
			check(!kill(atoi(argv[1]), SIGTERM), "kill");
		if (n < 100)
			c[n] = connect_proxy();
		else if (!try_connect(&c[n], port))
			break;
		snprintf(name, sizeof(name), "!%04d", n);
		put(c[n], name);
	}
	if (n == MANY) { /* the proxy may have had no time yet */
		while (!access(admin_path, F_OK))
			sched_yield();
		if (try_connect(&c[n], port))
			die("the proxy has stopped, and lets clients in");
	}
	for (int i = 0; i < n; i++) {
		b = back_end(s);
		check(recv(b, name, 4, MSG_WAITALL) == 4, "recv");
		name[4] = '\0';
		who = atoi(name);
		put(b, "here");
		close(b);
		limit(c[who]);
		get(c[who], "here");
		get(c[who], "");
		close(c[who]);
	}
	printf("stopped, after %d clients\n", n);
	return 0;
}

/*
 * Tells the proxy, whose time of grace is 1 s, to stop while a client does not read.  When
 * the server is cut off, that time is over; what the proxy has read until then is there for
 * the client, if it comes within the 5 s that it has.
 */
int cut_off(char **argv)
{
	int s = server("s"), c, b;
	size_t want, got = 0;
	int64_t end;
	ssize_t n;
	char *line, buf[65536];

	alarm(HUNG_S);
	proxy_port = (unsigned)atoi(argv[0]);
	c = client(), b = back_end(s);
	push(b, 0, 0);
	line = strchr(ask("show conns"), '\n');
	if (!line || sscanf(line, "%*u %*s %*s open %*u %zu", &want) != 1 || !want)
		die("no connection in:\n%s", ask("show conns"));
	check(!kill(atoi(argv[1]), SIGTERM), "kill");
	get_reset(b, "server");
	end = now_ns() + INT64_C(4000000000);
	while ((n = recv(c, buf, sizeof(buf), 0)) > 0)
		got += (size_t)n;
	if (n == 0 || errno != ECONNRESET)
		die("expected a reset, found %s", n ? strerror(errno) : "an end");
	if (now_ns() > end)
		puts("this program was too late to tell what the proxy has kept");
	else if (got < want)
		die("expected at least the %zu bytes that were read, found %zu", want,
		    got);
	return 0;
}

int wire(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} cases[] = {
		{"half-closed", half_closed},
		{"resets", resets},
		{"back-pressure", back_pressure},
		{"last-words", last_words},
		{"next-server", next_server},
		{"deleted", deleted},
		{"least-connections", least_connections},
		{"health", health},
		{"admin-pieces", admin_pieces},
		{"admin-silent", admin_silent},
		{"admin-deaf", admin_deaf},
		{"ipv6", ipv6},
		{"first-words",
		 first_words}, /* with no health checks that it takes for clients */
		{"bounded", bounded}, /* with a short time of grace */
	};
	const size_t n = sizeof(cases) / sizeof(cases[0]), special = n - 2;

	proxy_port = (unsigned)atoi(argv[0]);
	for (size_t i = 0; i < n; i++) {
		if (argc > 1 ? strcmp(argv[1], cases[i].name) : i >= special)
			continue;
		alarm(HUNG_S);
		printf("%s\n", cases[i].name);
		fflush(stdout);
		cases[i].run();
	}
	ask("sync");
	return 0;
}
