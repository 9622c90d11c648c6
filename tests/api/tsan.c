/* SPDX-License-Identifier: MIT */
/*
 * Data that the library orders, in all the ways that it has, for ThreadSanitizer; see tsan.sh.
 * With -DRACE a thread changes some of it while it is harmless.
 */
#include <pthread.h>
#include <rdv/blocking.h>
#include <rdv/rdv.h>
#include <rdv/sync.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 4, ROUNDS = 200, DOMAINS = 70 };

static rdv_domain *domain;
static int *config; /* read by running threads, replaced by isolated ones */
static int sum;     /* changed by threads in their turns */
static long own[WORKERS + 1];
static int up, rounds; /* not for order */
static rdv_once_flag once = RDV_ONCE_FLAG_INIT;
static int made;

static void count(int *what)
{
	__atomic_add_fetch(what, 1, __ATOMIC_RELAXED);
}

static void await(const int *what, int least)
{
	while (__atomic_load_n(what, __ATOMIC_RELAXED) < least)
		sched_yield();
}

static void make(void *arg)
{
	made = *(int *)arg;
}

static void replace(rdv_thread *self)
{
	int value;

	rdv_isolate(self);
	value = *config + 1;
	free(config);
	config = malloc(sizeof(*config));
	*config = value;
	for (int i = 0; i < WORKERS; i++)
		own[WORKERS] += own[i];
	count(&rounds);
	rdv_release(self);
}

static void *worker(void *arg)
{
	int id = (int)(long)arg, answer = 42;
	rdv_thread *self;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	rdv_harmless_now(self);
	count(&up);
	await(&up, WORKERS);
#ifdef RACE
	if (id == 1) {
		await(&rounds, 1);
		own[id]++;
	}
#endif
	rdv_harmless_end(self);
	while (*config < ROUNDS) {
		own[id]++;
		switch (id) {
		case 0:
			rdv_poll(self, NULL, 0, 0);
			break;
		case 1:
			rdv_harmless_now(self);
			rdv_harmless_end(self);
			break;
		case 2:
			for (int i = 0; i < 100; i++)
				rdv_checkpoint(self);
			break;
		default:
			replace(self);
		}
		rdv_once(self, &once, make, &answer);
		if (made != 42)
			abort();
		if (rdv_sync_pending(domain)) {
			rdv_sync_enter(self);
			rdv_sync_exit(self);
		}
	}
	for (int i = 0; i < 3; i++) {
		rdv_sync_want(self);
		rdv_sync_enter(self);
		if (rdv_sync_wanted(self))
			sum++;
		rdv_sync_exit(self);
	}
	if (id % 2) /* else it is done by the exit of the thread */
		rdv_thread_unregister(self);
	return NULL;
}

static void run(unsigned fence)
{
	rdv_domain_attr attr = {.size = sizeof(attr), .fence = fence};
	pthread_t thread[WORKERS];
	rdv_thread *self;

	config = calloc(1, sizeof(*config));
	sum = up = rounds = 0;
	if (rdv_domain_create(&domain, &attr) ||
	    rdv_thread_register(domain, "main", &self))
		abort();
	for (long i = 0; i < WORKERS; i++)
		if (pthread_create(&thread[i], NULL, worker, (void *)i))
			abort();
	await(&up, WORKERS); /* who registers after an isolation has not raced with it */
	while (*config < ROUNDS)
		replace(self);
	rdv_thread_unregister(self);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(thread[i], NULL);
	if (*config < ROUNDS || sum != 3 * WORKERS)
		abort();
	free(config);
	if (rdv_domain_destroy(domain))
		abort();
}

int main(void)
{
	rdv_domain *many[DOMAINS];
	int status;
	pid_t child;

	run(RDV_FENCE_FULL);
	run(RDV_FENCE_BIASED);
	for (int i = 0; i < DOMAINS; i++)
		if (rdv_domain_create(&many[i], NULL))
			abort();
	child = fork();
	if (!child)
		_exit(0);
	if (waitpid(child, &status, 0) != child || status)
		return 1;
	for (int i = 0; i < DOMAINS; i++)
		rdv_domain_destroy(many[i]);
	return 0;
}
