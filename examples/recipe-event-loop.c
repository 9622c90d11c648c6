/* SPDX-License-Identifier: MIT */
/* Workers with an epoll loop each, and a table that is replaced under them. */
#include <pthread.h>
#include <rdv/poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { WORKERS = 3, VERSIONS = 200 };

static rdv_domain *domain;
static struct table {
	unsigned version;
} * table;
static bool stopping;

struct worker {
	int epfd, event;
	unsigned long served, version;
};

static struct table *make_table(unsigned version)
{
	struct table *new = malloc(sizeof(*new));

	if (!new)
		abort();
	new->version = version;
	return new;
}

static void serve(struct worker *w, int fd)
{
	uint64_t requests;

	if (read(fd, &requests, sizeof(requests)) != sizeof(requests))
		abort();
	w->served += requests;
	if (table->version < w->version)
		abort(); /* an old table */
	w->version = table->version;
}

static void *worker(void *arg)
{
	struct worker *w = arg;
	struct epoll_event events[16];
	rdv_thread *self;
	int n;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	while (!stopping) {
		n = rdv_epoll_wait(self, w->epfd, events, 16, -1);
		for (int i = 0; i < n; i++)
			serve(w, events[i].data.fd);
	}
	rdv_thread_unregister(self);
	return NULL;
}

static void replace_table(rdv_thread *self, unsigned version)
{
	struct table *new = make_table(version), *old;

	rdv_isolate(self);
	old = table;
	table = new;
	rdv_release(self);
	free(old);
}

static void stop(rdv_thread *self, struct worker *workers)
{
	rdv_isolate(self);
	stopping = true;
	rdv_release(self);
	for (int i = 0; i < WORKERS; i++)
		eventfd_write(workers[i].event, 1);
}

static void worker_init(struct worker *w)
{
	struct epoll_event ev = {.events = EPOLLIN};

	w->epfd = epoll_create1(EPOLL_CLOEXEC);
	w->event = ev.data.fd = eventfd(0, EFD_CLOEXEC);
	if (w->event < 0 || epoll_ctl(w->epfd, EPOLL_CTL_ADD, w->event, &ev))
		abort();
}

int main(void)
{
	const struct timespec pause = {.tv_nsec = 100000};
	struct worker workers[WORKERS] = {{0}};
	pthread_t threads[WORKERS];
	unsigned long served = 0;
	rdv_thread *self;

	table = make_table(0);
	if (rdv_domain_create(&domain, NULL) ||
	    rdv_thread_register(domain, "main", &self))
		abort();
	for (int i = 0; i < WORKERS; i++) {
		worker_init(&workers[i]);
		pthread_create(&threads[i], NULL, worker, &workers[i]);
	}
	for (unsigned version = 1; version <= VERSIONS; version++) {
		for (int i = 0; i < WORKERS; i++)
			eventfd_write(workers[i].event, 1);
		replace_table(self, version);
		rdv_nanosleep(self, &pause, NULL);
	}
	stop(self, workers);
	rdv_thread_unregister(self);
	for (int i = 0; i < WORKERS; i++) {
		pthread_join(threads[i], NULL);
		served += workers[i].served;
	}
	printf("%lu requests, %u tables\n", served, table->version);
	free(table);
	return rdv_domain_destroy(domain);
}
