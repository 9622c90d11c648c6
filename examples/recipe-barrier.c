/* SPDX-License-Identifier: MIT */
/* Threads that compute in steps, meet at a barrier after each, and a table that is changed. */
#include <pthread.h>
#include <rdv/scope.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 3, STEPS = 200, PARTS = 1000 };

static rdv_domain *domain;
static pthread_barrier_t barrier;
static unsigned table[2]; /* always equal */

static void compute_part(void)
{
	if (table[0] != table[1])
		abort();
}

/* A thread at the barrier waits for the others, and they may be held: so it is harmless. */
static void steps(rdv_thread *self)
{
	for (int step = 0; step < STEPS; step++) {
		for (int part = 0; part < PARTS; part++) {
			compute_part();
			rdv_checkpoint(self);
		}
		RDV_HARMLESS(self)
			pthread_barrier_wait(&barrier);
	}
}

static void *worker(void *arg)
{
	rdv_thread *self;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	steps(self);
	rdv_thread_unregister(self);
	return arg;
}

int main(void)
{
	pthread_t threads[WORKERS];
	rdv_thread *self;

	if (rdv_domain_create(&domain, NULL) ||
	    rdv_thread_register(domain, "main", &self) ||
	    pthread_barrier_init(&barrier, NULL, WORKERS))
		abort();
	for (int i = 0; i < WORKERS; i++)
		if (pthread_create(&threads[i], NULL, worker, NULL))
			abort();
	for (unsigned i = 0; i < STEPS; i++) {
		rdv_isolate(self);
		table[0]++;
		table[1]++;
		rdv_release(self);
	}
	rdv_thread_unregister(self);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	printf("%d steps, %u changes\n", STEPS, table[0]);
	return rdv_domain_destroy(domain) != 0;
}
