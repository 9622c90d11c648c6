/* SPDX-License-Identifier: MIT */
/* rdv-proxy - the admin socket: a client sends a line, gets the reply, and is let go. */
#define _GNU_SOURCE
#include "proxy.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/un.h>

static struct client {
	struct source src; /* first: client is source; no ready: free */
	size_t in_len, out_off, out_len;
	char *out, in[512];
} clients[64];

const char *wrong(const char *format, ...)
{
	static char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return line;
}

/* ------------------------------------------------------------------------ commands */

static const char *show_conns(struct request *r)
{
	const struct conn *c;
	int64_t now;

	if (!GUARD_ALONE)
		return "this build cannot stop the workers";
	fprintf(r->out, "%-6s %-21s %-31s %-10s %12s %12s %10s\n", "worker", "client",
		"server", "state", "in", "out", "age_s");
	alone_begin();
	now = now_ns();
	for (unsigned i = 1; i < proxy.n_threads; i++)
		LIST_FOREACH(c, &proxy.threads[i].conns, link)
			fprintf(r->out, "%-6u %15s:%-5u %-31s %-10s %12lu %12lu %10.3f\n",
				i, inet_ntoa(c->peer.sin_addr), ntohs(c->peer.sin_port),
				c->server ? c->server->name : "-",
				c->connecting ? "connecting" : "open", c->client.received,
				c->back.received, (double)(now - c->since) / 1e9);
	alone_end();
	return NULL;
}

static void print_span(FILE *out, const char *what, const struct span *s)
{
	fprintf(out, "%-11s %12.1f %12.1f\n", what, (double)s->last / 1e3,
		(double)s->longest / 1e3);
}

static const char *show_isolation(struct request *r)
{
	fprintf(r->out, "%lu isolations\n", proxy.isolations);
	fprintf(r->out, "%-11s %12s %12s\n", "", "last_us", "longest_us");
	print_span(r->out, "until alone", &proxy.wait);
	print_span(r->out, "alone", &proxy.alone);
	return NULL;
}

static const char *reload(struct request *r)
{
	return servers_load(r->a);
}

static const char *set_algorithm(struct request *r)
{
	bool leastconn = !strcmp(r->a, "leastconn");

	if (!leastconn && strcmp(r->a, "rr"))
		return wrong("expected rr or leastconn, found \"%s\"", r->a);
	alone_begin();
	proxy.leastconn = leastconn;
	alone_end();
	return NULL;
}

/* Every worker is there, with nothing in its hands. */
static const char *sync_all(struct request *r)
{
	const struct thread *t = proxy.threads;

	rdv_sync_want(t->rdv);
	rdv_sync_enter(t->rdv);
	fprintf(r->out, "%-6s %10s %10s\n", "worker", "accepted", "open");
	for (unsigned i = 1; i < proxy.n_threads; i++)
		fprintf(r->out, "%-6u %10lu %10lu\n", i, t[i].accepted, t[i].open);
	rdv_sync_exit(t->rdv);
	return NULL;
}

static command_fn help;

static const struct command {
	const char *name, *args, *what;
	command_fn *run;
} commands[] = {
	{"show servers", "", "the servers, and what they have done", servers_show},
	{"show conns", "", "every connection of every thread", show_conns},
	{"show isolation", "", "how long it took to be alone", show_isolation},
	{"add server", "NAME ADDR:PORT", "append it to the list", server_add},
	{"del server", "NAME", "free it; its connections go on", server_delete},
	{"reload", "FILE", "make the list that of the file", reload},
	{"set algorithm", "rr|leastconn", "how servers are chosen", set_algorithm},
	{"sync", "", "meet all workers, with nothing in their hands", sync_all},
	{"help", "", "this list", help},
	{0},
};

static const char *help(struct request *r)
{
	for (const struct command *cmd = commands; cmd->name; cmd++)
		fprintf(r->out, "%-14s %-14s  %s\n", cmd->name, cmd->args, cmd->what);
	return NULL;
}

