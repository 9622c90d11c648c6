/* SPDX-License-Identifier: MIT */
/*
 * HAProxy's rendez-vous over librdv, under the names that HAProxy has for it.  port.sh
 * has <haproxy/thread.h> include this file where its own form was.
 *
 * HAProxy's threads are harmless in two strengths.  An idle thread is in its poller and
 * holds no reference to anything; a thread that is harmless only has stopped in the middle
 * of something.  thread_isolate() waits until the others are harmless,
 * thread_isolate_full() until they are idle.  That is two domains, one around the other:
 *
 *	ha_outer  running: the thread may hold references; harmless: it is idle
 *	ha_inner  running: the thread may touch shared data; harmless: it does not
 *
 * A thread is running in the inner domain only while it is running in the outer one; so it
 * leaves the inner one first, and enters it last.  doc/porting.md has why that is all.
 */
#ifndef _HAPROXY_THREAD_RDV_H
#define _HAPROXY_THREAD_RDV_H

#include <rdv/rdv.h>
#include <stdbool.h>

/* What others may ask about a thread.  A line for each, as the thread itself writes it. */
extern struct thread_rdv {
	int id; /* in the inner domain, and one more: 0 for who is no member */
	bool wanted;
} __attribute__((aligned(64))) thread_rdv[MAX_THREADS];

extern rdv_domain *ha_outer_domain, *ha_inner_domain;
extern THREAD_LOCAL rdv_thread *ha_outer, *ha_inner;
extern THREAD_LOCAL bool ha_idle; /* between thread_idle_now() and thread_idle_end() */

/* A thread is a member from its first line to its last one. */
void thread_rdv_join(void);
void thread_rdv_leave(void);

/* The bit of the thread in the mask that HAProxy had, from any thread and any handler. */
static inline unsigned long thread_rdv_harmless(unsigned int thr)
{
	int id = HA_ATOMIC_LOAD(&thread_rdv[thr].id);

	return id > 0 && rdv_thread_harmless(ha_inner_domain, (unsigned)id - 1)
		       ? 1UL << thr
		       : 0;
}

static inline unsigned long thread_rdv_wanted(unsigned int thr)
{
	return HA_ATOMIC_LOAD(&thread_rdv[thr].wanted) ? 1UL << thr : 0;
}

void thread_harmless_till_end(void);
void thread_isolate(void);
void thread_isolate_full(void);
void thread_release(void);
void thread_sync_release(void);
unsigned long thread_isolated(void);

/* HAProxy calls these two around the next two. */
static inline void thread_idle_now(void)
{
	ha_idle = true;
}

static inline void thread_idle_end(void)
{
	ha_idle = false;
}

static inline void thread_harmless_now(void)
{
	if (!ha_inner)
		return;
	rdv_harmless_now(ha_inner);
	if (ha_idle)
		rdv_harmless_now(ha_outer);
}

static inline void thread_harmless_end(void)
{
	if (!ha_inner)
		return;
	if (ha_idle)
		rdv_harmless_end(ha_outer);
	rdv_harmless_end(ha_inner);
}

#endif
