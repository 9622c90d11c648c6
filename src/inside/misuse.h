/* SPDX-License-Identifier: MIT */
/*
 * The checks of the public functions.  The message has the name of the function.
 *
 * In every build, rdv_must_not_wait(): the thread is not in on_stall.  There it is in the
 * middle of a wait, and a second wait would undo what the first one has counted.
 *
 * In every build, in fork.c: the thread is not inside of a call that has a lock.
 *
 * With --enable-debug:
 * rdv_must_own(): the handle belongs to the caller.
 * rdv_must_be(): the thread is in the right state for the call.
 * rdv_must_be_unlocked(): the thread has no marked lock, see <rdv/debug.h>.
 */
#ifndef RDV_MISUSE_H
#define RDV_MISUSE_H

#include "domain.h"

enum rdv_wrong {
	RDV_NOT_HARMLESS,
	RDV_NOT_ISOLATED,
	RDV_IS_ISOLATED,
	RDV_NOT_ENTERED,
	RDV_HOLDS_LOCK,
	RDV_OTHER_THREAD,
	RDV_GONE,
	RDV_IN_REPORT,
	RDV_RETIRED_TWICE,
	RDV_NOT_RUNNING,
	RDV_KEEPS_ONE,
	RDV_KEEPS_NOBODY,
	RDV_IN_FOR_EACH,
	/* these say nothing about a thread */
	RDV_LEFT_IN_REPORT,
	RDV_DROPS_NOTHING,
	RDV_FORKS_IN_CALL,
};

/* m is the thread, or NULL if the message says nothing about it. */
void rdv_misuse(const char *call, const struct rdv_member *m, enum rdv_wrong wrong);

#define rdv_must_not_wait(m)                                    \
	do {                                                    \
		if ((m)->in_report)                             \
			rdv_misuse(__func__, m, RDV_IN_REPORT); \
	} while (0)

#ifdef RDV_DEBUG
void rdv_check_owner(const char *call, const struct rdv_member *m);
void rdv_check_locks(const char *call, const struct rdv_member *m);
#endif

/* Off where a handler may run between any two instructions (RDV_PERTURB): there it sees the
 * thread half-way between two states, which these checks would report. */
#if defined(RDV_DEBUG) && !defined(RDV_PERTURB)
#define rdv_must_be(condition, m, wrong)                \
	do {                                            \
		if (!(condition))                       \
			rdv_misuse(__func__, m, wrong); \
	} while (0)
#define rdv_must_own(m)         rdv_check_owner(__func__, m)
#define rdv_must_be_unlocked(m) rdv_check_locks(__func__, m)
#else
#define rdv_must_be(condition, m, wrong) ((void)(0 && (condition)))
#define rdv_must_own(m)                  ((void)0)
#define rdv_must_be_unlocked(m)          ((void)0)
#endif

#endif
