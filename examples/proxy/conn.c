/* SPDX-License-Identifier: MIT */
/* rdv-proxy - the connections of a worker; proxy.h has the rules. */
#define _GNU_SOURCE
#include "proxy.h"
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

/*
 * What was read from one side is sent to the other one, whatever the first one does then.
 *
 * A connection of which a side has gone, so that it takes nothing more (deaf), leaves: the
 * other side's words are read and thrown away, as close() resets a socket with unread bytes
 * and what is on its way to it would be lost.  It is closed when it has acknowledged all and
 * has ended too.  If the first side was cut, the other one is cut as well, by a reset, once
 * it has acknowledged all: what is cut off must not look like an end.  A connection that
 * leaves and makes no progress for the time of grace is closed.
 */
#define LOOK_NS INT64_C(50000000)   /* from one look at those who leave to the next */
#define LAST_NS INT64_C(5000000000) /* for the last bytes of a proxy that ends */

/* ------------------------------------------------------------------- one direction */

static void fill(struct half *h)
{
	ssize_t n;

	if (h->len || h->eof)
		return;
	n = recv(h->src.fd, h->buf, sizeof(h->buf), 0);
	if (n > 0) {
		h->off = 0;
		h->len = (size_t)n;
		h->received += (size_t)n;
	} else if (!n) {
		h->eof = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		h->eof = h->cut = h->deaf = true;
	}
}

/* It takes nothing more; EPIPE is the error of one that has ended before. */
static void broken(struct half *h, int err)
{
	h->deaf = true;
	h->cut |= !h->eof && err != EPIPE;
}

/* An error that is told here is not told by recv(), which goes on with what came before. */
static void look_for_error(struct half *h)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (!(h->src.seen & EPOLLERR) || !(h->len || h->eof))
		return;
	if (!getsockopt(h->src.fd, SOL_SOCKET, SO_ERROR, &err, &len) && err)
		broken(h, err);
}

static void send_some(struct half *h, struct half *to)
{
	ssize_t n = send(to->src.fd, h->buf + h->off, h->len, 0);

	if (n >= 0) {
		h->off += (size_t)n;
		h->len -= (size_t)n;
	} else if (errno != EAGAIN && errno != EINTR) {
		broken(to, errno);
	}
}

static void pass_on(struct half *h)
{
	struct half *to = h->peer;

	if (h->len && !to->deaf)
		send_some(h, to);
	if (to->deaf)
		h->len = 0;
	if (h->eof && !h->len && !h->cut && !to->deaf && !h->eof_passed) {
		shutdown(to->src.fd, SHUT_WR); /* half-closed: the other way goes on */
		h->eof_passed = true;
	}
}

/* ---------------------------------------------------------------- open, wait, close */

