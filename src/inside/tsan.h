/* SPDX-License-Identifier: MIT */
/*
 * ThreadSanitizer sees the accesses of code that was compiled with it.  If the program was
 * and the library was not, it misses the ends of edges that are in the library, and reports
 * races that there are none.  So the library tells it of these, by functions that it has
 * for that, if they are in the process.
 *
 * The other ends may be in the inline fast paths, which it sees: an exchange of state
 * releases to that word, and a load of ctl acquires from it.  So [PARK] is told about
 * state, and [OPEN] and [TOKEN] about ctl.
 *
 * A library that was compiled with it tells nothing, so that it can be checked.
 */
#ifndef RDV_TSAN_H
#define RDV_TSAN_H

#include "domain.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RDV_TSAN_SEES
#endif
#elif defined(__SANITIZE_THREAD__)
#define RDV_TSAN_SEES
#endif

#ifdef RDV_TSAN_SEES

#define rdv_tsan_acquire(address) ((void)(address))
#define rdv_tsan_release(address) ((void)(address))
static inline bool rdv_tsan(void)
{
	return false;
}

#else

void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

static inline bool rdv_tsan(void)
{
	return __tsan_acquire && __tsan_release;
}

static inline void rdv_tsan_acquire(const void *address)
{
	if (__tsan_acquire)
		__tsan_acquire((void *)(uintptr_t)address);
}

static inline void rdv_tsan_release(const void *address)
{
	if (__tsan_release)
		__tsan_release((void *)(uintptr_t)address);
}

#endif

/* The thread is isolated. */
static inline void rdv_tsan_isolated(const rdv_domain *d)
{
	const struct rdv_member *m;
	uint32_t id;

	if (!rdv_tsan())
		return;
	for (id = 0; id < d->max_threads; id++) {
		m = rdv_load_acq(&d->member[id]); /* [SLOT] */
		if (m)
			rdv_tsan_acquire(&m->self.state);
	}
	rdv_tsan_acquire(&d->ctl);
}

#endif
