/* SPDX-License-Identifier: MIT */
/* Four threads read *config without a lock.  Main replaces it and frees the old one. */
#include <pthread.h>
#include <rdv/rdv.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LAST = 1000 };
static rdv_domain *dom;
static int *config;

static void *worker(void *arg)
{
	rdv_thread *self;

	if (rdv_thread_register(dom, "worker", &self)) /* returns running */
		abort();
	while (*config < LAST) {
		rdv_harmless_now(self); /* touches nothing shared from here ... */
		usleep(100);            /* where a server has its epoll_wait() */
		rdv_harmless_end(self); /* ... to here */
	}
	return arg; /* a thread that exits leaves the domain */
}

int main(void)
{
	pthread_t thread[4];
	rdv_thread *self;

	config = calloc(1, sizeof(*config));
	if (rdv_domain_create(&dom, NULL) || rdv_thread_register(dom, "main", &self))
		abort();
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, worker, NULL);
	for (int version = 1; version <= LAST; version++) {
		int *old, *next = calloc(1, sizeof(*next)); /* before: others run */

		if (!next)
			abort();
		*next = version;
		rdv_isolate(self); /* alone: nobody reads config from here ... */
		old = config;
		config = next;
		rdv_release(self); /* ... to here */
		free(old);         /* after: nobody can have it any more */
		usleep(200);       /* once in a while */
	}
	rdv_thread_unregister(self);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	printf("config %d read without a lock\n", *config);
	free(config);
	return rdv_domain_destroy(dom);
}
