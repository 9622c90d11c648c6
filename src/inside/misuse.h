/* SPDX-License-Identifier: MIT */
/*
 * What --enable-debug looks for.  rdv_must_be() is for what the thread must be
 * for the call, rdv_must_own() for whose the handle is.
 */
#ifndef RDV_MISUSE_H
#define RDV_MISUSE_H

#include "domain.h"

#ifdef RDV_DEBUG
void rdv_misuse(const char *call, const struct rdv_member *m, const char *what);
void rdv_check_owner(const char *call, const struct rdv_member *m);
void rdv_check_locks(const char *call, const struct rdv_member *m);
#endif

/* Not where handlers come between any two instructions: one that interrupts a thread on its
 * way in or out cannot know that yet, or any more, it is what it takes it for. */
#if defined(RDV_DEBUG) && !defined(RDV_PERTURB)
#define rdv_must_be(condition, call, m, what)      \
	do {                                       \
		if (!(condition))                  \
			rdv_misuse(call, m, what); \
	} while (0)
#define rdv_must_own(call, m)           rdv_check_owner(call, m)
#define rdv_must_have_no_locks(call, m) rdv_check_locks(call, m)
#else
#define rdv_must_be(condition, call, m, what) ((void)0)
#define rdv_must_own(call, m)                 ((void)0)
#define rdv_must_have_no_locks(call, m)       ((void)0)
#endif

#endif
