/* SPDX-License-Identifier: MIT */
/*
 * The annotations of rdv_sanitizers(7), for helgrind and drd; see valgrind.sh.  With -DRACE a
 * thread looks at the data of isolated sections while it is harmless.
 */
#include TOOL
#include <pthread.h>
#include <rdv/rdv.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORKERS = 3, LAST = 50 };

static rdv_domain *domain;
static int *config;
static int ran, rounds; /* nobody reads or writes these */
static sem_t registered;
static int told[2]; /* a pipe: that orders nothing for these tools */

static void now(rdv_thread *self)
{
	ANNOTATE_HAPPENS_BEFORE(&ran);
	rdv_harmless_now(self);
}

static void end(rdv_thread *self)
{
	rdv_harmless_end(self);
	ANNOTATE_HAPPENS_AFTER(&rounds);
}

static void checkpoint(rdv_thread *self)
{
	ANNOTATE_HAPPENS_BEFORE(&ran);
	rdv_checkpoint(self);
	ANNOTATE_HAPPENS_AFTER(&rounds);
}

static void isolate(rdv_thread *self)
{
	ANNOTATE_HAPPENS_BEFORE(&ran);
	rdv_isolate(self);
	ANNOTATE_HAPPENS_AFTER(&ran);
	ANNOTATE_HAPPENS_AFTER(&rounds);
}

static void release(rdv_thread *self)
{
	ANNOTATE_HAPPENS_BEFORE(&rounds);
	rdv_release(self);
	ANNOTATE_HAPPENS_AFTER(&rounds);
}

static void *worker(void *arg)
{
	rdv_thread *self;
	char c;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	ANNOTATE_HAPPENS_AFTER(&rounds);
	sem_post(&registered);
	now(self);
	if (read(told[0], &c, 1) != 1)
		abort();
#ifdef RACE
	c = (char)*config;
#endif
	end(self);
	while (*config < LAST) {
		now(self);
		sched_yield();
		end(self);
		checkpoint(self);
	}
	ANNOTATE_HAPPENS_BEFORE(&ran);
	rdv_thread_unregister(self);
	return arg;
}

int main(void)
{
	pthread_t thread[WORKERS];
	rdv_thread *self;
	int i;

	config = malloc(sizeof(*config));
	*config = 0;
	if (pipe(told) || sem_init(&registered, 0, 0) ||
	    rdv_domain_create(&domain, NULL) ||
	    rdv_thread_register(domain, "main", &self))
		abort();
	for (i = 0; i < WORKERS; i++)
		if (pthread_create(&thread[i], NULL, worker, NULL))
			abort();
	for (i = 0; i < WORKERS; i++)
		while (sem_wait(&registered))
			;
	for (i = 1; i <= LAST; i++) {
		isolate(self);
		free(config);
		config = malloc(sizeof(*config));
		*config = i;
		release(self);
		if (i == 1 && write(told[1], "xxx", WORKERS) != WORKERS)
			abort();
		sched_yield();
	}
	rdv_thread_unregister(self);
	for (i = 0; i < WORKERS; i++)
		pthread_join(thread[i], NULL);
	free(config);
	return rdv_domain_destroy(domain);
}