static void half_close(struct half *h, bool reset)
{
	struct linger abort = {.l_onoff = 1};

	if (h->src.fd < 0)
		return;
	if (reset)
		setsockopt(h->src.fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
	close(h->src.fd); /* which takes it out of the epoll instance */
	h->src.fd = -1;
	h->src.events = 0;
}

static void conn_close(struct thread *t, struct conn *c, bool reset)
{
	half_close(&c->client, reset);
	half_close(&c->back, reset);
	server_leave(c, false);
	t->open--;
	if (c->leaving)
		LIST_REMOVE(c, leaving_link);
	c->leaving = false;
	LIST_REMOVE(c, link);
	LIST_INSERT_HEAD(&t->dead, c, link);
}

/* With no event left in its hands. */
void bury_the_dead(struct thread *t)
{
	struct conn *c;

	while ((c = LIST_FIRST(&t->dead)) != NULL) {
		LIST_REMOVE(c, link);
		free(c);
	}
}

static int watch_half(struct thread *t, struct half *h)
{
	uint32_t in = h->len || h->eof ? 0 : EPOLLIN;
	uint32_t out = h->peer->len && !h->deaf ? EPOLLOUT : 0;

	if (h->src.fd < 0)
		return 0;
	if (h->conn->connecting && h == &h->conn->back)
		return watch(t, &h->src, EPOLLOUT);
	return watch(t, &h->src, in | out ? in | out : EPOLLET); /* an error, once */
}

/* Waits for what can go on next: for no bytes on a side that is ahead of the other. */
static void conn_wait(struct thread *t, struct conn *c)
{
	if (watch_half(t, &c->client) || watch_half(t, &c->back))
		conn_close(t, c, true);
}

/* ------------------------------------------------------------------------ leaving */

/* Bytes that were sent to it and that it has not acknowledged; the end is one of them. */
static unsigned long unacked(const struct half *h)
{
	int n = 0;

	ioctl(h->src.fd, SIOCOUTQ, &n);
	return (unsigned long)n;
}

enum fate { STAYS, ENDS, IS_CUT };

static enum fate fate(const struct half *h)
{
	const struct half *from = h->peer;

	if (h->deaf) /* what it has said before may still be read, for somebody */
		return h->eof || from->deaf ? ENDS : STAYS;
	if (!from->eof || from->len)
		return STAYS;
	if (from->cut || h->cut) {
		if (unacked(h))
			return STAYS;
		return from->cut ? IS_CUT : ENDS;
	}
	return h->eof && !h->len ? ENDS : STAYS;
}

static void half_settle(struct half *h)
{
	enum fate f = h->src.fd < 0 ? STAYS : fate(h);

	if (f == STAYS)
		return;
	half_close(h, f == IS_CUT);
	if (h == &h->conn->back)
		server_leave(h->conn, false);
}

static void leave(struct thread *t, struct conn *c, int64_t ns)
{
	if (!c->leaving)
		LIST_INSERT_HEAD(&t->leaving, c, leaving_link);
	c->leaving = true;
	c->limit = now_ns() + ns;
}

/* After whatever has happened to it. */
static void conn_settle(struct thread *t, struct conn *c)
{
	if (!c->connecting) {
		half_settle(&c->client);
		half_settle(&c->back);
		if (!c->leaving && (c->client.deaf || c->back.deaf))
			leave(t, c, proxy.grace);
	}
	if ((c->client.src.fd < 0 && c->back.src.fd < 0) ||
	    (c->connecting && c->client.cut && !c->client.len))
		conn_close(t, c, true);
	else
		conn_wait(t, c);
}

/* How many bytes it has got so far, and acknowledged. */
static unsigned long taken(const struct half *h)
{
	if (h->src.fd < 0 || h->deaf)
		return 0;
	return h->peer->received - h->peer->len - unacked(h);
}

static void look_at(struct thread *t, struct conn *c, int64_t now)
{
	unsigned long all = taken(&c->client) + taken(&c->back);

	if (all != c->taken && !t->ending)
		c->limit = now + proxy.grace;
	c->taken = all;
	conn_settle(t, c);
	if (!c->leaving || now < c->limit)
		return;
	if (c->client.src.fd >= 0)
		half_close(&c->client, c->back.cut || c->back.len || unacked(&c->client));
	if (c->back.src.fd >= 0)
		half_close(&c->back, c->client.cut || c->client.len || unacked(&c->back));
	conn_close(t, c, true);
}

void look_at_the_leaving(struct thread *t)
{
	struct conn *c = LIST_FIRST(&t->leaving), *next;
	int64_t now = c ? now_ns() : 0;

	if (!c || now < t->look)
		return;
	t->look = now + LOOK_NS;
	for (; c; c = next) {
		next = LIST_NEXT(c, leaving_link);
		look_at(t, c, now);
	}
}

/* The proxy ends: nothing more is read, and what was read has a little time to arrive. */
void conns_cut(struct thread *t)
{
	struct conn *c, *next;

	t->ending = true;
	if (t->listener.fd >= 0)
		close(t->listener.fd);
	t->listener.fd = -1;
	for (c = LIST_FIRST(&t->conns); c; c = next) {
		next = LIST_NEXT(c, link);
		atomic_fetch_add_explicit(
			&proxy.cut_off, !c->leaving,
			memory_order_relaxed); /* joined before it is read */
		if (c->connecting) {
			conn_close(t, c, true);
			continue;
		}
		c->client.cut |= !c->client.eof;
		c->back.cut |= !c->back.eof;
		c->client.eof = c->back.eof = true;
		leave(t, c, LAST_NS);
		pass_on(&c->client);
		pass_on(&c->back);
		conn_settle(t, c);
	}
}

/* --------------------------------------------------------------- clients and servers */

/* A socket that is accepted has the options of the one that listens. */
int new_socket(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1, syns = 2;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &syns, sizeof(syns)); /* within 7 s */
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)); /* to note the dead */
	return fd;
}

