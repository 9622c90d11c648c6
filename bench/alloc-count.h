/* SPDX-License-Identifier: MIT */
/*
 * Counts the memory that the calling thread has got from malloc() and not given back, by
 * malloc_usable_size().  This program defines a malloc() of its own, which counts and
 * passes the call on.  The libraries find it before the C library's.
 */
#ifndef BENCH_ALLOC_COUNT_H
#define BENCH_ALLOC_COUNT_H

#include <stdbool.h>
#include <stddef.h>

/* May wrap: only differences mean something. */
size_t alloc_bytes(void);

/* False if libc does not allow it, or if a sanitizer has a malloc() already. */
bool alloc_count_works(void);

#endif
