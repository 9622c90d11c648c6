/* SPDX-License-Identifier: MIT */
/* rdv-proxy - the admin socket: a client sends a line, gets the reply, and is let go. */
#define _GNU_SOURCE
#include "proxy.h"
#include <ctype.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>

static struct client {
	struct source src;  /* first: client is source; no ready: free */
	unsigned long used; /* when it last did something: a number that grows */
	bool answered;
	size_t in_len, out_off, out_len;
	char *out, in[512];
} clients[64];

static unsigned long uses;

const char *wrong(const char *format, ...)
{
	static char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return line;
}

void make_printable(char *line)
{
	for (; *line; line++)
		if (!isprint((unsigned char)*line))
			*line = ' ';
}

/* ------------------------------------------------------------------------ commands */

struct row { /* of show conns: what is copied of a connection */
	union addr peer;
	char server[32]; /* its name: it may be freed when the worker goes on */
	const char *state;
	unsigned long in, out;
	int64_t age;
};

struct list { /* of show conns: the connections of a worker */
	struct row *rows;
	size_t n, room, want; /* rows */
	bool done;
};

static void copy_conn(struct row *row, const struct conn *c, int64_t now)
{
	row->peer = c->peer;
	strcpy(row->server, c->server ? c->server->name : "-");
	row->state = c->connecting ? "connecting" : c->leaving ? "leaving" : "open";
	row->in = c->client.received;
	row->out = c->back.received;
	row->age = now - c->since;
}

/* While the worker is kept: without a system call, as it may want to go on. */
static void copy_conns(unsigned id, void *lists)
{
	const struct thread *t = proxy.by_id[id];
	struct list *list = (struct list *)lists + (t ? t - proxy.threads : 0);
	int64_t now = now_ns();
	const struct conn *c;

	if (!t || list->done) /* it is about to start; or an earlier walk has it */
		return;
	list->want = t->open;
	list->done = list->want <= list->room;
	if (!list->done)
		return;
	LIST_FOREACH(c, &t->conns, link)
		copy_conn(&list->rows[list->n++], c, now);
}

/* Room for those that did not fit, and some more.  False without memory. */
static bool make_room(struct list *list)
{
	free(list->rows);
	list->room = list->want + list->want / 8;
	list->rows = calloc(list->room, sizeof(*list->rows));
	if (!list->rows)
		return false;
	memset(list->rows, 1, list->room * sizeof(*list->rows)); /* not only promised */
	return true;
}

/* The first walk over the workers counts, the next ones copy.  Returns what is wrong. */
static const char *all_conns(struct list *lists)
{
	bool again;

	do {
		if (!guard_for_each(proxy.threads->rdv, copy_conns, lists))
			return "this build cannot stop a worker";
		again = false;
		for (struct list *l = lists + 1; l < lists + proxy.n_threads; l++) {
			if (l->want <= l->room)
				continue;
			if (!make_room(l))
				return "out of memory";
			again = true;
		}
	} while (again);
	return NULL;
}

static void print_conns(FILE *out, const struct list *lists)
{
	char addr[ADDR_TEXT];

	fprintf(out, "%-6s %-21s %-31s %-10s %12s %12s %10s\n", "worker", "client",
		"server", "state", "in", "out", "age_s");
	for (unsigned i = 1; i < proxy.n_threads; i++)
		for (const struct row *c = lists[i].rows; c < lists[i].rows + lists[i].n;
		     c++)
			fprintf(out, "%-6u %-21s %-31s %-10s %12lu %12lu %10.3f\n", i,
				addr_text(&c->peer, addr), c->server, c->state, c->in,
				c->out, (double)c->age / 1e9);
}

