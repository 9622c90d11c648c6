/* SPDX-License-Identifier: MIT */
/* rdv-proxy - the servers: walks on their list, and its changes; proxy.h has the rules. */
#define _GNU_SOURCE
#include "proxy.h"
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>

#define FALL 3 /* failed checks in a row until a server is down */
#define RISE 2 /* good ones until it is up again */

#define MAX_SERVERS 10000
#define MAX_FILE    (1 << 20) /* bytes: enough for these */

/* ------------------------------------------------------------------- by any worker */

static void count(atomic_ulong *counter, unsigned long n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static unsigned long get(const atomic_ulong *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/*
 * A connection has done with the server, or the list has.  active does not count the list,
 * so the last of them finds 0.  The list has done with it once no walk can find it, so
 * none counts a connection after that.
 */
static void server_drop(struct server *s)
{
	if (!atomic_fetch_sub_explicit(&s->active, 1, memory_order_acq_rel))
		free(s);
}

/* After the change: a worker that finds the number finds the change. */
static void changed(void)
{
	atomic_fetch_add_explicit(&proxy.changes, 1, memory_order_release);
}

/*
 * The next server for c: the least loaded one, if that is asked for and none has failed;
 * else in turn, until each one in the list as it is now was tried.  Those that are down
 * are passed over, unless all are, or the last one that was up is deleted meanwhile.
 */
bool server_pick(struct conn *c)
{
	struct server *s, *best = NULL;
	unsigned all = 0, up = 0, i = 0, n, rank, best_rank = 0;
	unsigned long load = 0, best_load = 0, changes;
	bool best_down = false;

	guard_read_lock();
	changes = atomic_load_explicit(&proxy.changes, memory_order_acquire);
	if (c->seen != changes)
		c->tries = 0;
	c->seen = changes;
	for (s = guard_load(proxy.servers); s; s = guard_load(s->next), all++)
		up += s->up;
	n = up ? up : all;
	for (s = guard_load(proxy.servers); s && n && c->tries < n;
	     s = guard_load(s->next)) {
		if (up && !s->up && best)
			continue;
		rank = (i++ + n - c->turn % n) % n; /* 0: its turn */
		if (proxy.leastconn && !c->failed)
			load = get(&s->active);
		if (!best || (best_down && s->up) || load < best_load ||
		    (load == best_load && rank < best_rank)) {
			best = s;
			best_down = up && !s->up;
			best_load = load;
			best_rank = rank;
		}
	}
	if (best) {
		count(&best->active, 1);
		count(&best->sessions, 1);
	}
	guard_read_unlock();
	c->server = best;
	c->turn++;
	c->tries++;
	return best;
}

void server_leave(struct conn *c, bool failed)
{
	struct server *s = c->server;

	c->failed |= failed;
	c->server = NULL;
	if (!s)
		return;
	count(&s->failures, failed);
	count(&s->in, failed ? 0 : c->client.received);
	count(&s->out, c->back.received);
	server_drop(s);
}

/* ------------------------- by the main thread: nobody else changes the list meanwhile */

/* No walk can find it any more. */
static void unlinked(guard_item *item)
{
	server_drop((struct server *)((char *)item - offsetof(struct server, item)));
}

/* Walks that are at it go on from there. */
static void take_out_the_gone(void)
{
	struct server *s, **link = &proxy.servers;

	while ((s = *link) != NULL) {
		if (!s->gone) {
			link = &s->next;
			continue;
		}
		guard_store(*link, s->next);
		if (s->check.fd >= 0)
			close(s->check.fd);
		guard_retire(proxy.threads->rdv, &s->item, unlinked);
	}
}

void servers_free(struct server *list)
{
	for (struct server *next; list; list = next) {
		next = list->next;
		free(list);
	}
}

static struct server **find(struct server **link, const char *name)
{
	while (*link && strcmp((*link)->name, name))
		link = &(*link)->next;
	return link;
}

static struct server **last(void)
{
	struct server **link = &proxy.servers;

	while (*link)
		link = &(*link)->next;
	return link;
}

static unsigned length(const struct server *list)
{
	unsigned n = 0;

	for (; list; list = list->next)
		n++;
	return n;
}

/* Makes a server that is not in the list yet. */
static struct server *server_new(struct server **list, const char *name, const char *text,
				 const char **error)
{
	union addr addr;
	struct server *s = NULL;

	if (strlen(name) >= sizeof(s->name))
		*error = wrong("expected a name of at most 31 bytes, found \"%s\"", name);
	else if (length(*list) >= MAX_SERVERS)
		*error = wrong("expected at most %d servers", MAX_SERVERS);
	else if (*find(list, name))
		*error = wrong("expected a new name, found \"%s\"", name);
	else if (!addr_parse(text, &addr) || !addr.v4.sin_port)
		*error = wrong("expected ADDR:PORT in numbers, such as 127.0.0.1:80 "
			       "or [::1]:80, found \"%s\"",
			       text);
	else if (addr_leads_to(&addr, &proxy.listen))
		*error = wrong("expected a server, found %s, where the proxy listens",
			       text);
	else if (!(s = calloc(1, sizeof(*s))))
		*error = "out of memory";
	if (!s)
		return NULL;
	strcpy(s->name, name);
	s->addr = addr;
	s->check.fd = -1;
	s->up = true;
	return s;
}

/* Opens a file that can be read without waiting for anybody, so not a FIFO. */
static FILE *open_file(const char *path, const char **error)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	FILE *f = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		*error = wrong("cannot read %s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		*error = wrong("cannot read %s: expected a regular file", path);
	else if (st.st_size > MAX_FILE)
		*error = wrong("%s: expected at most %d bytes, found %lld", path,
			       MAX_FILE, (long long)st.st_size);
	else if (!(f = fdopen(fd, "r")))
		*error = "out of memory";
	if (!f && fd >= 0)
		close(fd);
	return f;
}

/* Makes a server of a line and appends it, if the line is not empty. */
static const char *read_line(struct server **list, struct server ***end, char *line)
{
	char name[64], addr[ADDR_TEXT], more[2];
	const char *error = NULL;
	int words;

	line[strcspn(line, "#\n")] = '\0';
	make_printable(line);
	words = sscanf(line, "%63s %79s %1s", name, addr, more);
	if (words <= 0)
		return NULL;
	if (words != 2)
		return wrong("expected NAME ADDR:PORT, found \"%.60s\"", line);
	**end = server_new(list, name, addr, &error);
	if (**end)
		*end = &(**end)->next;
	return error;
}

/* Makes servers of the lines of a file. */
static const char *read_file(struct server **list, const char *path)
{
	const char *error = NULL;
	FILE *f = open_file(path, &error);
	struct server **end = list;
	char *line = NULL, what[256];
	size_t size = 0;

	for (int n = 1; f && !error && getline(&line, &size, f) >= 0; n++) {
		error = read_line(list, &end, line);
		if (!error)
			continue;
		snprintf(what, sizeof(what), "%s", error);
		error = wrong("%s:%d: %s", path, n, what);
	}
	if (f && !error && ferror(f))
		error = wrong("cannot read %s: %s", path, strerror(errno));
	else if (!error && !*list)
		error = wrong("%s: expected at least one server, found none", path);
	free(line);
	if (f)
		fclose(f);
	return error;
}

/* The list becomes what is in the file.  A server that is in both stays as it is.  Isolated,
 * so that no walk finds a half of each. */
const char *servers_load(const char *path)
{
	struct server *list = NULL, *both = NULL, *s, *old, **same;
	const char *error = read_file(&list, path);

	if (error) {
		servers_free(list);
		return error;
	}
	for (old = proxy.servers; old; old = old->next) {
		same = find(&list, old->name);
		s = *same;
		old->gone = !s || !addr_same(&s->addr, &old->addr);
		if (old->gone)
			continue;
		*same = s->next;
		s->next = both;
		both = s;
	}
	alone_begin();
	take_out_the_gone();
	guard_store(*last(), list);
	changed();
	alone_end();
	servers_free(both);
	return NULL;
}

/* ------------------------------------------------------------------------ commands */

/* Not alone: only this thread changes the list, and the counters are atomic. */
const char *servers_show(struct request *r)
{
	char addr[ADDR_TEXT];

	fprintf(r->out, "%-31s %-21s %-5s %6s %10s %8s %14s %14s\n", "server", "address",
		"state", "active", "sessions", "failures", "in", "out");
	for (struct server *s = proxy.servers; s; s = s->next)
		fprintf(r->out, "%-31s %-21s %-5s %6lu %10lu %8lu %14lu %14lu\n", s->name,
			addr_text(&s->addr, addr), s->up ? "up" : "down", get(&s->active),
			get(&s->sessions), get(&s->failures), get(&s->in), get(&s->out));
	return NULL;
}

const char *server_add(struct request *r)
{
	const char *error = NULL;
	struct server *s = server_new(&proxy.servers, r->a, r->b, &error);

	if (!s)
		return error;
	guard_write_lock();
	guard_store(*last(), s);
	guard_write_unlock();
	changed();
	return NULL;
}

const char *server_delete(struct request *r)
{
	struct server *s = *find(&proxy.servers, r->a);

	if (!s)
		return wrong("expected the name of a server, found \"%s\"", r->a);
	s->gone = true;
	guard_write_lock();
	take_out_the_gone();
	guard_write_unlock();
	changed();
	return NULL;
}

/* ------------------------------------------------------------------- health checks */

static void check_end(struct server *s, int err)
{
	bool good = !err;

	close(s->check.fd);
	s->check.fd = -1;
	s->streak = good == s->up ? 0 : s->streak + 1;
	if (s->streak < (s->up ? FALL : RISE))
		return;
	s->streak = 0;
	alone_begin();
	s->up = good;
	changed();
	alone_end();
	fprintf(stderr, "rdv-proxy: %s is %s: %s\n", s->name, good ? "up" : "down",
		strerror(err));
}

static void check_ready(struct thread *t, struct source *source)
{
	socklen_t len = sizeof(int);
	int err = 0;

	(void)t;
	getsockopt(source->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	check_end((struct server *)source, err);
}

/* A server that has not answered since the last time has failed. */
void servers_check(void)
{
	for (struct server *s = proxy.servers; s; s = s->next) {
		if (s->check.fd >= 0)
			check_end(s, ETIMEDOUT);
		s->check = (struct source){.fd = new_socket(s->addr.any.sa_family),
					   .ready = check_ready};
		if (s->check.fd < 0)
			continue; /* which says nothing about the server */
		if ((connect(s->check.fd, &s->addr.any, addr_len(&s->addr)) &&
		     errno != EINPROGRESS) ||
		    watch(proxy.threads, &s->check, EPOLLOUT))
			check_end(s, errno);
	}
}
