/* SPDX-License-Identifier: MIT */
/* Operations at a rate, each of them timed, out of a random order that can be repeated. */
#define _GNU_SOURCE
#include "driver.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { MAX_OPS = 4000000 };

static uint64_t seed;

void seed_with(uint64_t first)
{
	seed = first;
}

unsigned below(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((seed >> 33) % n);
}

static void pause_until(int64_t when)
{
	struct timespec ts = {when / 1000000000, when % 1000000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void paced(double seconds, double rate, void (*operate)(void))
{
	int64_t begun = now_ns(), end = begun + (int64_t)(seconds * 1e9), at = begun;
	uint32_t *us = calloc(MAX_OPS, sizeof(*us));
	uint64_t first;
	unsigned n = 0;

	if (getenv("SEED"))
		seed = strtoull(getenv("SEED"), NULL, 0);
	else if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		die("no random number");
	first = seed;
	if (!us)
		die("out of memory");
	for (; now_ns() < end && n < MAX_OPS; n++) {
		if (rate > 0) {
			at += (int64_t)(1e9 / rate);
			pause_until(at < end ? at : end);
			if (at >= end)
				break;
		}
		alarm(HUNG_S);
		int64_t asked = now_ns();
		operate();
		us[n] = (uint32_t)((now_ns() - asked) / 1000);
	}
	qsort(us, n, sizeof(*us), compare);
	printf("%u operations, p50 %u us, p99 %u us, seed 0x%llx\n", n, n ? us[n / 2] : 0,
	       n ? us[n - 1 - n / 100] : 0, (unsigned long long)first);
	free(us);
}
