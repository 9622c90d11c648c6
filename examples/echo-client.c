/* SPDX-License-Identifier: MIT */
/*
 * echo-client - drives an echo-server and checks all that it says.
 *
 * Echoes on many connections while it asks the admin port for the list of them, and
 * compares: in each row of each list, what a connection has received is what it has
 * sent plus what it has queued.  A row that was written while its thread was running
 * would fail that sooner or later.  Then it tries the other commands, and stops the
 * server with data on the way.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNS   200
#define SLOW    4     /* connections that do not read until the server is stuck */
#define BYTES   10000 /* that a connection echoes at a time */
#define CHUNK   4096  /* at most in one send or recv */
#define PERIOD  65537 /* of the noise that is echoed */
#define LISTS   200   /* at least */
#define UNREAD  2000  /* lists that an admin client asks for and does not read */
#define LIMIT_S 120

struct conn {
	int fd; /* -1: closed */
	bool reads;
	unsigned port;
	uint64_t sent, got, goal;
	uint64_t asked;      /* got, when the list was asked for */
	uint64_t id, listed; /* in that list: its id, and what the server had received */
};

static char noise[PERIOD + CHUNK];
static struct conn conns[CONNS];
static int by_port[65536]; /* 1 + index into conns */

struct admin {
	int fd;
	size_t len;
	char reply[1 << 20];
};

static struct admin admin;
static unsigned lists;

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "echo-client: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void on_alarm(int sig)
{
	static const char msg[] = "echo-client: not done within the time limit\n";

	(void)sig;
	if (write(STDERR_FILENO, msg, sizeof(msg) - 1) < 0)
		_exit(2);
	_exit(1);
}

static int connect_to(unsigned port, unsigned *own_port, int bufsize)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_port = htons((uint16_t)port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(addr);

	if (fd < 0)
		fail("cannot make a socket: %s", strerror(errno));
	if (bufsize) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bufsize, sizeof(bufsize));
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bufsize, sizeof(bufsize));
	}
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len))
		fail("cannot connect to port %u: %s", port, strerror(errno));
	*own_port = ntohs(addr.sin_port);
	return fd;
}

/* ---------------------------------------------------------------- connections */

/* What a connection sends and expects at a position; good for the next CHUNK bytes. */
static const char *pattern(const struct conn *c, uint64_t pos)
{
	return noise + (pos + (uint64_t)(c - conns) * 31) % PERIOD;
}

static void make_noise(void)
{
	uint32_t x = 1;

	for (size_t i = 0; i < PERIOD; i++) {
		x = x * 1664525 + 1013904223;
		noise[i] = (char)(x >> 24);
	}
	memcpy(noise + PERIOD, noise, CHUNK);
}

/* Sends until the socket is full or limit bytes are on their way or back. */
static void conn_send(struct conn *c, uint64_t limit)
{
	while (c->sent < limit) {
		uint64_t size = limit - c->sent < CHUNK ? limit - c->sent : CHUNK;
		ssize_t n;

		n = send(c->fd, pattern(c, c->sent), size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			fail("port %u: send: %s", c->port, strerror(errno));
		if (n <= 0)
			return;
		c->sent += (uint64_t)n;
	}
}

/* Reads and compares what there is; returns false at the end of file. */
static bool conn_recv(struct conn *c)
{
	char buf[CHUNK];
	ssize_t n;

	while ((n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		if (memcmp(buf, pattern(c, c->got), (size_t)n))
			fail("port %u: %zd bytes from %" PRIu64 " on differ", c->port, n,
			     c->got);
		c->got += (uint64_t)n;
		if (c->got > c->sent)
			fail("port %u: more came back than was sent", c->port);
	}
	if (n < 0 && errno != EAGAIN)
		fail("port %u: recv: %s", c->port, strerror(errno));
	return n != 0;
}

/* ----------------------------------------------------------------- admin port */

static void ask_start(const char *command)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "%s\n", command);

	for (int i = 0; i < CONNS; i++)
		conns[i].asked = conns[i].got;
	admin.len = 0;
	if (send(admin.fd, line, (size_t)len, MSG_NOSIGNAL) != len)
		fail("admin port: send: %s", strerror(errno));
}