static void execute(FILE *out, const char *line)
{
	struct request r = {.out = out};
	const char *rest, *error;
	char more[2];
	int n, want;

	for (const struct command *cmd = commands; cmd->name; cmd++) {
		rest = line + strlen(cmd->name);
		if (strncmp(line, cmd->name, strlen(cmd->name)) ||
		    (*rest && *rest != ' '))
			continue;
		rest += strspn(rest, " ");
		want = !*cmd->args ? 0 : strchr(cmd->args, ' ') ? 2 : 1;
		n = sscanf(rest, "%255s %255s %1s", r.a, r.b, more);
		error = (n < 0 ? 0 : n) == want
				? cmd->run(&r)
				: wrong("expected %s, found \"%s\"",
					want ? cmd->args : "nothing", rest);
		if (error)
			fprintf(out, "error: %s: %s\n", cmd->name, error);
		else if (!ftell(out))
			fprintf(out, "done\n");
		return;
	}
	fprintf(out, "error: expected a command (help lists them), found \"%s\"\n", line);
}

/* ------------------------------------------------------------------------- clients */

/* Takes a part of the command, and makes the reply when that is complete. */
static bool take(struct client *c)
{
	ssize_t n = recv(c->src.fd, c->in + c->in_len, sizeof(c->in) - 1 - c->in_len, 0);
	size_t end;
	bool full;
	FILE *out;

	if (n < 0)
		return errno == EAGAIN;
	c->in_len += (size_t)n;
	end = strcspn(c->in, "\n");
	full = end == sizeof(c->in) - 1;
	if (end == c->in_len && !full && n > 0)
		return true;
	out = open_memstream(&c->out, &c->out_len);
	if (!out)
		return false;
	c->in[end] = '\0';
	for (char *p = c->in; *p; p++)
		if (!isprint((unsigned char)*p))
			*p = ' ';
	if (full)
		fprintf(out, "error: expected a line of at most %zu bytes\n", end - 1);
	else
		execute(out, c->in);
	return !fclose(out);
}

static bool reply(struct client *c)
{
	ssize_t n = send(c->src.fd, c->out + c->out_off, c->out_len - c->out_off, 0);

	if (n < 0)
		return errno == EAGAIN;
	c->out_off += (size_t)n;
	return c->out_off < c->out_len;
}

static void client_ready(struct thread *t, struct source *s)
{
	struct client *c = (struct client *)s;

	if ((c->out ? reply(c) : take(c)) && !watch(t, s, c->out ? EPOLLOUT : EPOLLIN))
		return;
	close(s->fd);
	free(c->out);
	*c = (struct client){0};
}

static void admin_ready(struct thread *t, struct source *s)
{
	struct client *c = clients, *end = c + sizeof(clients) / sizeof(*c);
	int fd = -1;

	while (c < end && c->src.ready)
		c++;
	if (c < end)
		fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		pause_listener(t);
		return;
	}
	c->src = (struct source){fd, 0, client_ready};
	if (watch(t, &c->src, EPOLLIN)) {
		close(fd);
		c->src.ready = NULL;
	}
}

/* What a proxy that was killed has left at the path goes away. */
bool admin_listen(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	const struct sockaddr *addr = (struct sockaddr *)&sun;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stat st;

	proxy.threads[0].listener = (struct source){fd, 0, admin_ready};
	if (!*path || strlen(path) >= sizeof(sun.sun_path)) {
		errno = *path ? ENAMETOOLONG : ENOENT;
		return false;
	}
	strcpy(sun.sun_path, path);
	if (!lstat(path, &st) && S_ISSOCK(st.st_mode) && connect(fd, addr, sizeof(sun)) &&
	    errno == ECONNREFUSED)
		unlink(path);
	umask(077);
	return !bind(fd, addr, sizeof(sun)) && !listen(fd, SOMAXCONN);
}
