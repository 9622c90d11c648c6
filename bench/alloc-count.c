/* SPDX-License-Identifier: MIT */
#include "alloc-count.h"

#ifdef HAVE_LIBC_MALLOC

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

/* glibc's own, under the names that stay when malloc() is somebody else's. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static __thread size_t bytes;

static void *got(void *block)
{
	bytes += malloc_usable_size(block);
	return block;
}

void *malloc(size_t size)
{
	return got(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
	return got(__libc_calloc(n, size));
}

void *realloc(void *block, size_t size)
{
	size_t before = malloc_usable_size(block);
	void *moved = __libc_realloc(block, size);

	/* a failure leaves the block where it is */
	if (moved || !size)
		bytes -= before;
	return got(moved);
}

void *memalign(size_t alignment, size_t size)
{
	return got(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
	void *p = memalign(alignment, size);

	if (!p)
		return ENOMEM;
	*block = p;
	return 0;
}

void free(void *block)
{
	bytes -= malloc_usable_size(block);
	__libc_free(block);
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
