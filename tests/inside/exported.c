/* SPDX-License-Identifier: MIT */
/*
 * A domain that rdv-top can watch: see top.sh.
 *
 *	exported FILE
 *
 * Says "exported" when the file is there.  Ten times a second it isolates, retires an item,
 * and updates the file, until standard input ends.  The name of its thread has an escape
 * sequence, a quote and a backslash.
 */
#include <pthread.h>
#include <rdv/blocking.h>
#include <rdv/export.h>
#include <rdv/handshake.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void ignore(struct rdv_retired *item)
{
	(void)item;
}

static rdv_domain *domain;
static sem_t come, go;

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem))
		;
}

static void *run_and_leave(void *name)
{
	rdv_thread *self;

	if (rdv_thread_register(domain, name, &self))
		abort();
	sem_post(&come);
	wait_for(&go);
	rdv_thread_unregister(self);
	return NULL;
}

/* A grace period that waits for a thread that runs. */
static void wait_for_laggard(rdv_thread *self)
{
	static char name[] = "laggard";
	rdv_grace grace;
	pthread_t thread;

	sem_init(&come, 0, 0);
	sem_init(&go, 0, 0);
	if (pthread_create(&thread, NULL, run_and_leave, name))
		abort();
	wait_for(&come);
	grace = rdv_grace_begin(self);
	if (rdv_grace_over(self, grace))
		abort();
	(void)rdv_checkpoint(self);
	sem_post(&go);
	pthread_join(thread, NULL);
}

/* What there is to see. */
static void turn(rdv_thread *self, rdv_export *export)
{
	static struct rdv_retired item;

	rdv_isolate(self);
	rdv_release(self);
	rdv_retire(self, &item, ignore);
	rdv_retire_run(self);
	(void)rdv_checkpoint(self);
	rdv_retire_run(self); /* calls it */
	rdv_synchronize(self);
	rdv_export_update(export);
}

int main(int argc, char **argv)
{
	struct pollfd input = {.events = POLLIN};
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	rdv_thread *self;
	rdv_export *export;
	int err;

	if (argc != 2)
		return 99;
	attr.name = "watched";
	if (rdv_domain_create(&domain, &attr) ||
	    rdv_thread_register(domain, "watcher\033[2J\"\\", &self))
		return 99;
	err = rdv_export_open(domain, argv[1], &export);
	if (err) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-err));
		return 1;
	}
	wait_for_laggard(self);
	turn(self, export);
	puts("exported");
	fflush(stdout);
	while (!rdv_poll(self, &input, 1, 100))
		turn(self, export);
	rdv_export_close(export);
	rdv_thread_unregister(self);
	return rdv_domain_destroy(domain) ? 1 : 0;
}
