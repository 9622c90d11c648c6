/* SPDX-License-Identifier: MIT */
/*
 * The calls of the library, each with what it promises: the state that it leaves
 * the thread in, its results, and errno.
 */
#ifndef STRESS_CALLS_H
#define STRESS_CALLS_H

#include "crew.h"

#include <rdv/handshake.h>
#include <time.h>

void call_register(struct worker *w);
void call_unregister(struct worker *w);

void call_now(struct worker *w);
void call_end(struct worker *w);
void call_till_end(struct worker *w);
bool call_end_try(struct worker *w); /* running? */
bool call_end_until(struct worker *w, const struct timespec *deadline);
void call_checkpoint(struct worker *w);

/* One of <rdv/blocking.h>, for a moment. */
void call_blocking(struct worker *w);
void call_mutex_lock(struct worker *w);

/* Isolated?  From running, or from harmless. */
void call_isolate(struct worker *w);
bool call_isolate_try(struct worker *w);
bool call_isolate_until(struct worker *w, const struct timespec *deadline);
void call_release(struct worker *w); /* leaves the section, if it is the outermost */

/* What an isolated thread does first and last; a thread that dies isolated does
 * the latter alone. */
void section_begin(struct worker *w);
void section_end(struct worker *w);

void call_sync_want(struct worker *w);
bool call_sync_enter(struct worker *w); /* in the protected area? */
void call_sync_exit(struct worker *w, bool protected_area);

/* From running, harmless or isolated, and the same afterwards.  Over? */
void call_synchronize(struct worker *w);
bool call_synchronize_until(struct worker *w, const struct timespec *deadline);
/* Kept?  keeping_each() is for the function that rdv_for_each() calls. */
bool call_keep(struct worker *w, unsigned id);
bool call_keep_try(struct worker *w, unsigned id);
bool call_keep_until(struct worker *w, unsigned id, const struct timespec *deadline);
void call_let_go(struct worker *w);
void call_for_each(struct worker *w, void (*fn)(unsigned id, void *worker));
void keeping_each(struct worker *w, bool begins);

rdv_grace call_grace_begin(struct worker *w);
bool call_grace_over(struct worker *w, rdv_grace grace);
void call_retire(struct worker *w, struct rdv_retired *item,
		 void (*fn)(struct rdv_retired *item));
void call_retire_run(struct worker *w);

/* A deadline that has passed, is near or far, or NULL. */
const struct timespec *deadline_random(struct rng *rng, struct timespec *deadline);

/* Promises on what a thread finds. */
void check_running(const struct worker *w, const char *after);
void check_harmless(const struct worker *w, const char *after);

#endif
