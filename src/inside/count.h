/* SPDX-License-Identifier: MIT */
/*
 * Accesses for what is only told, never acted upon: statistics, names, since when.
 * Relaxed, and no part of the protocol: nothing is ordered by them, and no thread
 * decides by them what it does next, but for when to look at a clock.
 */
#ifndef RDV_COUNT_H
#define RDV_COUNT_H

#include <stddef.h>
#include <stdint.h>

#define rdv_peek(p)    __atomic_load_n((p), __ATOMIC_RELAXED)
#define rdv_poke(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)

/*
 * Of what its owner, or the registry lock, keeps to itself: for those who only look, and
 * may see what was so a moment ago.  ThreadSanitizer is not told of it.
 */
#define rdv_glance(p)                                           \
	(sizeof(*(p)) == 1 ? rdv_glance_8((const uint8_t *)(p)) \
			   : rdv_glance_32((const uint32_t *)(p)))

__attribute__((no_sanitize_thread, noinline, unused)) static uint8_t
rdv_glance_8(const uint8_t *p)
{
	return *(const volatile uint8_t *)p;
}

__attribute__((no_sanitize_thread, noinline, unused)) static uint32_t
rdv_glance_32(const uint32_t *p)
{
	return *(const volatile uint32_t *)p;
}

/* A counter with one writer at a time, and one with several; it returns what was. */
#define rdv_bump(p, n)  rdv_poke(p, rdv_peek(p) + (n))
#define rdv_tally(p, n) __atomic_fetch_add((p), (n), __ATOMIC_RELAXED)

/* What is stored after that is not seen before it: with rdv_publish() a sequence lock. */
#define rdv_count_begin(p, v)                            \
	do {                                             \
		rdv_poke(p, v);                          \
		__atomic_thread_fence(__ATOMIC_RELEASE); \
	} while (0)

/* A pointer to what was written before, for readers that take no lock. */
#define rdv_publish(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define rdv_published(p)  __atomic_load_n((p), __ATOMIC_ACQUIRE)

/* Names, which somebody may read meanwhile. */
static inline void rdv_name_copy(char *to, const char *from, size_t size)
{
	size_t i;

	for (i = 0; i < size - 1 && from && rdv_peek(&from[i]); i++)
		rdv_poke(&to[i], rdv_peek(&from[i]));
	for (; i < size; i++)
		rdv_poke(&to[i], '\0');
}

#endif
