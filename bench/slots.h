/* SPDX-License-Identifier: MIT */
/* Numbers for the threads of contenders that have an array of them. */
#ifndef BENCH_SLOTS_H
#define BENCH_SLOTS_H

#include "contender.h"

#include <pthread.h>

#define NO_SLOT (MAX_THREADS + 1)

struct slots {
	pthread_mutex_t lock;
	unsigned begun; /* numbers from here on have never been used */
	unsigned n_free;
	unsigned free[MAX_THREADS + 1];
};

#define SLOTS_INIT                                \
	{                                         \
		.lock = PTHREAD_MUTEX_INITIALIZER \
	}

void slots_reset(struct slots *s);
/* Returns a number below the limit, or NO_SLOT. */
unsigned slots_take(struct slots *s, unsigned limit);
void slots_give(struct slots *s, unsigned slot);

#endif
