/* SPDX-License-Identifier: MIT */
/*
 * --load: processes that do nothing but compute.  They make a busy machine a condition.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdint.h>

#define MAX_LOAD 1024

int load_start(unsigned n); /* Returns 0, or -errno, and then no process is left. */
void load_stop(void);
uint64_t load_cpu_ns(void); /* CPU time that these processes have used. */

#endif
