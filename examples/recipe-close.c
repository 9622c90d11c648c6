/* SPDX-License-Identifier: MIT */
/* An isolated thread closes the connections of any worker; the worker frees them. */
#include <pthread.h>
#include <rdv/blocking.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { WORKERS = 3, CONNS = 300 };

struct conn {
	int fd; /* -1: closed */
	struct worker *owner;
	struct conn *next_dead;
	unsigned long served;
};

struct worker {
	pthread_t thread;
	int epfd;
	struct conn *dead;
	unsigned freed;
};

static rdv_domain *domain;

/* Isolated. The owner may have an event for c in its hands: the memory stays. */
static void conn_close(struct conn *c)
{
	close(c->fd); /* which takes it out of the epoll instance */
	c->fd = -1;
	c->next_dead = c->owner->dead;
	c->owner->dead = c;
}

/* By the owner, with no event left in its hands. */
static void free_the_dead(struct worker *w)
{
	struct conn *c;

	while ((c = w->dead) != NULL) {
		w->dead = c->next_dead;
		w->freed++;
		free(c);
	}
}

/* Returns false if the event says that this is the end. */
static bool serve(rdv_thread *self, struct conn *c)
{
	if (!c)
		return false;
	if (c->fd >= 0)
		c->served++;
	rdv_checkpoint(self); /* here others may be closed whose events follow */
	return true;
}

static void *worker(void *arg)
{
	struct worker *w = arg;
	struct epoll_event events[16];
	bool go_on = true;
	rdv_thread *self;
	int n;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	while (go_on) {
		n = rdv_epoll_wait(self, w->epfd, events, 16, -1);
		for (int i = 0; i < n; i++)
			go_on &= serve(self, events[i].data.ptr);
		free_the_dead(w);
	}
	rdv_thread_unregister(self);
	return NULL;
}

/* An eventfd, to be served all the time; c is NULL for the one that ends the loops. */
static void watch(struct worker *w, int fd, struct conn *c)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	if (fd < 0 || epoll_ctl(w->epfd, EPOLL_CTL_ADD, fd, &ev))
		abort();
}

static struct conn *conn_open(struct worker *w)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->fd = eventfd(1, EFD_CLOEXEC);
	c->owner = w;
	watch(w, c->fd, c);
	return c;
}

int main(void)
{
	struct worker workers[WORKERS] = {0};
	struct conn *conns[CONNS];
	rdv_thread *self;
	unsigned freed = 0;
	int end = eventfd(0, EFD_CLOEXEC);

	if (rdv_domain_create(&domain, NULL) ||
	    rdv_thread_register(domain, "main", &self))
		abort();
	for (int i = 0; i < WORKERS; i++) {
		workers[i].epfd = epoll_create1(EPOLL_CLOEXEC);
		watch(&workers[i], end, NULL);
	}
	for (int i = 0; i < CONNS; i++)
		conns[i] = conn_open(&workers[i % WORKERS]);
	for (int i = 0; i < WORKERS; i++)
		if (pthread_create(&workers[i].thread, NULL, worker, &workers[i]))
			abort();
	for (int i = 0; i < CONNS; i++) {
		rdv_isolate(self);
		conn_close(conns[i]);
		rdv_release(self);
	}
	rdv_thread_unregister(self);
	if (eventfd_write(end, 1))
		abort();
	for (int i = 0; i < WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		freed += workers[i].freed;
	}
	printf("%u connections closed, each freed by its owner\n", freed);
	return rdv_domain_destroy(domain) || freed != CONNS;
}
