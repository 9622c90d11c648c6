/* SPDX-License-Identifier: MIT */
/* Read, copy, update: a table is replaced while workers look at it, in three ways. */
#include <pthread.h>
#include <rdv/blocking.h>
#include <rdv/handshake.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 3, LAST = 900 };

static rdv_domain *domain;
static struct table {
	unsigned version;
	struct rdv_retired retired;
} * _Atomic current;
static unsigned freed; /* by main() alone */

static struct table *make_table(unsigned version)
{
	struct table *new = malloc(sizeof(*new));

	if (!new)
		abort();
	new->version = version;
	return new;
}

static void free_table(struct table *old)
{
	old->version = ~0u; /* a worker that still looks at it will see that */
	free(old);
	freed++;
}

/* A worker runs. The table that it finds stays until its next harmless call. */
static unsigned look(void)
{
	const struct table *t = atomic_load_explicit(&current, memory_order_acquire);
	unsigned version = t->version;

	sched_yield(); /* others may replace the table meanwhile */
	if (t->version != version)
		abort();
	return version;
}

static void *worker(void *arg)
{
	rdv_thread *self;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	while (look() < LAST)
		rdv_poll(self, NULL, 0, 1); /* where a server waits */
	rdv_thread_unregister(self);
	return arg;
}

/* Waits until no worker looks at the old table. */
static void replace(rdv_thread *self, struct table *new)
{
	struct table *old = atomic_exchange(&current, new);

	rdv_synchronize(self);
	free_table(old);
}

static void free_retired(struct rdv_retired *item)
{
	free_table((struct table *)((char *)item - offsetof(struct table, retired)));
}

/* Does not wait: a later call of rdv_retire_run() frees the old table. */
static void replace_and_go_on(rdv_thread *self, struct table *new)
{
	struct table *old = atomic_exchange(&current, new);

	rdv_retire(self, &old->retired, free_retired);
}

/* Stops the workers that run. Nobody else looks, so the old table can go at once. */
static void replace_alone(rdv_thread *self, struct table *new)
{
	rdv_isolate(self);
	free_table(atomic_exchange(&current, new));
	rdv_release(self);
}

int main(void)
{
	pthread_t thread[WORKERS];
	rdv_thread *self;

	if (rdv_domain_create(&domain, NULL) ||
	    rdv_thread_register(domain, "main", &self))
		abort();
	atomic_store(&current, make_table(0));
	for (int i = 0; i < WORKERS; i++)
		if (pthread_create(&thread[i], NULL, worker, NULL))
			abort();
	for (unsigned version = 1; version <= LAST; version += 3) {
		replace(self, make_table(version));
		replace_and_go_on(self, make_table(version + 1));
		replace_alone(self, make_table(version + 2));
		rdv_retire_run(self); /* once in each turn of the event loop */
	}
	RDV_HARMLESS(self)
		for (int i = 0; i < WORKERS; i++)
			pthread_join(thread[i], NULL);
	free_table(atomic_load(&current));
	rdv_thread_unregister(self); /* the last one: frees what is left */
	printf("%u tables, %u freed\n", LAST + 1u, freed);
	return rdv_domain_destroy(domain) || freed != LAST + 1;
}
