/* SPDX-License-Identifier: MIT */
/*
 * What not to do, and what becomes of it: rdv_isolate() would never return, so each is
 * tried with a deadline.  Then the same done right.
 */
#include <pthread.h>
#include <rdv/blocking.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static rdv_domain *domain;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_ready;
static int request[2];

/* ------------------------------------------------- isolating with a lock held */

/* WRONG if anybody isolates with the lock held: blocks while running. */
static void count_wrong(rdv_thread *self, unsigned *counter)
{
	(void)self;
	pthread_mutex_lock(&lock);
	++*counter;
	pthread_mutex_unlock(&lock);
}

/* Right: waits for the lock harmless. */
static void count_right(rdv_thread *self, unsigned *counter)
{
	rdv_mutex_lock(self, &lock);
	++*counter;
	pthread_mutex_unlock(&lock);
}

/* ------------------------------------------------------ blocking while running */

/* WRONG: nobody can isolate until a request comes. */
static void serve_wrong(rdv_thread *self, unsigned *counter)
{
	char byte;

	(void)self;
	if (read(request[0], &byte, 1) == 1)
		++*counter;
}

/* Right */
static void serve_right(rdv_thread *self, unsigned *counter)
{
	ssize_t n = 0;
	char byte;

	RDV_HARMLESS(self)
		n = read(request[0], &byte, 1);
	if (n == 1)
		++*counter;
}

/* ------------------------------------------------------------------- trying it */

static void (*work)(rdv_thread *self, unsigned *counter);

static void *worker(void *arg)
{
	rdv_thread *self;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	pthread_barrier_wait(&both_ready);
	work(self, arg);
	rdv_thread_unregister(self);
	return NULL;
}

/* Isolates with the lock held and no request made, if that can be done in this time. */
static bool isolates(rdv_thread *self, time_t seconds)
{
	struct timespec deadline;
	bool isolated;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += seconds;
	pthread_mutex_lock(&lock);
	RDV_HARMLESS(self)
		pthread_barrier_wait(&both_ready);
	isolated = !rdv_isolate_until(self, &deadline);
	if (isolated)
		rdv_release(self);
	pthread_mutex_unlock(&lock);
	return isolated;
}

/* Beside a worker that does this; returns whether it is as expected. */
static bool try_beside(rdv_thread *self, const char *what,
		       void (*function)(rdv_thread *, unsigned *), bool expected)
{
	unsigned counter = 0;
	pthread_t thread;
	bool isolated;

	work = function;
	if (pipe(request) || pthread_create(&thread, NULL, worker, &counter))
		abort();
	isolated = isolates(self, expected ? 600 : 1);
	if (write(request[1], "", 1) != 1)
		abort();
	RDV_HARMLESS(self)
		pthread_join(thread, NULL);
	close(request[0]);
	close(request[1]);
	printf("%-11s  %s\n", what, isolated ? "isolated" : "gave up");
	return isolated == expected && counter == 1;
}

int main(void)
{
	rdv_thread *self;
	bool good;

	if (rdv_domain_create(&domain, NULL) ||
	    rdv_thread_register(domain, "main", &self) ||
	    pthread_barrier_init(&both_ready, NULL, 2))
		abort();
	good = try_beside(self, "count_wrong", count_wrong, false);
	good = try_beside(self, "count_right", count_right, true) && good;
	good = try_beside(self, "serve_wrong", serve_wrong, false) && good;
	good = try_beside(self, "serve_right", serve_right, true) && good;
	rdv_thread_unregister(self);
	pthread_barrier_destroy(&both_ready);
	return !good || rdv_domain_destroy(domain);
}
