/* SPDX-License-Identifier: MIT */
/* Calls into libraries that block, and a lock that is shared with such code. */
#define _GNU_SOURCE
#include <netdb.h>
#include <pthread.h>
#include <rdv/blocking.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS = 3, TURNS = 200 };

static rdv_domain *domain;
static struct {
	char host[16];
	unsigned long changes;
} config = {.host = "127.0.0.1"};

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long lines;

/* What the call reads is copied before, what it returns is used after. */
static bool resolve(rdv_thread *self)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *list = NULL;
	char host[sizeof(config.host)];
	int err = 0;

	memcpy(host, config.host, sizeof(host));
	RDV_HARMLESS(self)
		err = getaddrinfo(host, NULL, &hints, &list);
	if (err)
		return false;
	freeaddrinfo(list);
	return true;
}

static void write_log(rdv_thread *self)
{
	rdv_mutex_lock(self, &log_lock); /* may wait, harmless */
	lines++;
	pthread_mutex_unlock(&log_lock);
}

static void *worker(void *arg)
{
	rdv_thread *self;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	for (int i = 0; i < TURNS; i++) {
		if (!resolve(self))
			abort();
		write_log(self);
	}
	rdv_thread_unregister(self);
	return arg;
}

/* No member: it may keep the lock for long, and nobody waits for it running. */
static void *log_writer(void *arg)
{
	for (int i = 0; i < TURNS; i++) {
		pthread_mutex_lock(&log_lock);
		usleep(100);
		pthread_mutex_unlock(&log_lock);
		usleep(10);
	}
	return arg;
}

int main(void)
{
	pthread_t threads[WORKERS + 1];
	rdv_thread *self;

	if (rdv_domain_create(&domain, NULL) ||
	    rdv_thread_register(domain, "main", &self))
		abort();
	for (int i = 0; i < WORKERS; i++)
		pthread_create(&threads[i], NULL, worker, NULL);
	pthread_create(&threads[WORKERS], NULL, log_writer, NULL);
	for (int i = 0; i < TURNS; i++) {
		rdv_isolate(self);
		snprintf(config.host, sizeof(config.host), "127.0.0.%d", 1 + i % 250);
		config.changes++;
		write_log(self); /* isolated: waits for the lock, if the writer has it */
		rdv_release(self);
	}
	RDV_HARMLESS(self)
		for (int i = 0; i <= WORKERS; i++)
			pthread_join(threads[i], NULL);
	rdv_thread_unregister(self);
	printf("%lu lines, %lu changes\n", lines, config.changes);
	return rdv_domain_destroy(domain);
}
