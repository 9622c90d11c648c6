/* SPDX-License-Identifier: MIT */
/* Each worker has a cache of its own, which another thread flushes. */
#include <pthread.h>
#include <rdv/blocking.h>
#include <rdv/handshake.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 3, THREADS = WORKERS + 1, LAST = 100 };

static rdv_domain *domain;
static atomic_uint price = 1;   /* changes; to read it takes long in a real program */
static atomic_uint flushed = 1; /* no cache has an older price any more */
static struct cache {
	_Alignas(64) bool full;
	unsigned price;
} caches[THREADS]; /* by id; each thread uses its own without a lock */

static unsigned look_up(struct cache *cache)
{
	if (!cache->full)
		cache->price = atomic_load_explicit(&price, memory_order_acquire);
	cache->full = true;
	return cache->price;
}

static void flush(unsigned id, void *arg)
{
	unsigned *full = arg; /* the thread that calls rdv_for_each() runs all of this */

	*full += caches[id].full;
	caches[id].full = false;
}

/* Afterwards no worker uses the old price. Returns how many had it. */
static unsigned change(rdv_thread *self, unsigned new)
{
	unsigned full = 0;

	atomic_store_explicit(&price, new, memory_order_release);
	rdv_for_each(self, flush, &full);
	return full;
}

static void *worker(void *arg)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	unsigned least = 0;
	rdv_thread *self;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	while (least < LAST) {
		least = atomic_load_explicit(&flushed, memory_order_acquire);
		if (look_up(&caches[rdv_thread_id(self)]) < least)
			abort();
		rdv_nanosleep(self, &ms, NULL);
	}
	rdv_thread_unregister(self);
	return arg;
}

int main(void)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	pthread_t thread[WORKERS];
	rdv_thread *self;
	unsigned n = 0;

	attr.max_threads = THREADS;
	if (rdv_domain_create(&domain, &attr) ||
	    rdv_thread_register(domain, "main", &self))
		abort();
	for (int i = 0; i < WORKERS; i++)
		if (pthread_create(&thread[i], NULL, worker, NULL))
			abort();
	for (unsigned new = 2; new <= LAST; new ++) {
		n += change(self, new);
		atomic_store_explicit(&flushed, new, memory_order_release);
		rdv_nanosleep(self, &ms, NULL); /* it changes now and then */
	}
	RDV_HARMLESS(self)
		for (int i = 0; i < WORKERS; i++)
			pthread_join(thread[i], NULL);
	rdv_thread_unregister(self);
	printf("price %u, %u caches flushed\n", atomic_load(&price), n);
	return rdv_domain_destroy(domain);
}
