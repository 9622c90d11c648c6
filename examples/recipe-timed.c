/* SPDX-License-Identifier: MIT */
/* An admin command that may take so long to begin, and no longer. */
#include <pthread.h>
#include <rdv/blocking.h>
#include <stdio.h>
#include <stdlib.h>

static rdv_domain *domain;
static unsigned long sessions;
static bool stopping;

/* Returns what to tell the administrator. */
static const char *clear_sessions(rdv_thread *self)
{
	const struct timespec deadline = rdv_deadline(20 * 1000 * 1000);

	if (rdv_isolate_until(self, &deadline))
		return "busy: try again";
	sessions = 0;
	rdv_release(self);
	return "cleared";
}

/* Computes for long, once, without a checkpoint. */
static void *worker(void *arg)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	bool *computing = arg;
	rdv_thread *self;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	sessions++;
	while (__atomic_load_n(computing, __ATOMIC_RELAXED))
		;
	while (!stopping)
		rdv_nanosleep(self, &ms, NULL);
	rdv_thread_unregister(self);
	return NULL;
}

int main(void)
{
	const char *answer;
	bool computing = true;
	pthread_t thread;
	rdv_thread *self;

	if (rdv_domain_create(&domain, NULL) ||
	    rdv_thread_register(domain, "main", &self) ||
	    pthread_create(&thread, NULL, worker, &computing))
		abort();
	do { /* until the worker is there */
		answer = clear_sessions(self);
	} while (*answer != 'b');
	puts(answer);
	__atomic_store_n(&computing, false, __ATOMIC_RELAXED);
	do {
		answer = clear_sessions(self);
	} while (*answer == 'b');
	puts(answer);
	rdv_isolate(self);
	stopping = true;
	rdv_release(self);
	RDV_HARMLESS(self)
		pthread_join(thread, NULL);
	rdv_thread_unregister(self);
	return sessions != 0 || rdv_domain_destroy(domain);
}
