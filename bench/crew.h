/* SPDX-License-Identifier: MIT */
/*
 * A crew: threads that have joined one contender, each with a role to play.  They
 * are harmless from the moment they have joined until their role runs them, and a
 * role gives them back harmless.
 *
 *	crew_open(&crew, contender, 1 + 60);
 *	crew_add(&crew, 60, role_idle, NULL, NULL);
 *	crew_add(&crew, 1, role_isolator, &result, &pin);
 *	crew_start(&crew);         // all have joined, the idle are asleep: go
 *	crew_wait(&crew, 60, 1);   // the isolator has played its role
 *	crew_close(&crew);         // stops the others, joins all
 */
#ifndef BENCH_CREW_H
#define BENCH_CREW_H

#include "contender.h"
#include "syscall-count.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/types.h>

struct crew;
struct member;

typedef void role_fn(struct member *m);

#define CREW_ANY_CPU  -1
#define CREW_EACH_CPU -2 /* the n-th of those added goes to the n-th CPU, wrapping */

struct member {
	struct crew *crew;
	const struct contender *contender;
	void *self; /* the contender's handle */
	role_fn *role;
	void *arg;
	unsigned index; /* among those added together */
	int cpu;
	bool done; /* the role has been played */
	pid_t tid;
	pthread_t thread;
	const struct syscall_counts *syscalls;
	_Alignas(128) uint64_t progress; /* for the role to count in */
};

struct crew {
	const struct contender *contender;
	struct member *members;
	unsigned size, capacity;
	int start_fd, stop_fd; /* eventfds: readable once it is so */
	sem_t ready, over;
	bool stop;
	bool failed; /* a member could not join */
};

int crew_open(struct crew *crew, const struct contender *contender, unsigned capacity);
int crew_add(struct crew *crew, unsigned n, role_fn *role, void *arg, int cpu);
int crew_start(struct crew *crew);
void crew_wait(struct crew *crew, unsigned first, unsigned n);
void crew_stop(struct crew *crew);
void crew_close(struct crew *crew);

bool crew_stopping(const struct crew *crew);

/* A role: blocked in poll() until the crew stops, harmless all the while. */
void role_idle(struct member *m);

/* Context switches of n members so far; a sched_yield() is not a voluntary one. */
uint64_t crew_switches(const struct crew *crew, unsigned first, unsigned n);
uint64_t crew_voluntary_switches(const struct crew *crew, unsigned first, unsigned n);

/* Sums of n members so far. */
struct syscall_counts crew_syscalls(const struct crew *crew, unsigned first, unsigned n);
uint64_t crew_progress(const struct crew *crew, unsigned first, unsigned n);

/* One step of progress, by the member itself. */
static inline void member_progress(struct member *m)
{
	__atomic_store_n(&m->progress, m->progress + 1, __ATOMIC_RELAXED);
}

#endif
