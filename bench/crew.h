/* SPDX-License-Identifier: MIT */
/*
 * A crew is a set of threads that have joined one contender, each with a role to play.  A
 * thread is harmless from the moment when it has joined until its role runs it.  A role
 * gives the thread back harmless.
 *
 *	const struct team teams[] = {
 *		{60, role_idle, NULL, CREW_ANY_CPU},
 *		{1, role_isolator, &result, 0},
 *	};
 *	err = crew_play(contender, teams, 2, NULL, NULL);
 *
 * The roles begin when all threads have joined and the idle ones are asleep.  When the
 * isolator has played its role, the other threads are stopped, and all are joined.
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
	bool done;         /* the role has been played */
	size_t join_bytes; /* what join() has got from malloc() */
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

void crew_wait(struct crew *crew, unsigned first, unsigned n);
void crew_stop(struct crew *crew);

/* A director for a play that ends when all members have played their roles. */
void crew_wait_all(struct crew *crew, void *unused);

bool crew_stopping(const struct crew *crew);

/* Members that are added together. */
struct team {
	unsigned n;
	role_fn *role;
	void *arg;
	int cpu;
};

/*
 * The whole play: opens a crew of these teams, in this order, starts it, and calls
 * direct().  Without a direct() it waits until the last team has played.  Returns 0 or
 * -errno.  If it returns 0, direct() was called.
 */
int crew_play(const struct contender *contender, const struct team *teams, unsigned n,
	      void (*direct)(struct crew *crew, void *arg), void *arg);

/* A role: is harmless and blocked in poll() until the crew stops. */
void role_idle(struct member *m);

/*
 * A role: computes with a checkpoint every microsecond, and counts its steps as progress.
 */
void role_compute(struct member *m);

/* Context switches of n members so far.  A sched_yield() is not a voluntary one. */
uint64_t crew_switches(const struct crew *crew, unsigned first, unsigned n);
uint64_t crew_voluntary_switches(const struct crew *crew, unsigned first, unsigned n);

/* Sums of n members so far. */
struct syscall_counts crew_syscalls(const struct crew *crew, unsigned first, unsigned n);
uint64_t crew_progress(const struct crew *crew, unsigned first, unsigned n);

/* Counts one step of progress.  The member itself calls it. */
static inline void member_progress(struct member *m)
{
	__atomic_store_n(&m->progress, m->progress + 1, __ATOMIC_RELAXED);
}

#endif
