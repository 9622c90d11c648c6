/* SPDX-License-Identifier: MIT */
/* Readers look at a configuration.  main() replaces it, and frees the old one when no reader
 * can look at it any more.  RCU is the header of the library: "port-urcu.h", "port-rdv.h". */
#include RCU
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { READERS = 4, VERSIONS = 2000 };
static struct config {
	rcu_item item;
	volatile int version; /* changes when it is freed */
} * config;
static atomic_int started, done, freed;

static void free_config(rcu_item *item)
{
	((struct config *)item)->version = -1;
	free(item);
	atomic_fetch_add(&freed, 1);
}

static void replace(int version)
{
	struct config *old = config, *new = malloc(sizeof(*new));

	new->version = version;
	RCU_ASSIGN(config, new);
	if (old && version % 2) {
		RCU_CALL(&old->item, free_config);
	} else if (old) {
		RCU_SYNCHRONIZE();
		free_config(&old->item);
	}
}

static void *reader(void *unused)
{
	RCU_REGISTER();
	atomic_fetch_add(&started, 1);
	while (!atomic_load(&done)) {
		for (int i = 0; i < 16; i++) {
			const struct config *c = RCU_DEREFERENCE(config);
			const int version = c->version;

			sched_yield(); /* main() may replace it meanwhile */
			if (c->version != version)
				abort();
			RCU_QUIESCENT_STATE();
		}
		RCU_OFFLINE();
		usleep(10); /* where a server has its epoll_wait() */
		RCU_ONLINE();
	}
	RCU_UNREGISTER();
	return unused;
}

int main(void)
{
	pthread_t thread[READERS];

	RCU_REGISTER();
	replace(0);
	for (int i = 0; i < READERS; i++)
		pthread_create(&thread[i], NULL, reader, NULL);
	while (atomic_load(&started) < READERS)
		sched_yield();
	for (int version = 1; version <= VERSIONS; version++)
		replace(version);
	atomic_store(&done, 1);
	RCU_OFFLINE();
	for (int i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	RCU_ONLINE();
	RCU_BARRIER();
	printf("version %d, %d freed\n", config->version, atomic_load(&freed));
	RCU_UNREGISTER();
	free(config);
	return 0;
}
