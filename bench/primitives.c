/* SPDX-License-Identifier: MIT */
#include "primitives.h"
#include "measure.h"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRIES 9
#define WORDS 1024

static _Alignas(128) uint32_t line[WORDS];

static void locked_loop(unsigned long n)
{
	for (; n; n--)
		__atomic_exchange_n(&line[0], 1, __ATOMIC_SEQ_CST);
}

static void word_loop(unsigned long n)
{
	uint32_t all = ~0u;

	for (unsigned long i = 0; i < n; i++)
		all &= __atomic_load_n(&line[i % WORDS], __ATOMIC_RELAXED);
	__asm__ volatile("" : : "r"(all));
}

static void syscall_loop(unsigned long n)
{
	for (; n; n--)
		syscall(SYS_futex, &line[0], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void membarrier_loop(unsigned long n)
{
	for (; n; n--)
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

/* The fastest of several tries: the others were disturbed. */
static double each_ns(void (*loop)(unsigned long), unsigned long n)
{
	double best = INFINITY;

	for (int try = 0; try < TRIES; try++) {
		uint64_t start = now_ns();

		loop(n);
		best = fmin(best, (double)(now_ns() - start) / (double)n);
	}
	return best;
}

/* Two threads take turns, on two CPUs or on one. */
struct pair {
	unsigned cpu;
	unsigned long turns;
	bool by_sleeping;
	sem_t turn[2];
	_Alignas(128) unsigned long step;
};

static void take_turns(struct pair *p, unsigned who)
{
	for (unsigned long i = who; i < 2 * p->turns; i += 2) {
		if (p->by_sleeping) {
			while (sem_wait(&p->turn[who]))
				;
			sem_post(&p->turn[!who]);
			continue;
		}
		while (__atomic_load_n(&p->step, __ATOMIC_ACQUIRE) != i)
			;
		__atomic_store_n(&p->step, i + 1, __ATOMIC_RELEASE);
	}
}

static void *second_main(void *arg)
{
	struct pair *p = arg;

	pin_to_cpu(p->cpu);
	take_turns(p, 1);
	return NULL;
}

static void *first_main(void *arg)
{
	struct pair *p = arg;

	pin_to_cpu(0);
	take_turns(p, 0);
	return NULL;
}

static double turn_ns(unsigned cpu, bool by_sleeping, unsigned long turns)
{
	double best = INFINITY;

	for (int try = 0; try < TRIES; try++) {
		struct pair p = {.cpu = cpu, .turns = turns, .by_sleeping = by_sleeping};
		pthread_t first, second;
		uint64_t start;

		sem_init(&p.turn[0], 0, 1);
		sem_init(&p.turn[1], 0, 0);
		if (pthread_create(&second, NULL, second_main, &p))
			return NAN;
		start = now_ns();
		if (pthread_create(&first, NULL, first_main, &p))
			first_main(&p);
		else
			pthread_join(first, NULL);
		pthread_join(second, NULL);
		best = fmin(best, (double)(now_ns() - start) / (2.0 * (double)turns));
	}
	return best;
}

double wake_ns(void)
{
	static double ns;

	if (!(ns > 0))
		ns = turn_ns(0, true, 5000);
	return ns;
}

struct primitives primitives_measure(void)
{
	const long registered =
		syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);

	return (struct primitives){
		.locked = each_ns(locked_loop, 200000),
		.word = each_ns(word_loop, 200000),
		.transfer = cpu_count() > 1 ? turn_ns(1, false, 20000) : NAN,
		.syscall = each_ns(syscall_loop, 20000),
		.wake = wake_ns(),
		.membarrier = registered ? NAN : each_ns(membarrier_loop, 5000),
	};
}
