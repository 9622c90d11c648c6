/* SPDX-License-Identifier: MIT */
/* doc/guide.md, step 1: two threads, and one of them is alone for a moment. */
#include <pthread.h>
#include <rdv/blocking.h>
#include <rdv/rdv.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static rdv_domain *domain;
static struct {
	int x, y; /* always equal */
	bool stop;
} shared;

static void *worker(void *unused)
{
	rdv_thread *self;

	if (rdv_thread_register(domain, "worker", &self)) /* running from here ... */
		abort();
	while (!shared.stop) {
		if (shared.x != shared.y)
			abort();
		rdv_harmless_now(self); /* ... to here: now it touches nothing */
		usleep(100);
		rdv_harmless_end(self);
	}
	rdv_thread_unregister(self);
	return unused;
}

int main(void)
{
	rdv_thread *self;
	pthread_t thread;

	if (rdv_domain_create(&domain, NULL) ||
	    rdv_thread_register(domain, "main", &self) ||
	    pthread_create(&thread, NULL, worker, NULL))
		abort();
	for (int i = 0; i < 100; i++) {
		rdv_isolate(self); /* the worker is in its usleep(), and stays there */
		shared.x++;
		usleep(10);
		shared.y++;
		rdv_release(self);
	}
	rdv_isolate(self);
	shared.stop = true;
	rdv_release(self);
	RDV_HARMLESS(self) /* pthread_join() blocks */
		pthread_join(thread, NULL);
	printf("x is %d, y is %d\n", shared.x, shared.y);
	rdv_thread_unregister(self);
	return rdv_domain_destroy(domain);
}
