/* SPDX-License-Identifier: MIT */
/* doc/guide.md, step 2: a server that reloads its configuration while it serves. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <rdv/blocking.h>
#include <rdv/rdv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS = 2, EVENTS = 16 };

struct config {
	char greeting[80];
};

struct worker {
	pthread_t thread;
	int epfd;
};

static rdv_domain *domain;
static struct config *config; /* read by all workers, without a lock */
static struct worker workers[WORKERS];
static int listener;

static void watch(struct worker *w, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	if (epoll_ctl(w->epfd, EPOLL_CTL_ADD, fd, &event))
		abort();
}

static void welcome(struct worker *w)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

	if (fd >= 0)
		watch(w, fd, EPOLLIN);
}

static void answer(int fd)
{
	char request[256];

	if (read(fd, request, sizeof(request)) > 0)
		dprintf(fd, "%s\n", config->greeting);
	else
		close(fd);
}

static void *worker(void *arg)
{
	struct worker *w = arg;
	struct epoll_event events[EVENTS];
	rdv_thread *self;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	for (;;) {
		int n = rdv_epoll_wait(self, w->epfd, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				welcome(w);
			else
				answer(events[i].data.fd);
		}
	}
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

static void start(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	config = read_config("hello");
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) ||
	    listen(listener, 64) ||
	    getsockname(listener, (struct sockaddr *)&address, &size))
		abort();
	for (int i = 0; i < WORKERS; i++) {
		workers[i].epfd = epoll_create1(0);
		watch(&workers[i], listener, EPOLLIN | EPOLLEXCLUSIVE);
		if (pthread_create(&workers[i].thread, NULL, worker, &workers[i]))
			abort();
	}
	printf("port %d\n", ntohs(address.sin_port));
}

int main(void)
{
	char line[80], *got = NULL;
	rdv_thread *self;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (rdv_domain_create(&domain, NULL) ||
	    rdv_thread_register(domain, "admin", &self))
		abort();
	start();
	for (;;) {
		RDV_HARMLESS(self) /* it blocks until the administrator types */
			got = fgets(line, sizeof(line), stdin);
		if (!got)
			return 0;
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "reload ", 7))
			reload(self, line + 7);
	}
}
