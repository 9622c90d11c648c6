/* SPDX-License-Identifier: MIT */
/*
 * How much memory the calling thread has got from malloc() and not given back, as
 * malloc_usable_size() has it.  This program defines a malloc() of its own, which the
 * libraries find first, and which counts and passes on.
 */
#ifndef BENCH_ALLOC_COUNT_H
#define BENCH_ALLOC_COUNT_H

#include <stdbool.h>
#include <stddef.h>

/* May wrap: only differences mean something. */
size_t alloc_bytes(void);

/* False where libc does not let us, or a sanitizer has a malloc() already. */
bool alloc_count_works(void);

#endif
