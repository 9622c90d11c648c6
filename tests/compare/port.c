/* SPDX-License-Identifier: MIT */
/* Readers look at a configuration.  main() replaces it, and frees the old one when no reader
 * can look at it any more.  RCU is the header of the library: "port-urcu.h", "port-rdv.h". */
#include RCU
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { READERS = 4, VERSIONS = 2000 };
static struct config {
	rcu_item item;
	volatile int version; /* changes when it is freed */
} * config;
static atomic_int started, freed;

static void free_config(rcu_item *item)
{
	((struct config *)item)->version = -1;
	free(item);
	atomic_fetch_add(&freed, 1);
}

static void *reader(void *unused)
{
	RCU_REGISTER();
	atomic_fetch_add(&started, 1);
	for (int version = 0; version < VERSIONS;) {
		const struct config *c = RCU_DEREFERENCE(config);

		version = c->version;
		sched_yield(); /* main() may replace it meanwhile */
		if (c->version != version)
			abort();
		RCU_QUIESCENT_STATE();
		RCU_OFFLINE();
		sched_yield(); /* where a server has its epoll_wait() */
		RCU_ONLINE();
	}
	RCU_UNREGISTER();
	return unused;
}

int main(void)
{
	pthread_t thread[READERS];

	RCU_REGISTER();
	config = calloc(1, sizeof(*config));
	for (int i = 0; i < READERS; i++)
		pthread_create(&thread[i], NULL, reader, NULL);
	while (atomic_load(&started) < READERS)
		sched_yield();
	for (int version = 1; version <= VERSIONS; version++) {
		struct config *old = config, *new = malloc(sizeof(*new));

		new->version = version;
		RCU_ASSIGN(config, new);
		if (version % 2) {
			RCU_CALL(&old->item, free_config);
			continue;
		}
		RCU_SYNCHRONIZE();
		free_config(&old->item);
	}
	RCU_BARRIER();
	RCU_UNREGISTER();
	for (int i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	printf("version %d, %d freed\n", config->version, atomic_load(&freed));
}
