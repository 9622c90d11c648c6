/* SPDX-License-Identifier: MIT */
/* One worker is looked at, while the others go on. */
#include <errno.h>
#include <pthread.h>
#include <rdv/blocking.h>
#include <rdv/handshake.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 3 };

static rdv_domain *domain;
static sem_t there;
static struct worker {
	pthread_t thread;
	unsigned id;
	unsigned long in, out; /* by the worker alone; equal whenever it is harmless */
	bool stays;
} workers[WORKERS];

/* Returns 0, or -ESRCH if the worker has left. */
static int look(rdv_thread *self, const struct worker *w)
{
	unsigned long in, out;
	int ret = rdv_keep(self, w->id); /* returns when this worker is harmless */

	if (ret)
		return ret;
	in = w->in;
	out = w->out;
	rdv_let_go(self);
	printf("worker %u: %lu in, %lu out\n", w->id, in, out);
	return in == out ? 0 : -EIO;
}

/* Returns what to tell the administrator, after 20 ms at the latest. */
static const char *dismiss(rdv_thread *self, struct worker *w)
{
	const struct timespec deadline = rdv_deadline(20 * 1000 * 1000);

	switch (rdv_keep_until(self, w->id, &deadline)) {
	case 0:
		w->stays = false;
		rdv_let_go(self);
		return "dismissed";
	case -ETIMEDOUT:
		return "busy: try again";
	default: /* -ESRCH */
		return "it has left already";
	}
}

static void *worker(void *arg)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	struct worker *w = arg;
	rdv_thread *self;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	w->id = rdv_thread_id(self);
	w->stays = true;
	sem_post(&there);
	while (w->stays) {
		w->in++;
		w->out++;
		rdv_nanosleep(self, &ms, NULL);
	}
	rdv_thread_unregister(self);
	return NULL;
}

int main(void)
{
	const char *answer;
	rdv_thread *self;

	if (rdv_domain_create(&domain, NULL) ||
	    rdv_thread_register(domain, "main", &self) || sem_init(&there, 0, 0))
		abort();
	for (struct worker *w = workers; w < workers + WORKERS; w++) {
		if (pthread_create(&w->thread, NULL, worker, w))
			abort();
		RDV_HARMLESS(self)
			sem_wait(&there);
	}
	for (struct worker *w = workers; w < workers + WORKERS; w++) {
		if (look(self, w))
			abort();
		do {
			answer = dismiss(self, w);
		} while (*answer == 'b');
		RDV_HARMLESS(self)
			pthread_join(w->thread, NULL);
		printf("worker %u: %s; %s\n", w->id, answer, dismiss(self, w));
		if (look(self, w) != -ESRCH)
			abort();
	}
	rdv_thread_unregister(self);
	sem_destroy(&there);
	return rdv_domain_destroy(domain);
}
