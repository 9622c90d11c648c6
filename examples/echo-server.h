/* SPDX-License-Identifier: MIT */
/*
 * echo-server - an epoll server whose threads share no lock.
 *
 * Each worker has an epoll loop, a listening socket, a list of connections and
 * counters of its own, all in plain memory (echo-server.c).  The main thread runs the
 * same loop for the admin port (echo-admin.c).  It never asks a worker for anything: it
 * looks for itself, when nobody can be in the middle of a change:
 *
 *	show, kill         isolated: workers that sleep are not even woken
 *	rotate, shutdown   at the sync-point: every thread has a part in these
 *
 * Three rules make it work:
 *
 *  1. A thread is harmless around epoll_wait() and running everywhere else.
 *  2. A reply is formatted into memory while isolated, and sent after the release:
 *     an admin client that does not read stops nobody.
 *  3. An isolated thread may close any connection, but leaves its memory to the owner,
 *     who may hold an event for it that epoll_wait() returned a moment ago.
 */
#ifndef ECHO_SERVER_H
#define ECHO_SERVER_H

#include <netinet/in.h>
#include <pthread.h>
#include <rdv/stats.h>
#include <stdio.h>
#include <sys/resource.h>

#define MAX_WORKERS 256

struct thread;

struct source { /* what an epoll instance watches */
	int fd; /* -1: closed */
	uint32_t events;
	void (*ready)(struct thread *t, struct source *s);
};

struct conn {
	struct source src; /* first: the source of a connection is the connection */
	struct thread *owner;
	struct conn *next, **link;
	struct sockaddr_in peer;
	int64_t since;
	uint64_t id, in, out;
	size_t off, len; /* a worker's: what of buf is still to be sent */
	char *reply;     /* an admin client's: what is sent; commands wait in buf */
	size_t reply_off, reply_len;
	char buf[16384];
};

struct thread {
	char name[16];
	pthread_t pthread;
	rdv_thread *rdv;
	int epfd;
	bool paused; /* no file left: accepts nobody for a while */
	struct source listener, sync;
	struct conn *conns, *dead;
	uint64_t n_conns, serial;
	uint64_t accepted, in, out; /* in this period */
	struct rusage usage;        /* when the thread last came to the sync-point */
	struct rusage previous;     /* when this period began */
};

/* Changes at the sync-point only, so that everybody may read it. */
struct server {
	rdv_domain *domain;
	rdv_export *export;                     /* for rdv-top, NULL: none */
	struct thread threads[1 + MAX_WORKERS]; /* the admin thread is number 0 */
	unsigned n_threads;
	int64_t period;   /* when it began */
	int64_t deadline; /* of a stopping server */
	bool stopping;
};

extern struct server server;

typedef void request_fn(FILE *out);

int64_t now_ms(void);
int watch(struct thread *t, struct source *s, uint32_t events);
void conn_close(struct conn *c);
void meet(struct thread *self, request_fn *request, FILE *out);
request_fn stop;
void admin_ready(struct thread *self, struct source *s);

#endif /* ECHO_SERVER_H */
