/* SPDX-License-Identifier: MIT */
/* Workers with an epoll loop each, and a table that is replaced under them. */
#include <pthread.h>
#include <rdv/blocking.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>

enum { WORKERS = 3, LAST = 200 };

static rdv_domain *domain;
static struct table {
	unsigned version;
} * table;

struct worker {
	pthread_t thread;
	int epfd;
	unsigned long served;
};

static struct table *make_table(unsigned version)
{
	struct table *new = malloc(sizeof(*new));

	if (!new)
		abort();
	new->version = version;
	return new;
}

/* As long as it runs the table stays the same. */
static void serve(struct worker *w)
{
	const struct table *seen = table;
	unsigned version = seen->version;

	sched_yield();
	if (table != seen || seen->version != version)
		abort();
	w->served++;
}

static void *worker(void *arg)
{
	struct worker *w = arg;
	struct epoll_event events[16];
	rdv_thread *self;
	int n;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	while (table->version < LAST) {
		n = rdv_epoll_wait(self, w->epfd, events, 16, -1);
		for (int i = 0; i < n; i++)
			serve(w);
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

/* There is always something to do for it. */
static void worker_start(struct worker *w, int event)
{
	struct epoll_event ev = {.events = EPOLLIN};

	w->served = 0;
	w->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(w->epfd, EPOLL_CTL_ADD, event, &ev) ||
	    pthread_create(&w->thread, NULL, worker, w))
		abort();
}

int main(void)
{
	const struct timespec pause = {.tv_nsec = 100000};
	struct worker workers[WORKERS];
	unsigned long served = 0;
	rdv_thread *self;
	int event = eventfd(1, EFD_CLOEXEC);

	table = make_table(0);
	if (rdv_domain_create(&domain, NULL) ||
	    rdv_thread_register(domain, "main", &self))
		abort();
	for (int i = 0; i < WORKERS; i++)
		worker_start(&workers[i], event);
	for (unsigned version = 1; version <= LAST; version++) {
		rdv_nanosleep(self, &pause, NULL);
		replace_table(self, version);
	}
	rdv_thread_unregister(self);
	for (int i = 0; i < WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		served += workers[i].served;
	}
	printf("%lu events, %u tables\n", served, table->version);
	free(table);
	return rdv_domain_destroy(domain);
}
