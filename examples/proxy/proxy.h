/* SPDX-License-Identifier: MIT */
/*
 * rdv-proxy - a TCP load balancer whose threads share a list of servers, and no lock.
 *
 * Each worker has an epoll loop and connections of its own (conn.c), and walks the list
 * of servers (servers.c) by plain loads whenever it likes.  The main thread runs the same
 * loop (main.c) for the admin socket (admin.c), the health checks and the signals.  It
 * alone changes what is shared, and stops no more than that needs:
 *
 *	add, del                        one store each, while workers walk the list
 *	show conns                      each worker in turn is kept, and the others go on
 *	reload, set, and a server that goes up or down
 *	                                isolated: workers that sleep are not even woken
 *	sync, and the stop at SIGTERM   at the sync-point: every worker comes
 *
 * The rules:
 *
 *  1. A thread is harmless around epoll_wait() and running everywhere else.
 *  2. What is shared changes only while the main thread is alone, but for the pointers of
 *     the list.  What a worker changes while it runs is its own, but for the atomic
 *     counters of a server.
 *  3. A server that is deleted has users: the walks that may have found it, and the
 *     connections that it has.  rdv_retire() waits for the walks, and active counts the
 *     connections.  The last user frees it.
 *  4. What a reply needs is copied while the worker is kept, and formatted and sent after
 *     that: an admin client that does not read stops nobody.  Nor does a reader of stderr that is
 *     slow: a worker is harmless while it writes there.
 *  5. What was read from one side of a connection reaches the other one, whatever the
 *     first one does then; conn.c has how.
 */
#ifndef PROXY_H
#define PROXY_H

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <rdv/rdv.h>
#include <rdv/sync.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_WORKERS 1024
#define ADDR_TEXT   80 /* bytes that an address needs as text */

#ifndef PROXY_GUARD /* bench/proxy has others */
#define PROXY_GUARD "guard.h"
#endif
#include PROXY_GUARD

struct thread;

union addr {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct source {          /* what an epoll instance watches */
	int fd;          /* -1: closed */
	uint32_t events; /* that are waited for */
	void (*ready)(struct thread *t, struct source *s);
	uint32_t seen; /* events that have come */
};

struct server {
	struct source check; /* the health check on its way; first: server is source */
	struct server *next;
	guard_item item;
	char name[32];
	union addr addr;
	bool up;
	bool gone;       /* for the main thread: to be taken out */
	unsigned streak; /* checks in a row that say otherwise than up does */
	atomic_ulong active, sessions, failures, in, out; /* by all workers */
};

struct half { /* one of the two sockets of a connection, and what was read from it */
	struct source src; /* first, as above */
	struct conn *conn;
	struct half *peer;
	size_t off, len; /* what of buf the peer has not taken yet */
	unsigned long received;
	bool eof;        /* nothing more is read from it, and */
	bool cut;        /* that was no end: it has broken, or the proxy ends */
	bool eof_passed; /* the peer was told the end */
	bool deaf;       /* it takes nothing more */
	char buf[16384];
};

struct conn {
	struct half client, back;
	LIST_ENTRY(conn) link, leaving_link;
	struct server *server; /* NULL: none */
	union addr peer;
	int64_t since;
	int64_t limit;       /* of one that leaves: when it has to have made progress */
	unsigned long taken; /* such as this: bytes that were acknowledged */
	unsigned turn;       /* whose it is: so many servers into the list */
	unsigned tries;      /* so many were tried, of those in the list as of */
	unsigned long seen;  /* this change */
	bool failed, connecting, leaving;
};

struct thread {
	_Alignas(64) pthread_t pthread;
	rdv_thread *rdv;
	int epfd;
	bool paused; /* no file left: accepts nobody for a while */
	bool ending; /* this thread, so its connections have no time left but a little */
	bool no_server, more_lines; /* to be told, see complain() */
	int no_files;               /* likewise: the error */
	int family;                 /* of the last server that was connected to */
	int64_t look;               /* when to look at who leaves */
	struct source listener, sync;
	LIST_HEAD(, conn) conns, leaving, dead;
	unsigned long accepted, open;
};

struct span { /* of time, in ns like all times */
	int64_t last, longest;
};

extern struct proxy {
	rdv_domain *domain;
	struct thread threads[1 + MAX_WORKERS]; /* the main thread is number 0 */
	unsigned n_threads;
	struct thread *by_id[1 + MAX_WORKERS]; /* of librdv: each worker writes its own */
	struct server *servers;
	atomic_ulong changes; /* of the list, and of which are up */
	bool leastconn;       /* else round-robin */
	union addr listen;
	int64_t grace; /* for connections to end in */
	bool stopping;
	int64_t deadline;     /* of a stopping proxy */
	atomic_ulong cut_off; /* connections, at its end */
	unsigned long isolations;
	struct span wait, alone;
} proxy;

struct request { /* a command, which returns NULL, or a line that says what is wrong */
	FILE *out;
	char a[256], b[256];
};

typedef const char *command_fn(struct request *r);

/* main.c */
int64_t now_ns(void);
int ms_until(int64_t when);
int watch(struct thread *t, struct source *s, uint32_t events);
void pause_listener(struct thread *t);
void alone_begin(void);
void alone_end(void);

/* conn.c: by the worker */
int new_socket(int family);
void min_ttl(int fd, int ttl);
void listener_ready(struct thread *t, struct source *s);
void listener_drain(struct thread *t);
void look_at_the_leaving(struct thread *t);
void bury_the_dead(struct thread *t);
void conns_cut(struct thread *t);

/* servers.c: by the worker whose connection it is */
bool server_pick(struct conn *c);
void server_leave(struct conn *c, bool failed);

/* addr.c */
bool addr_parse(const char *text, union addr *addr);
const char *addr_text(const union addr *addr, char text[ADDR_TEXT]);
socklen_t addr_len(const union addr *addr);
bool addr_same(const union addr *a, const union addr *b);
bool addr_leads_to(const union addr *to, const union addr *listener);

/* servers.c, admin.c: by the main thread */
void servers_check(void);
void servers_free(struct server *list);
const char *servers_load(const char *path);
command_fn servers_show, server_add, server_delete;
void make_printable(char *line);
const char *wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool admin_listen(const char *path); /* or errno says why not */
void admin_close(const char *path);

#endif /* PROXY_H */