/* Complete for each worker, but not of one moment for all: the others go on meanwhile. */
static const char *show_conns(struct request *r)
{
	struct list *lists = calloc(proxy.n_threads, sizeof(*lists));
	const char *error = lists ? all_conns(lists) : "out of memory";

	if (!error)
		print_conns(r->out, lists);
	for (unsigned i = 1; lists && i < proxy.n_threads; i++)
		free(lists[i].rows);
	free(lists);
	return error;
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
	{"del server", "NAME", "take it out; its connections go on", server_delete},
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

/* Executes a line, which is the only one that there may be, into the reply. */
static void answer(FILE *out, char *line, size_t len)
{
	char *end;

	for (size_t i = 0; i < len; i++)
		if (!line[i])
			line[i] = ' ';
	line[len] = '\0';
	end = strchr(line, '\n');
	if (end)
		*end++ = '\0';
	make_printable(line);
	if (!end && len == sizeof(clients->in) - 1)
		fprintf(out, "error: expected a line of at most %zu bytes\n", len - 1);
	else if (end && end[strspn(end, " \r\n")])
		fprintf(out, "error: expected one line in a connection, found more; "
			     "nothing was done\n");
	else
		execute(out, line);
}

/* Takes a part of the command, and makes the reply when that is complete. */
static bool take(struct client *c)
{
	size_t room = sizeof(c->in) - 1 - c->in_len;
	ssize_t n = recv(c->src.fd, c->in + c->in_len, room, 0);
	FILE *out;

	if (n < 0)
		return errno == EAGAIN;
	c->in_len += (size_t)n;
	if (n && (size_t)n < room && !memchr(c->in, '\n', c->in_len))
		return true;
	out = open_memstream(&c->out, &c->out_len);
	if (!out)
		return false;
	answer(out, c->in, c->in_len);
	return !fclose(out);
}

/* Once the reply is sent the client is told its end. */
static bool reply(struct client *c)
{
	ssize_t n = send(c->src.fd, c->out + c->out_off, c->out_len - c->out_off, 0);

	if (n < 0)
		return errno == EAGAIN;
	c->out_off += (size_t)n;
	c->answered = c->out_off == c->out_len;
	return !c->answered || !shutdown(c->src.fd, SHUT_WR);
}

/* To close with unread bytes resets the client, which may not have read the reply. */
static bool drain(struct thread *t, struct client *c)
{
	ssize_t n = recv(c->src.fd, c->in, sizeof(c->in) - 1, 0);

	if (n < 0)
		return errno == EAGAIN;
	c->in[n] = '\0';
	if (c->in_len < sizeof(c->in) - 1) /* else it is the rest of a long one */
		t->more_lines |= c->in[strspn(c->in, " \r\n")] != '\0';
	return n;
}

static void client_close(struct client *c)
{
	close(c->src.fd);
	free(c->out);
	*c = (struct client){.src.fd = -1};
}

static void client_ready(struct thread *t, struct source *s)
{
	struct client *c = (struct client *)s;
	bool good = c->answered ? drain(t, c) : c->out ? reply(c) : take(c);

	c->used = ++uses;
	if (!good || watch(t, s, c->out && !c->answered ? EPOLLOUT : EPOLLIN))
		client_close(c);
}

/* A free one, or that of the client that has done nothing for the longest time. */
static struct client *room(void)
{
	static const char error[] = "error: too many clients, this one has to go\n";
	struct client *end = clients + sizeof(clients) / sizeof(*clients),
		      *oldest = clients;

	for (struct client *c = clients; c < end; c++) {
		if (!c->src.ready)
			return c;
		if (c->used < oldest->used)
			oldest = c;
	}
	if (!oldest->out)
		send(oldest->src.fd, error, sizeof(error) - 1, 0);
	client_close(oldest);
	return oldest;
}

static void admin_ready(struct thread *t, struct source *s)
{
	int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c;

	if (fd < 0) {
		if (errno != EAGAIN)
			pause_listener(t);
		return;
	}
	c = room();
	c->src = (struct source){.fd = fd, .ready = client_ready};
	c->used = ++uses;
	if (watch(t, &c->src, EPOLLIN))
		client_close(c);
}

/* ---------------------------------------------------------------------- the socket */

static struct stat own; /* the socket's file */

/* Whether somebody listens there; else errno says why not. */
static bool is_live(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err;
	bool live = fd >= 0 && !connect(fd, (const struct sockaddr *)sun, sizeof(*sun));

	err = errno;
	if (fd >= 0)
		close(fd);
	errno = err;
	return live;
}

/*
 * Takes the path.  What a proxy that was killed has left there goes away.  Two that start
 * at the same time must not take each other's for such: the directory is locked meanwhile.
 */
static bool bind_path(int fd, const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct stat st;

	if (!*path || strlen(path) >= sizeof(sun.sun_path)) {
		errno = *path ? ENAMETOOLONG : ENOENT;
		return false;
	}
	strcpy(sun.sun_path, path);
	if (!lstat(path, &st) && S_ISSOCK(st.st_mode)) {
		if (is_live(&sun) || errno == EAGAIN)
			errno = EADDRINUSE;
		else if (errno == ECONNREFUSED)
			errno = unlink(path) ? errno : 0;
		if (errno)
			return false;
	}
	umask(077);
	return !bind(fd, (struct sockaddr *)&sun, sizeof(sun)) && !lstat(path, &own) &&
	       !listen(fd, SOMAXCONN);
}

static int lock_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
	int fd = dir ? open(*dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	free(dir);
	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
}

bool admin_listen(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err;
	int lock = lock_directory(path);
	bool good = fd >= 0 && bind_path(fd, path);

	err = errno;
	proxy.threads[0].listener = (struct source){.fd = fd, .ready = admin_ready};
	if (lock >= 0)
		close(lock);
	errno = err;
	return good;
}

/*
 * Another proxy may have the path by now, if somebody removed the file.  Ours is not taken
 * for one that nobody listens on, as the listener is closed afterwards; and its inode has
 * no second life until then.
 */
void admin_close(const char *path)
{
	struct client *end = clients + sizeof(clients) / sizeof(*clients);
	struct stat st;

	if (!lstat(path, &st) && st.st_dev == own.st_dev && st.st_ino == own.st_ino)
		unlink(path);
	close(proxy.threads[0].listener.fd);
	for (struct client *c = clients; c < end; c++)
		if (c->src.ready)
			client_close(c);
}
