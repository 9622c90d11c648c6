/* SPDX-License-Identifier: MIT */
/*
 * doc/guide.md, step 4: how it goes wrong, and what you will see.
 *
 *	guide-4-wrong blocks|computes|locks|waits|strange
 *
 * Each of these is stuck until it is killed; strange ends by itself.  kill -USR1 writes the
 * dump.
 */
#define RDV_DEBUG
#include <rdv/blocking.h>
#include <rdv/debug.h>
#include <rdv/stats.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static rdv_domain *domain;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int request[2], answer[2];
static volatile unsigned shared;
static sem_t begun;

/* ------------------------------------------------------- a worker blocks while running */

static void worker_that_blocks(rdv_thread *self)
{
	char byte;

	(void)self;
	sem_post(&begun);
	if (read(request[0], &byte, 1) == 1)
		shared++;
}

/* -------------------------------------------------------- a worker is never harmless */

static void worker_that_computes(rdv_thread *self)
{
	(void)self;
	sem_post(&begun);
	for (;;)
		shared++;
}

static void change(rdv_thread *self)
{
	rdv_isolate(self);
	shared = 0;
	rdv_release(self);
}

/* ------------------------------------------------ a thread isolates with a lock held */

static void worker_that_locks(rdv_thread *self)
{
	(void)self;
	sem_post(&begun);
	pthread_mutex_lock(&lock);
	shared++;
	pthread_mutex_unlock(&lock);
}

static void change_locked(rdv_thread *self)
{
	rdv_lock_taken(); /* main took it before the worker was there */
	rdv_isolate(self);
	shared = 0;
	rdv_release(self);
	rdv_lock_dropped();
}

/* ------------------------------- the isolated thread waits for a thread that is held */

static void worker_that_answers(rdv_thread *self)
{
	ssize_t n = 0;
	char byte;

	RDV_HARMLESS(self) {
		sem_post(&begun);
		n = read(request[0], &byte, 1);
	}
	if (n == 1 && write(answer[1], &byte, 1) == 1)
		shared++;
}

static void ask_inside(rdv_thread *self)
{
	char byte = 0;

	rdv_isolate(self);
	if (write(request[1], &byte, 1) == 1 && read(answer[0], &byte, 1) == 1)
		shared = 0;
	rdv_release(self);
}

/* ------------------------------------------------------ a thread that was not listed */

/* Called where shared data is touched. */
static void must_be_member(const char *function)
{
	if (rdv_thread_self(domain))
		return;
	fprintf(stderr, "%s() by a thread that has not registered\n", function);
	abort();
}

static void *helper(void *unused)
{
	must_be_member(__func__);
	shared++;
	return unused;
}

/* ------------------------------------------------------------------------------------ */

static struct mistake {
	const char *name;
	void (*worker)(rdv_thread *self);
	void (*change)(rdv_thread *self);
} mistakes[] = {
	{"blocks", worker_that_blocks, change},
	{"computes", worker_that_computes, change},
	{"locks", worker_that_locks, change_locked},
	{"waits", worker_that_answers, ask_inside},
	{"strange", NULL, NULL},
};

static void *worker(void *arg)
{
	const struct mistake *mistake = arg;
	rdv_thread *self;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	mistake->worker(self);
	return NULL;
}

/* NOLINTBEGIN(bugprone-signal-handler): rdv_domain_dump() may be called in a handler */
static void dump(int signal)
{
	(void)signal;
	rdv_domain_dump(domain, STDERR_FILENO);
}
/* NOLINTEND(bugprone-signal-handler) */

static void run(struct mistake *mistake)
{
	rdv_domain_attr attr = {
		.size = sizeof(attr), .name = "guide", .stall_ns = 100000000};
	pthread_t thread;
	rdv_thread *self;

	if (pipe(request) || pipe(answer) || sem_init(&begun, 0, 0) ||
	    rdv_domain_create(&domain, &attr) ||
	    rdv_thread_register(domain, "main", &self))
		abort();
	signal(SIGUSR1, dump);
	if (!mistake->worker) {
		pthread_create(&thread, NULL, helper, NULL);
		pthread_join(thread, NULL);
		return;
	}
	pthread_mutex_lock(&lock);
	pthread_create(&thread, NULL, worker, mistake);
	rdv_sem_wait(self, &begun);
	mistake->change(self);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
		if (argc == 2 && !strcmp(argv[1], mistakes[i].name))
			run(&mistakes[i]);
	fprintf(stderr, "usage: guide-4-wrong blocks|computes|locks|waits|strange\n");
	return 2;
}
