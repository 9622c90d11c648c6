/* SPDX-License-Identifier: MIT */
/*
 * Accesses to what is only reported: statistics, names, times.  They are relaxed and
 * order nothing, and no thread of the protocol decides by them what it does.
 */
#ifndef RDV_COUNT_H
#define RDV_COUNT_H

#include <stddef.h>
#include <stdint.h>

#define rdv_peek(p)    __atomic_load_n((p), __ATOMIC_RELAXED)
#define rdv_poke(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)

/*
 * Reads a variable that is not atomic, for a report; the value may be stale.  The
 * variable belongs to its thread, or to the registry lock.  ThreadSanitizer does not see
 * the access.
 */
#define rdv_glance(p)                                               \
	(sizeof(*(p)) == 1   ? rdv_glance_8((const uint8_t *)(p))   \
	 : sizeof(*(p)) == 2 ? rdv_glance_16((const uint16_t *)(p)) \
			     : rdv_glance_32((const uint32_t *)(p)))

__attribute__((no_sanitize_thread, noinline, unused)) static uint8_t
rdv_glance_8(const uint8_t *p)
{
	return *(const volatile uint8_t *)p;
}

__attribute__((no_sanitize_thread, noinline, unused)) static uint16_t
rdv_glance_16(const uint16_t *p)
{
	return *(const volatile uint16_t *)p;
}

__attribute__((no_sanitize_thread, noinline, unused)) static uint32_t
rdv_glance_32(const uint32_t *p)
{
	return *(const volatile uint32_t *)p;
}

/* rdv_bump(): a counter with one writer at a time.  rdv_tally(): a counter with several
 * writers; returns the old value. */
#define rdv_bump(p, n)  rdv_poke(p, rdv_peek(p) + (n))
#define rdv_tally(p, n) __atomic_fetch_add((p), (n), __ATOMIC_RELAXED)

/* Copies a name that another thread may be reading. */
static inline void rdv_name_copy(char *to, const char *from, size_t size)
{
	size_t i;

	for (i = 0; i < size - 1 && from && rdv_peek(&from[i]); i++)
		rdv_poke(&to[i], rdv_peek(&from[i]));
	for (; i < size; i++)
		rdv_poke(&to[i], '\0');
}

#endif
