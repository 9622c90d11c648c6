/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

static double turns_per_ns;
static double clock_cost;
static cpu_set_t cpus;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t process_cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void sleep_ns(uint64_t ns)
{
	struct timespec ts = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
}

bool cpu_usable(unsigned cpu)
{
	return cpu < CPU_SETSIZE && CPU_ISSET(cpu, &cpus);
}

unsigned cpu_count(void)
{
	return (unsigned)CPU_COUNT(&cpus);
}

void pin_to_cpu(unsigned n)
{
	cpu_set_t one;

	n %= cpu_count();
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!cpu_usable(cpu) || n--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
		return;
	}
}

void work(unsigned long turns)
{
	for (; turns; turns--)
		__asm__ volatile("" : "+r"(turns));
}

unsigned long work_turns(double ns)
{
	return ns > 0 ? (unsigned long)(ns * turns_per_ns) : 0;
}

double clock_cost_ns(void)
{
	return clock_cost;
}

/* The fastest of several tries: the others were disturbed. */
static void calibrate(void)
{
	const unsigned long turns = 500000, readings = 5000;
	double best_work = INFINITY, best_clock = INFINITY;

	for (int try = 0; try < 15; try++) {
		uint64_t start = now_ns(), middle, end;

		work(turns);
		middle = now_ns();
		for (unsigned long i = 0; i < readings; i++)
			now_ns();
		end = now_ns();
		best_work = fmin(best_work, (double)(middle - start));
		best_clock = fmin(best_clock, (double)(end - middle));
	}
	turns_per_ns = (double)turns / best_work;
	clock_cost = best_clock / (double)readings;
}

void measure_init(void)
{
	CPU_ZERO(&cpus);
	if (sched_getaffinity(0, sizeof(cpus), &cpus) || !CPU_COUNT(&cpus))
		CPU_SET(0, &cpus);
	calibrate();
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* With linear interpolation between the neighbours. */
double quantile(const double *sorted, unsigned n, double q)
{
	double at = q * (n - 1);
	unsigned low = (unsigned)at;

	if (low + 1 >= n)
		return sorted[n - 1];
	return sorted[low] + (at - low) * (sorted[low + 1] - sorted[low]);
}

/* xorshift */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

#define RESAMPLES 1000

struct interval median_interval(const double *value, unsigned n)
{
	double median[RESAMPLES], sample[MAX_BOOTSTRAP];
	uint32_t random = 2463534242u;

	if (!n)
		return (struct interval){NAN, NAN};
	for (unsigned i = 0; i < RESAMPLES; i++) {
		for (unsigned k = 0; k < n; k++)
			sample[k] = value[next_random(&random) % n];
		qsort(sample, n, sizeof(*sample), by_value);
		median[i] = quantile(sample, n, 0.5);
	}
	qsort(median, RESAMPLES, sizeof(*median), by_value);
	return (struct interval){
		.low = quantile(median, RESAMPLES, 0.025),
		.high = quantile(median, RESAMPLES, 0.975),
	};
}

const double quantile_at[N_QUANTILES] = {
	0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.999, 1,
};

void quantiles(double *value, unsigned n, double *out)
{
	qsort(value, n, sizeof(*value), by_value);
	for (unsigned i = 0; i < N_QUANTILES; i++)
		out[i] = quantile(value, n, quantile_at[i]);
}

struct summary summarize(double *value, unsigned n)
{
	struct summary s = {.n = n};
	double mean = 0, square = 0;

	if (!n) {
		s.median = s.q1 = s.q3 = s.min = s.max = s.cv = NAN;
		return s;
	}
	qsort(value, n, sizeof(*value), by_value);
	for (unsigned i = 0; i < n; i++)
		mean += value[i] / n;
	for (unsigned i = 0; i < n; i++)
		square += (value[i] - mean) * (value[i] - mean);
	s.median = quantile(value, n, 0.5);
	s.q1 = quantile(value, n, 0.25);
	s.q3 = quantile(value, n, 0.75);
	s.min = value[0];
	s.max = value[n - 1];
	s.cv = n > 1 && mean > 0 ? sqrt(square / (n - 1)) / mean : 0;
	return s;
}
