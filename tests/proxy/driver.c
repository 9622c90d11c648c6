/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "driver.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
	"usage: driver ask SOCKET COMMAND\n"
	"       driver run PROGRAM ARG...       which ends when its parent does\n"
	"       driver listen PROGRAM ARG...    the same, as nginx when it upgrades "
	"itself:\n"
	"                                       with a socket that listens, on port "
	"$PORT\n"
	"       driver commands SOCKET SECONDS RATE MAP PORT...     HAProxy's\n"
	"       driver listings SOCKET SECONDS N                    HAProxy's, of N "
	"connections\n"
	"       driver crowd SOCKET N ADMIN     as many connections, until it is killed\n"
	"       driver storm SOCKET DIR SECONDS RATE all|list PORT...\n"
	"       driver wire SOCKET PORT [CASE]\n"
	"       driver stopping SOCKET PORT PID\n"
	"       driver cut-off SOCKET PORT PID\n"
	"       driver fuzz SOCKET DIR ROUNDS [SEED]\n";

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("driver: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* Who connects to it is refused until somebody listens on it. */
int bind_any(unsigned *port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(addr);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len))
		die("cannot bind: %s", strerror(errno));
	*port = ntohs(addr.sin_port);
	return fd;
}

/* --------------------------------------------------------------------------- admin */

const char *admin_path;
static char *reply;
static size_t size;

int admin_connect(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(admin_path) >= sizeof(addr.sun_path))
		die("%s: too long", admin_path);
	strcpy(addr.sun_path, admin_path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("cannot connect to %s: %s", admin_path, strerror(errno));
	return fd;
}

static const char *ask_list(const char *format, va_list args)
{
	char line[512];
	int n = vsnprintf(line, sizeof(line) - 1, format, args), fd = admin_connect();
	size_t len = 0;
	ssize_t got;

	line[n] = '\n';
	if (send(fd, line, (size_t)n + 1, MSG_NOSIGNAL) != n + 1)
		die("cannot send \"%.*s\": %s", n, line, strerror(errno));
	do {
		if (size < len + 65536) {
			size = 2 * size + 65536;
			reply = realloc(reply, size);
			if (!reply)
				die("out of memory");
		}
		got = recv(fd, reply + len, 65535, 0);
		if (got < 0 || (!got && !len))
			die("no reply to \"%.*s\": %s", n, line,
			    got ? strerror(errno) : "end of file");
		len += (size_t)got;
	} while (got);
	close(fd);
	reply[len] = '\0';
	return reply;
}

const char *ask(const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = ask_list(format, args);
	va_end(args);
	return text;
}

void order(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (strcmp(ask_list(format, args), "done\n"))
		die("\"%s\": %s", format, reply);
	va_end(args);
}

/* ---------------------------------------------------------------------------- main */

static int ask_one(const char *command)
{
	alarm(HUNG_S);
	fputs(ask("%s", command), stdout);
	return !strncmp(reply, "error:", 6);
}

/* However the parent ends, this program does too; nginx takes its workers with it. */
static int run_exec(char **argv, int deadly)
{
	if (prctl(PR_SET_PDEATHSIG, deadly))
		die("cannot ask for a signal: %s", strerror(errno));
	execvp(argv[0], argv);
	die("cannot run %s: %s", argv[0], strerror(errno));
}

static int listen_exec(char **argv)
{
	char text[16];
	unsigned port;
	int fd = bind_any(&port);

	if (listen(fd, SOMAXCONN))
		die("cannot listen: %s", strerror(errno));
	snprintf(text, sizeof(text), "%u", port);
	setenv("PORT", text, 1);
	snprintf(text, sizeof(text), "%d;", fd);
	setenv("NGINX", text, 1);
	return run_exec(argv, SIGTERM);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (!strcmp(what, "run"))
		return run_exec(argv + 2, SIGKILL);
	if (!strcmp(what, "listen"))
		return listen_exec(argv + 2);
	admin_path = argc > 2 ? argv[2] : "";
	if (!strcmp(what, "ask") && argc == 4)
		return ask_one(argv[3]);
	if (!strcmp(what, "commands") && argc >= 7)
		return commands(argc - 3, argv + 3);
	if (!strcmp(what, "listings") && argc == 5)
		return listings(argv + 3);
	if (!strcmp(what, "crowd") && argc == 5)
		return crowd(argv + 3);
	if (!strcmp(what, "storm") && argc >= 8)
		return storm(argc - 3, argv + 3);
	if (!strcmp(what, "wire") && argc >= 4)
		return wire(argc - 3, argv + 3);
	if (!strcmp(what, "stopping") && argc == 5)
		return stopping(argv + 3);
	if (!strcmp(what, "cut-off") && argc == 5)
		return cut_off(argv + 3);
	if (!strcmp(what, "fuzz") && argc >= 5)
		return fuzz(argc - 3, argv + 3);
	fputs(usage, stderr);
	return 2;
}
