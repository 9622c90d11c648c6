/* SPDX-License-Identifier: MIT */
/* rdv-proxy - the connections of a worker; proxy.h has the rules. */
#define _GNU_SOURCE
#include "proxy.h"
#include <netinet/tcp.h>

/* ----------------------------------------- one direction; false: a socket is broken */

static bool fill(struct half *h)
{
	ssize_t n;

	if (h->len || h->eof)
		return true;
	n = recv(h->src.fd, h->buf, sizeof(h->buf), 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	h->off = 0;
	h->len = (size_t)n;
	h->received += (size_t)n;
	h->eof = n == 0;
	return true;
}

static bool pass_on(struct half *h)
{
	int fd = h->peer->src.fd;
	ssize_t n;

	if (h->len) {
		n = send(fd, h->buf + h->off, h->len, 0);
		if (n < 0 && errno == EPIPE) { /* it has closed; what it said is good */
			h->len = 0;
			h->eof = h->eof_passed = true;
		} else if (n < 0) {
			return errno == EAGAIN || errno == EINTR;
		} else {
			h->off += (size_t)n;
			h->len -= (size_t)n;
		}
	}
	if (h->eof && !h->len && !h->eof_passed) {
		shutdown(fd, SHUT_WR); /* half-closed: the other direction goes on */
		h->eof_passed = true;
	}
	return true;
}

/* ---------------------------------------------------------------- open, wait, close */

static void half_close(struct half *h, bool reset)
{
	struct linger abort = {.l_onoff = 1};

	if (h->src.fd < 0)
		return;
	if (reset) /* what is cut off must not look like an end */
		setsockopt(h->src.fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
	close(h->src.fd); /* which takes it out of the epoll instance */
	h->src.fd = -1;
}

static void conn_close(struct thread *t, struct conn *c, bool reset)
{
	half_close(&c->client, reset);
	half_close(&c->back, reset);
	server_leave(c, false);
	t->open--;
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

void conns_close(struct thread *t)
{
	while (!LIST_EMPTY(&t->conns))
		conn_close(t, LIST_FIRST(&t->conns), true);
	bury_the_dead(t);
}

static uint32_t wanted(const struct half *h)
{
	return (h->len || h->eof ? 0 : EPOLLIN) | (h->peer->len ? EPOLLOUT : 0);
}

/* Waits for what can go on next: for nothing on a side that is ahead of the other. */
static void conn_wait(struct thread *t, struct conn *c)
{
	uint32_t client = wanted(&c->client), back = wanted(&c->back);

	if (c->connecting)
		back = EPOLLOUT;
	if (c->client.eof_passed && c->back.eof_passed)
		conn_close(t, c, false);
	else if (watch(t, &c->client.src, client) || watch(t, &c->back.src, back))
		conn_close(t, c, true);
}

/* A socket that is accepted has the options of the one that listens. */
int new_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1, syns = 2;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &syns, sizeof(syns)); /* within 7 s */
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)); /* to note the dead */
	return fd;
}

/* Connects to the next server that will have it; none has been sent a byte. */
static bool conn_connect(struct conn *c)
{
	struct half *h = &c->back;

	for (; server_pick(c); server_leave(c, true), half_close(h, false)) {
		if (h->src.fd < 0)
			h->src.fd = new_socket();
		if (h->src.fd < 0)
			return false;
		h->src.events = 0;
		c->connecting = true;
		if (!connect(h->src.fd, (struct sockaddr *)&c->server->addr,
			     sizeof(c->server->addr)) ||
		    errno == EINPROGRESS)
			return true;
	}
	return false;
}

/* The server has answered, or not. */
static bool connected(struct conn *c)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(c->back.src.fd, SOL_SOCKET, SO_ERROR, &err, &len) || err) {
		server_leave(c, true);
		half_close(&c->back, false);
		return conn_connect(c);
	}
	c->connecting = false;
	return pass_on(&c->client);
}

static void half_ready(struct thread *t, struct source *s)
{
	struct half *h = (struct half *)s;
	struct conn *c = h->conn;
	bool good;

	if (!c->connecting)
		good = pass_on(h->peer) && fill(h) && pass_on(h);
	else
		good = h == &c->back ? connected(c) : fill(h);
	if (good)
		conn_wait(t, c);
	else
		conn_close(t, c, true);
}

/* Takes nobody in without a file for the other side.  If it fails errno says why. */
static bool accept_one(struct thread *t)
{
	struct conn *c = calloc(1, sizeof(*c));
	socklen_t len = sizeof(c->peer);
	int fd = -1, back = c ? new_socket() : -1, err;

	if (back >= 0)
		fd = accept4(t->listener.fd, (struct sockaddr *)&c->peer, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		err = errno;
		if (back >= 0)
			close(back);
		free(c);
		errno = err;
		return false;
	}
	c->client.src = (struct source){fd, 0, half_ready};
	c->back.src = (struct source){back, 0, half_ready};
	c->client.peer = &c->back;
	c->back.peer = &c->client;
	c->client.conn = c->back.conn = c;
	c->since = now_ns();
	c->turn = (unsigned)t->accepted++ + (unsigned)(t - proxy.threads);
	LIST_INSERT_HEAD(&t->conns, c, link);
	t->open++;
	if (conn_connect(c))
		conn_wait(t, c);
	else
		conn_close(t, c, true);
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
