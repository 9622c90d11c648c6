/* SPDX-License-Identifier: MIT */
/* Clocks, calibrated work, CPUs, and statistics of several samples. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

uint64_t now_ns(void);         /* CLOCK_MONOTONIC */
uint64_t process_cpu_ns(void); /* all threads of this process */
void sleep_ns(uint64_t ns);

/* CPUs that this process may use, and the n-th of them, wrapping. */
bool cpu_usable(unsigned cpu);
unsigned cpu_count(void);
void pin_to_cpu(unsigned n);

/* Call it once, before anything else of this file is used. */
void measure_init(void);

double clock_cost_ns(void); /* of one now_ns() */
void work(unsigned long turns);
unsigned long work_turns(double ns); /* turns of work() that take so long */

struct summary {
	unsigned n;
	double median, q1, q3, min, max;
	double cv; /* coefficient of variation: standard deviation / mean */
};

/*
 * The interval that holds the median with 95 % confidence; its ends are NAN without
 * values.
 */
struct interval {
	double low, high;
};

#define MAX_BOOTSTRAP 128

/* Computed by the bootstrap, always with the same random numbers; n <= MAX_BOOTSTRAP. */
struct interval median_interval(const double *value, unsigned n);

/* Sorts value[]. */
struct summary summarize(double *value, unsigned n);

/* A quantile of sorted values, with linear interpolation; n > 0. */
double quantile(const double *sorted, unsigned n, double q);

#define N_QUANTILES 13
extern const double quantile_at[N_QUANTILES]; /* 0 is the least, 1 the greatest */

/* The quantiles quantile_at[] of value[].  It sorts value[].  n > 0. */
void quantiles(double *value, unsigned n, double *out);

#endif
