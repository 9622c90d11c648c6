/* SPDX-License-Identifier: MIT */
#include "alloc-count.h"

#if defined(HAVE_LIBC_MALLOC) || defined(BENCH_STATIC)

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

/*
 * The C library's own functions.  glibc has these other names for them.  In a static
 * program the linker's --wrap gives them such names.
 */
#ifdef BENCH_STATIC
#define OWN(name)      __real_##name
#define COUNTING(name) __wrap_##name
#else
#define OWN(name)      __libc_##name
#define COUNTING(name) name
#endif

extern void *OWN(malloc)(size_t size);
extern void *OWN(calloc)(size_t n, size_t size);
extern void *OWN(realloc)(void *block, size_t size);
extern void *OWN(memalign)(size_t alignment, size_t size);
extern void OWN(free)(void *block);

void *COUNTING(malloc)(size_t size);
void *COUNTING(calloc)(size_t n, size_t size);
void *COUNTING(realloc)(void *block, size_t size);
void *COUNTING(memalign)(size_t alignment, size_t size);
void *COUNTING(aligned_alloc)(size_t alignment, size_t size);
int COUNTING(posix_memalign)(void **block, size_t alignment, size_t size);
void COUNTING(free)(void *block);

static __thread size_t bytes;

static void *got(void *block)
{
	bytes += malloc_usable_size(block);
	return block;
}

void *COUNTING(malloc)(size_t size)
{
	return got(OWN(malloc)(size));
}

void *COUNTING(calloc)(size_t n, size_t size)
{
	return got(OWN(calloc)(n, size));
}

void *COUNTING(realloc)(void *block, size_t size)
{
	size_t before = malloc_usable_size(block);
	void *moved = OWN(realloc)(block, size);

	/* a failure leaves the block where it is */
	if (moved || !size)
		bytes -= before;
	return got(moved);
}

void *COUNTING(memalign)(size_t alignment, size_t size)
{
	return got(OWN(memalign)(alignment, size));
}

void *COUNTING(aligned_alloc)(size_t alignment, size_t size)
{
	return COUNTING(memalign)(alignment, size);
}

int COUNTING(posix_memalign)(void **block, size_t alignment, size_t size)
{
	void *p = COUNTING(memalign)(alignment, size);

	if (!p)
		return ENOMEM;
	*block = p;
	return 0;
}

void COUNTING(free)(void *block)
{
	bytes -= malloc_usable_size(block);
	OWN(free)(block);
}

size_t alloc_bytes(void)
{
	return bytes;
}

bool alloc_count_works(void)
{
	return true;
}

#else

size_t alloc_bytes(void)
{
	return 0;
}

bool alloc_count_works(void)
{
	return false;
}

#endif
