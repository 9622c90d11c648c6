/* SPDX-License-Identifier: MIT */
/* A consistent copy of everything, written by a child while the parent goes on. */
#include <pthread.h>
#include <rdv/blocking.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 3, SNAPSHOTS = 20 };

static rdv_domain *domain;
static unsigned long data[WORKERS][2]; /* pairs, always equal */
static bool stopping;

static void *worker(void *arg)
{
	unsigned long *mine = arg;
	rdv_thread *self;

	if (rdv_thread_register(domain, "worker", &self))
		abort();
	for (; !stopping; rdv_checkpoint(self)) {
		mine[0]++;
		mine[1]++;
	}
	rdv_thread_unregister(self);
	return NULL;
}

static bool consistent(void)
{
	for (int i = 0; i < WORKERS; i++)
		if (data[i][0] != data[i][1])
			return false;
	return true;
}

/* The child: a member of the domain still, the only one, and isolated. */
static _Noreturn void save_and_exit(rdv_thread *self)
{
	bool good = rdv_isolated(self) && consistent();

	rdv_release(self);
	_exit(!good);
}

static pid_t snapshot(rdv_thread *self)
{
	pid_t pid;

	rdv_isolate(self); /* nobody is in the middle of a change */
	pid = fork();
	if (pid == 0)
		save_and_exit(self);
	rdv_release(self);
	return pid;
}

int main(void)
{
	pthread_t threads[WORKERS];
	int status, good = 0;
	rdv_thread *self;
	pid_t pid;

	if (rdv_domain_create(&domain, NULL) ||
	    rdv_thread_register(domain, "main", &self))
		abort();
	for (int i = 0; i < WORKERS; i++)
		pthread_create(&threads[i], NULL, worker, data[i]);
	for (int i = 0; i < SNAPSHOTS; i++) {
		pid = snapshot(self);
		RDV_HARMLESS(self)
			if (pid > 0 && waitpid(pid, &status, 0) == pid && !status)
				good++;
	}
	rdv_isolate(self);
	stopping = true;
	rdv_release(self);
	rdv_thread_unregister(self);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	printf("%d snapshots\n", good);
	return good != SNAPSHOTS || rdv_domain_destroy(domain);
}
