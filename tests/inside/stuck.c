/* SPDX-License-Identifier: MIT */
/*
 * A domain that is stuck, dumped by itself, and then a core: see gdb.sh.
 *
 *	stuck FILE
 *
 * One thread waits for ever for the main thread, which runs; another one is queued
 * behind it, and a third is held.
 */
#include <fcntl.h>
#include <pthread.h>
#include <rdv/handshake.h>
#include <rdv/stats.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static rdv_domain *domain;
static sem_t come, go;

static void ignore(struct rdv_retired *item)
{
	(void)item;
}

/* Some grace periods, and items of which one is not called. */
static void retire(rdv_thread *self)
{
	static struct rdv_retired items[3];
	int i;

	for (i = 0; i < 3; i++) {
		rdv_retire(self, &items[i], ignore);
		rdv_retire_run(self);
		(void)rdv_checkpoint(self);
		rdv_retire_run(self);
		rdv_synchronize(self);
	}
	rdv_retire(self, &items[0], ignore);
}

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem))
		;
}

/* Nobody can register once it is stuck. */
static void meet(void)
{
	sem_post(&come);
	wait_for(&go);
}

static void *isolate(void *name)
{
	rdv_thread *self;

	if (rdv_thread_register(domain, name, &self))
		abort();
	rdv_harmless_now(self);
	meet();
	rdv_isolate(self);
	return NULL;
}

static void *want_to_run(void *name)
{
	rdv_thread *self;

	if (rdv_thread_register(domain, name, &self))
		abort();
	rdv_harmless_now(self);
	meet();
	while (!rdv_domain_blockers(domain, NULL, 0, 0))
		;
	rdv_harmless_end(self);
	return NULL;
}

/* Until all three have called the kernel, after which nothing changes; and once more, as a
 * dump reads the words before it counts. */
static void until_stuck(const char *path)
{
	bool stuck = false, before;
	char text[16384];
	ssize_t n;
	int fd;

	do {
		before = stuck;
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		if (fd < 0 || rdv_domain_dump(domain, fd))
			exit(99);
		n = pread(fd, text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		close(fd);
		stuck = strstr(text, "futex_waits 3 ");
	} while (!before);
}

int main(int argc, char **argv)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	char held[] = "held", first[] = "one", second[] = "another one";
	pthread_t thread;
	rdv_thread *self;
	int i;

	if (argc != 2)
		return 99;
	attr.name = "stuck";
	attr.spin_ns = RDV_SPIN_NEVER;
	if (rdv_domain_create(&domain, &attr) ||
	    rdv_thread_register(domain, "main", &self))
		return 99;
	sem_init(&come, 0, 0);
	sem_init(&go, 0, 0);
	for (i = 0; i < 100; i++) {
		rdv_isolate(self);
		rdv_release(self);
	}
	retire(self);
	pthread_create(&thread, NULL, want_to_run, held);
	pthread_create(&thread, NULL, isolate, first);
	pthread_create(&thread, NULL, isolate, second);
	for (i = 0; i < 3; i++)
		wait_for(&come);
	for (i = 0; i < 3; i++)
		sem_post(&go);
	until_stuck(argv[1]);
	abort();
}
