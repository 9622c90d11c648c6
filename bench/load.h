/* SPDX-License-Identifier: MIT */
/* --load: processes that do nothing but compute, so that a busy machine is no accident. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdint.h>

#define MAX_LOAD 1024

int load_start(unsigned n); /* 0 or -errno, and then none is left */
void load_stop(void);
uint64_t load_cpu_ns(void); /* CPU time that they have used */

#endif