/*
 * Packets that have been over more routers than 255 - TTL are dropped without a word.  With
 * 255 a listener shakes hands with nobody, as clients send with less.  A filter of packets
 * would do it too, but some kernels have none for users without rights.
 */
void min_ttl(int fd, int ttl)
{
	setsockopt(fd, IPPROTO_IP, IP_MINTTL, &ttl, sizeof(ttl));
	setsockopt(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, &ttl, sizeof(ttl));
}

/* Connects to the next server that will have it; none has been sent a byte. */
static bool conn_connect(struct thread *t, struct conn *c)
{
	struct half *h = &c->back;

	for (; server_pick(c); server_leave(c, true), half_close(h, false)) {
		const union addr *addr = &c->server->addr;

		if (t->family != addr->any.sa_family)
			half_close(h, false);
		t->family = addr->any.sa_family;
		if (h->src.fd < 0)
			h->src.fd = new_socket(t->family);
		if (h->src.fd < 0) {
			t->no_files = errno;
			conn_close(t, c, true);
			return false;
		}
		c->connecting = true;
		if (!connect(h->src.fd, &addr->any, addr_len(addr)) ||
		    errno == EINPROGRESS)
			return true;
	}
	t->no_server = true;
	conn_close(t, c, true);
	return false;
}

/* The server has answered, or not; false: no server is left. */
static bool connected(struct thread *t, struct conn *c)
{
	struct half *h = &c->back;
	socklen_t len = sizeof(int);
	int err = 0;
	char byte;

	if (getsockopt(h->src.fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (err && recv(h->src.fd, &byte, 1, MSG_PEEK) != 1) {
		server_leave(c, true);
		half_close(h, false);
		return conn_connect(t, c);
	}
	c->connecting = false;
	if (err) /* it was reset at once, and has said something before */
		broken(h, err);
	return true;
}

static void half_ready(struct thread *t, struct source *s)
{
	struct half *h = (struct half *)s;
	struct conn *c = h->conn;

	if (c->connecting && h == &c->back && !connected(t, c))
		return;
	look_for_error(h);
	if (!c->connecting) {
		pass_on(h->peer);
		fill(h);
		pass_on(h);
	} else if (h == &c->client) {
		fill(h);
	}
	conn_settle(t, c);
}

/* Takes nobody in without a file for the other side.  If it fails errno says why. */
static bool accept_one(struct thread *t)
{
	struct conn *c = calloc(1, sizeof(*c));
	socklen_t len = sizeof(c->peer);
	int fd = -1, back = c ? new_socket(t->family) : -1, err;

	if (back >= 0)
		fd = accept4(t->listener.fd, &c->peer.any, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		err = errno;
		if (back >= 0)
			close(back);
		free(c);
		errno = err;
		return false;
	}
	if (proxy.stopping)
		min_ttl(fd, 0); /* it has that of the listener */
	c->client.src = (struct source){.fd = fd, .ready = half_ready};
	c->back.src = (struct source){.fd = back, .ready = half_ready};
	c->client.peer = &c->back;
	c->back.peer = &c->client;
	c->client.conn = c->back.conn = c;
	c->since = now_ns();
	c->turn = (unsigned)t->accepted++ + (unsigned)(t - proxy.threads);
	LIST_INSERT_HEAD(&t->conns, c, link);
	t->open++;
	if (conn_connect(t, c))
		conn_wait(t, c);
	return true;
}

void listener_ready(struct thread *t, struct source *s)
{
	(void)s;
	if (!accept_one(t) && errno != EAGAIN)
		pause_listener(t);
}

/* In a proxy that stops, whose sockets shake hands with nobody: who has done so gets in. */
void listener_drain(struct thread *t)
{
	if (t->listener.fd < 0)
		return;
	while (accept_one(t))
		;
	if (errno != EAGAIN) {
		pause_listener(t);
		return;
	}
	close(t->listener.fd);
	t->listener.fd = -1;
}
