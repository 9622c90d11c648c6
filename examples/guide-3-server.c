/* SPDX-License-Identifier: MIT */
/* doc/guide.md, step 3: the server lists its connections, stops, and says what it waits for. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <rdv/blocking.h>
#include <rdv/rdv.h>
#include <rdv/stats.h>
#include <rdv/sync.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS = 2, EVENTS = 16 };

struct config {
	char greeting[80];
};

struct conn {
	int fd;
	unsigned requests;
	struct conn *next;
};

struct worker {
	pthread_t thread;
	int epfd;
	struct conn *conns; /* of this worker; an isolated thread may read them all */
};

static rdv_domain *domain;
static struct config *config; /* read by all workers, without a lock */
static struct worker workers[WORKERS];
static struct conn listener, wakeup; /* in epoll_event.data.ptr, as the others */
static bool stopping;

static void watch(struct worker *w, struct conn *c, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = c};

	if (epoll_ctl(w->epfd, EPOLL_CTL_ADD, c->fd, &event))
		abort();
}

static void welcome(struct worker *w)
{
	int fd = accept4(listener.fd, NULL, NULL, SOCK_NONBLOCK);
	struct conn *c = fd >= 0 ? calloc(1, sizeof(*c)) : NULL;

	if (!c)
		return;
	c->fd = fd;
	c->next = w->conns;
	w->conns = c;
	watch(w, c, EPOLLIN);
}

static void farewell(struct worker *w, struct conn *c)
{
	struct conn **at;

	for (at = &w->conns; *at != c; at = &(*at)->next)
		;
	*at = c->next;
	close(c->fd);
	free(c);
}

static void answer(struct worker *w, struct conn *c)
{
	char request[256];

	if (read(c->fd, request, sizeof(request)) <= 0) {
		farewell(w, c);
		return;
	}
	c->requests++;
	dprintf(c->fd, "%s\n", config->greeting);
}

static void *worker(void *arg)
{
	struct worker *w = arg;
	struct epoll_event events[EVENTS];
	rdv_thread *self;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	while (!stopping) {
		int n = rdv_epoll_wait(self, w->epfd, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == &listener)
				welcome(w);
			else if (events[i].data.ptr != &wakeup)
				answer(w, events[i].data.ptr);
		}
		if (rdv_sync_pending(domain)) {
			rdv_sync_enter(self); /* main has had its turn ... */
			rdv_sync_exit(self);  /* ... and all go on together */
		}
	}
	while (w->conns)
		farewell(w, w->conns);
	rdv_thread_unregister(self);
	return NULL;
}

static struct config *read_config(const char *text)
{
	struct config *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	snprintf(c->greeting, sizeof(c->greeting), "%s", text);
	return c;
}

static void reload(rdv_thread *self, const char *text)
{
	struct config *new = read_config(text), *old; /* before: others run */

	rdv_isolate(self);
	old = config; /* alone: as little as possible */
	config = new;
	rdv_release(self);
	free(old); /* after: nobody can have it any more */
	printf("reloaded\n");
}

static void list_connections(rdv_thread *self)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	rdv_isolate(self);
	for (int i = 0; i < WORKERS; i++)
		for (struct conn *c = workers[i].conns; c; c = c->next)
			fprintf(out, "%u requests\n", c->requests);
	rdv_release(self);
	fclose(out);
	fputs(text, stdout); /* after: the terminal may be slow */
	free(text);
	printf("end of list\n");
}

/* A worker asleep in its poller does not see a flag, and rdv_isolate() wakes nobody. */
static void stop(rdv_thread *self)
{
	rdv_sync_want(self);  /* wakes all */
	rdv_sync_enter(self); /* waits for all */
	stopping = true;      /* main's turn: all others wait */
	rdv_sync_exit(self);
	for (int i = 0; i < WORKERS; i++) {
		RDV_HARMLESS(self)
			pthread_join(workers[i].thread, NULL);
		close(workers[i].epfd);
	}
}

/* kill -USR1 shows what each thread does, also when the server is stuck. */
static void dump(int signal)
{
	(void)signal;
	rdv_domain_dump(domain, STDERR_FILENO);
}

static void start(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	config = read_config("hello");
	wakeup.fd = rdv_sync_enable(domain);
	listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (wakeup.fd < 0 || listener.fd < 0 ||
	    bind(listener.fd, (struct sockaddr *)&address, size) ||
	    listen(listener.fd, 64) ||
	    getsockname(listener.fd, (struct sockaddr *)&address, &size))
		abort();
	for (int i = 0; i < WORKERS; i++) {
		workers[i].epfd = epoll_create1(0);
		watch(&workers[i], &listener, EPOLLIN | EPOLLEXCLUSIVE);
		watch(&workers[i], &wakeup, EPOLLIN);
		if (pthread_create(&workers[i].thread, NULL, worker, &workers[i]))
			abort();
	}
	printf("port %d\n", ntohs(address.sin_port));
}

int main(void)
{
	rdv_domain_attr attr = {
		.size = sizeof(attr),
		.name = "server",
		.stall_ns = 1000000000, /* a wait of one second is reported */
	};
	struct sigaction action = {.sa_handler = dump, .sa_flags = SA_RESTART};
	char line[80], *got = NULL;
	rdv_thread *self;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (rdv_domain_create(&domain, &attr) ||
	    rdv_thread_register(domain, "admin", &self))
		abort();
	start();
	sigaction(SIGUSR1, &action, NULL);
	for (;;) {
		RDV_HARMLESS(self) /* it blocks until the administrator types */
			got = fgets(line, sizeof(line), stdin);
		if (!got)
			break;
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "reload ", 7))
			reload(self, line + 7);
		else if (!strcmp(line, "list"))
			list_connections(self);
	}
	stop(self);
	rdv_thread_unregister(self);
	free(config);
	close(listener.fd);
	return rdv_domain_destroy(domain);
}