/* Returns true when the whole reply is there. */
static bool ask_more(void)
{
	ssize_t n;

	n = recv(admin.fd, admin.reply + admin.len, sizeof(admin.reply) - 1 - admin.len,
		 MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		fail("admin port: recv: %s", n ? strerror(errno) : "end of file");
	if (n < 0)
		return false;
	admin.len += (size_t)n;
	admin.reply[admin.len] = '\0';
	return admin.len >= 2 && !strcmp(admin.reply + admin.len - 2, "\n\n");
}

static const char *ask(const char *command)
{
	struct pollfd pfd = {.fd = admin.fd, .events = POLLIN};

	ask_start(command);
	do
		poll(&pfd, 1, -1);
	while (!ask_more());
	return admin.reply;
}

static void expect(const char *command, const char *reply)
{
	if (strncmp(ask(command), reply, strlen(reply)))
		fail("%s: expected \"%s\", found \"%s\"", command, reply, admin.reply);
}

/* Checks the list in admin.reply; returns how many connections it has. */
static int check_list(void)
{
	uint64_t id, in, out, queued;
	int rows = 0, total = -1, fd;
	unsigned port;
	struct conn *c;

	for (char *line = strtok(admin.reply, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line,
			   "worker-%*u %" SCNu64 " %d 127.0.0.1:%u %" SCNu64 " %" SCNu64
			   " %" SCNu64,
			   &id, &fd, &port, &in, &out, &queued) != 6) {
			sscanf(line, "%d connections", &total);
			continue;
		}
		rows++;
		if (port > 65535 || !by_port[port])
			fail("listed, but not ours: %s", line);
		c = &conns[by_port[port] - 1];
		if (in != out + queued || in > c->sent || out < c->asked)
			fail("%" PRIu64 " bytes sent, %" PRIu64 " came back, but: %s",
			     c->sent, c->asked, line);
		c->id = id;
		c->listed = in;
		c->reads |= queued != 0;
	}
	if (rows != total)
		fail("%d rows, but the last line says %d connections", rows, total);
	lists++;
	return rows;
}

/* Adds up two columns of "show threads" or "rotate". */
static void add_up(const char *command, uint64_t sum[2], int *active)
{
	uint64_t a, b;

	sum[0] = sum[1] = 0;
	*active = 0;
	ask(command);
	for (char *line = strtok(admin.reply, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "worker-%*u %*u %" SCNu64 " %" SCNu64, &a, &b) != 2)
			continue;
		sum[0] += a;
		sum[1] += b;
		*active += a != 0;
	}
}

/* ---------------------------------------------------------------------- phases */

/* Everybody echoes, the slow ones until the server got stuck; and we list them. */
static void echo_all(unsigned n_lists)
{
	static struct pollfd pfd[CONNS + 1];
	unsigned until = lists + n_lists;
	bool busy = true;

	ask_start("show conns");
	while (busy || lists < until) {
		busy = false;
		for (int i = 0; i < CONNS; i++) {
			struct conn *c = &conns[i];

			pfd[i] = (struct pollfd){.fd = c->fd};
			if (c->reads && c->goal == UINT64_MAX)
				c->goal = c->sent;
			if (c->got == c->goal && c->fd >= 0 && lists < until)
				c->goal += BYTES;
			if (c->sent < c->goal)
				pfd[i].events |= POLLOUT;
			if (c->reads)
				pfd[i].events |= POLLIN;
			busy |= c->fd >= 0 && c->got < c->goal;
		}
		pfd[CONNS] = (struct pollfd){.fd = admin.fd, .events = POLLIN};
		if (!busy && lists >= until)
			break;
		poll(pfd, (nfds_t)CONNS + 1, -1);
		for (int i = 0; i < CONNS; i++) {
			if (pfd[i].revents & POLLOUT)
				conn_send(&conns[i], conns[i].goal);
			if (pfd[i].revents & ~POLLOUT && !conn_recv(&conns[i]))
				fail("port %u: end of file", conns[i].port);
		}
		if (pfd[CONNS].revents && ask_more()) {
			check_list();
			ask_start("show conns");
		}
	}
	while (!ask_more())
		poll(&pfd[CONNS], 1, -1);
	check_list();
}

static void open_all(unsigned port)
{
	for (int i = 0; i < CONNS; i++) {
		struct conn *c = &conns[i];

		c->fd = connect_to(port, &c->port, i < SLOW ? 4096 : 0);
		c->reads = i >= SLOW;
		c->goal = i < SLOW ? UINT64_MAX : BYTES;
		by_port[c->port] = i + 1;
	}
}

static uint64_t total(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < CONNS; i++)
		sum += conns[i].got;
	return sum;
}

/* Nothing is on its way: the server's figures are ours. */
static void compare_figures(void)
{
	uint64_t sum[2];
	int active;

	ask("show conns");
	if (check_list() != CONNS)
		fail("show conns: expected %d connections", CONNS);
	for (int i = 0; i < CONNS; i++)
		if (conns[i].listed != conns[i].got)
			fail("port %u: %" PRIu64 " bytes echoed, %" PRIu64 " listed",
			     conns[i].port, conns[i].got, conns[i].listed);
	for (int i = 0; i < 2; i++) {
		add_up(i ? "rotate" : "show threads", sum, &active);
		if (sum[0] != total() || sum[1] != total() || active < 2)
			fail("%s: expected %" PRIu64 " bytes, found %" PRIu64
			     " and %" PRIu64,
			     i ? "rotate" : "show threads", total(), sum[0], sum[1]);
	}
	ask("show rdv");
	if (!strstr(admin.reply, "\nisolated ") ||
	    !strstr(admin.reply, " isolations in "))
		fail("show rdv: expected the statistics, found \"%s\"", admin.reply);
	ask("show state");
	if (!strstr(admin.reply, "librdv-dump 1\n") || !strstr(admin.reply, "\nend\n"))
		fail("show state: expected a dump, found \"%s\"", admin.reply);
	add_up("rotate", sum, &active);
	if (sum[0] || sum[1])
		fail("the second rotate: expected 0 bytes, found %" PRIu64,
		     sum[0] + sum[1]);
}

