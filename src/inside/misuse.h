/* SPDX-License-Identifier: MIT */
/*
 * The checks of the public functions.  The message has the name of the function.
 *
 * In every build, rdv_must_not_wait(): the thread is not in on_stall.  There it is in the
 * middle of a wait, and a second wait would undo what the first one has counted.
 *
 * With --enable-debug:
 * rdv_must_own(): the handle belongs to the caller.
 * rdv_must_be(): the thread is in the right state for the call.
 * rdv_must_be_unlocked(): the thread has no marked lock, see <rdv/debug.h>.
 */
#ifndef RDV_MISUSE_H
#define RDV_MISUSE_H

#include "domain.h"

void rdv_misuse(const char *call, const struct rdv_member *m, const char *what);

#define rdv_must_not_wait(m)                                                      \
	do {                                                                      \
		if ((m)->in_report)                                               \
			rdv_misuse(__func__, m, "is in on_stall of this domain"); \
	} while (0)

#ifdef RDV_DEBUG
void rdv_check_owner(const char *call, const struct rdv_member *m);
void rdv_check_locks(const char *call, const struct rdv_member *m);
#endif

/* Off where a handler may run between any two instructions (RDV_PERTURB): there it sees the
 * thread half-way between two states, which these checks would report. */
#if defined(RDV_DEBUG) && !defined(RDV_PERTURB)
#define rdv_must_be(condition, m, what)                \
	do {                                           \
		if (!(condition))                      \
			rdv_misuse(__func__, m, what); \
	} while (0)
#define rdv_must_own(m)         rdv_check_owner(__func__, m)
#define rdv_must_be_unlocked(m) rdv_check_locks(__func__, m)
#else
#define rdv_must_be(condition, m, what) ((void)(0 && (condition)))
#define rdv_must_own(m)                 ((void)0)
#define rdv_must_be_unlocked(m)         ((void)0)
#endif

#endif
