/* SPDX-License-Identifier: MIT */
/* A pool of workers that compute for long, and a table that is changed under them. */
#include <pthread.h>
#include <rdv/blocking.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 3, JOBS = 60, LAST = 100 };

static rdv_domain *domain;
static unsigned table[2]; /* always equal */

/* The queue has a lock of its own, which no isolated thread takes. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int queued, done; /* -1: no more will come */

/* Harmless from lock to unlock, so never held with the lock. */
static bool next_job(rdv_thread *self)
{
	bool found = false;

	RDV_HARMLESS(self) {
		pthread_mutex_lock(&lock);
		while (!queued)
			pthread_cond_wait(&changed, &lock);
		found = queued > 0;
		if (found)
			queued--;
		pthread_mutex_unlock(&lock);
	}
	return found;
}

static void compute(rdv_thread *self)
{
	while (table[0] < LAST) {
		if (table[0] != table[1])
			abort();
		rdv_checkpoint(self); /* the table may be another one after this */
	}
}

static void *worker(void *arg)
{
	rdv_thread *self;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	while (next_job(self)) {
		compute(self);
		__atomic_add_fetch(&done, 1, __ATOMIC_RELAXED);
	}
	rdv_thread_unregister(self);
	return arg;
}

static void add_jobs(int n)
{
	pthread_mutex_lock(&lock);
	queued = n < 0 ? n : queued + n;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

int main(void)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	pthread_t threads[WORKERS];
	rdv_thread *self;

	if (rdv_domain_create(&domain, NULL) ||
	    rdv_thread_register(domain, "main", &self))
		abort();
	for (int i = 0; i < WORKERS; i++)
		pthread_create(&threads[i], NULL, worker, NULL);
	add_jobs(JOBS);
	for (int i = 0; i < LAST; i++) {
		rdv_isolate(self); /* as soon as each worker is at a checkpoint */
		table[0]++;
		sched_yield();
		table[1]++;
		rdv_release(self);
	}
	while (__atomic_load_n(&done, __ATOMIC_RELAXED) < JOBS)
		rdv_nanosleep(self, &ms, NULL);
	add_jobs(-1);
	RDV_HARMLESS(self)
		for (int i = 0; i < WORKERS; i++)
			pthread_join(threads[i], NULL);
	rdv_thread_unregister(self);
	printf("%d jobs, %u changes\n", done, table[0]);
	return rdv_domain_destroy(domain);
}