static void kill_one(struct conn *c)
{
	struct pollfd pfd = {.fd = c->fd, .events = POLLIN};
	char command[64], reply[64], byte;

	snprintf(command, sizeof(command), "kill %" PRIu64, c->id);
	snprintf(reply, sizeof(reply), "killed %" PRIu64 "\n\n", c->id);
	expect(command, reply);
	poll(&pfd, 1, -1);
	if (recv(c->fd, &byte, 1, 0) != 0)
		fail("port %u: killed, but no end of file", c->port);
	close(c->fd);
	c->fd = -1;
	ask("show conns");
	if (check_list() != CONNS - 1)
		fail("a connection was killed, but the list is as long as before");
	expect(command, "error: kill: no connection has the id ");
}

static void bad_input(void)
{
	expect("kill", "error: kill: expected an id ");
	expect("kill 1x", "error: kill: expected an id ");
	expect("kill -1", "error: kill: expected an id ");
	expect("rotate now", "error: rotate: expected no argument, found \"now\"\n\n");
	expect("", "error: expected a command ");
	expect("show conn", "error: expected a command ");
	expect("show connsx", "error: expected a command ");
	expect("help\r", "show conns ");
}

/* An admin client that asks and does not read stops nobody. */
static void unread_replies(unsigned admin_port)
{
	static const char line[] = "show conns\n";
	char commands[UNREAD * (sizeof(line) - 1)];
	unsigned port;
	int fd = connect_to(admin_port, &port, 4096);

	for (size_t i = 0; i < UNREAD; i++)
		memcpy(commands + i * (sizeof(line) - 1), line, sizeof(line) - 1);
	if (send(fd, commands, sizeof(commands), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		fail("admin port: send: %s", strerror(errno));
	echo_all(20);
	close(fd);
}

/* Stops the server when every connection has data on the way; all must come back. */
static void stop_server(pid_t pid)
{
	for (int i = 0; i < CONNS; i++) {
		struct conn *c = &conns[i];

		if (c->fd < 0)
			continue;
		conn_send(c, c->sent + 1000);
		if (i & 1)
			shutdown(c->fd, SHUT_WR);
	}
	if (pid == 0)
		expect("shutdown", "stopping\n\n");
	else if (kill(pid, SIGTERM))
		fail("cannot stop process %d: %s", (int)pid, strerror(errno));
	for (int i = 0; i < CONNS; i++) {
		struct conn *c = &conns[i];
		struct pollfd pfd = {.fd = c->fd, .events = POLLIN};

		if (c->fd < 0)
			continue;
		do
			poll(&pfd, 1, -1);
		while (conn_recv(c));
		if (c->got != c->sent)
			fail("port %u: %" PRIu64 " bytes lost", c->port,
			     c->sent - c->got);
	}
}

/* Exits with 77 where TCP over the loopback interface does not work at all. */
static void probe(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(addr);

	if (fd < 0 || client < 0 || bind(fd, (struct sockaddr *)&addr, len) ||
	    listen(fd, 1) || getsockname(fd, (struct sockaddr *)&addr, &len) ||
	    connect(client, (struct sockaddr *)&addr, len)) {
		printf("no TCP over 127.0.0.1: %s\n", strerror(errno));
		exit(77);
	}
	exit(0);
}

int main(int argc, char **argv)
{
	unsigned port, ignored;

	if (argc == 2 && !strcmp(argv[1], "--probe"))
		probe();
	if (argc < 3 || argc > 4) {
		fprintf(stderr,
			"usage: echo-client PORT ADMIN-PORT [PID]\n"
			"       echo-client --probe\n"
			"Stops the server at the end: by SIGTERM or by command.\n");
		return 2;
	}
	signal(SIGALRM, on_alarm);
	alarm(LIMIT_S);
	port = (unsigned)atoi(argv[1]);
	admin.fd = connect_to((unsigned)atoi(argv[2]), &ignored, 0);
	make_noise();
	open_all(port);
	echo_all(LISTS);
	compare_figures();
	kill_one(&conns[CONNS / 2]);
	bad_input();
	unread_replies((unsigned)atoi(argv[2]));
	stop_server(argc > 3 ? (pid_t)atoi(argv[3]) : 0);
	printf("%d connections, %" PRIu64 " bytes echoed, %u lists\n", CONNS, total(),
	       lists);
	return 0;
}
